package activities

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/staging/file"
	"github.com/tablehaul/tablehaul/internal/table"
)

// BenchmarkPartWriter is what an extract does with its pages: Parquet, hashes, a file.
func BenchmarkPartWriter(b *testing.B) {
	columns := []table.Column{
		{Name: "id", Type: "bigint unsigned", Kind: table.KindUint, Bits: 64},
		{Name: "customer", Type: "varchar(60)", Kind: table.KindString},
		{Name: "amount", Type: "decimal(12,2)", Kind: table.KindDecimal, Precision: 12, Scale: 2},
		{Name: "note", Type: "varchar(200)", Kind: table.KindString, Nullable: true},
		{Name: "updated_at", Type: "timestamp(6)", Kind: table.KindTimestamp, Precision: 6},
	}
	page := table.NewRows(len(columns))
	const pageRows, pages = 10_000, 10
	for i := range pageRows {
		page.Append(fmt.Appendf(nil, "%d", i))
		page.Append(fmt.Appendf(nil, "customer %d of the %d", i*7919%9973, i*31%1000))
		page.Append(fmt.Appendf(nil, "%d.%02d", i*31%9999, i%100))
		page.Append(fmt.Appendf(nil, "%d times, ring twice — größte Sorgfalt", i*131%977))
		page.Append(fmt.Appendf(nil, "2026-01-01 00:00:%02d.%06d", i%60, i))
	}
	store, err := file.Open(b.TempDir())
	require.NoError(b, err)
	r := &openedRange{
		in: RangeInput{Table: "shop.orders", Run: "bench"}, name: table.Name{Schema: "shop", Table: "orders"},
		plan: stagedPlan{
			Columns: columns, Settings: Settings{ChunkRows: 10_000, ChunkBytes: 16 << 20, PartBytes: 256 << 20},
		},
	}
	b.SetBytes(int64(pages * page.Bytes()))
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		w := newPartWriter(store, r, "bench")
		for range pages {
			if err := w.write(b.Context(), page); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.close(); err != nil {
			b.Fatal(err)
		}
		rows += int(w.parts[0].Rows)
	}
	require.Equal(b, pageRows*pages*b.N, rows)
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
