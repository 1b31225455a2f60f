package scan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/mute"
)

// BenchmarkReadPages is what reading costs after the driver: values into pages, page after page.
func BenchmarkReadPages(b *testing.B) {
	const n = 100_000
	m := mute.New(n, false)
	db := m.DB()
	defer db.DB.Close() //nolint:errcheck // nothing is open
	spec := scan.ReadSpec{
		Table: mute.Orders, Columns: mute.Orders.Values(), ByKey: true, Limits: scan.PageLimits{Rows: 10_000},
	}
	b.ReportAllocs()
	done := 0
	for b.Loop() {
		m.Rewind()
		stats, err := scan.ReadPages(b.Context(), db, spec, func(*table.Rows) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
		done += int(stats.Rows)
		b.SetBytes(stats.Bytes)
	}
	require.Equal(b, n*b.N, done)
	b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "rows/s")
}
