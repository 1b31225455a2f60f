package rowfile_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/rowfile"
	"github.com/tablehaul/tablehaul/internal/table"
)

// orderColumns is an ordinary table of about 150 bytes a row, with every common type.
var orderColumns = []table.Column{
	{Name: "id", Type: "bigint unsigned", Kind: table.KindUint, Bits: 64},
	{Name: "customer_id", Type: "int", Kind: table.KindInt, Bits: 32},
	{Name: "status", Type: "enum('new','paid','sent')", Kind: table.KindEnum},
	{Name: "total", Type: "decimal(12,2)", Kind: table.KindDecimal, Precision: 12, Scale: 2},
	{Name: "note", Type: "varchar(200)", Kind: table.KindString, Nullable: true},
	{Name: "email", Type: "varchar(100)", Kind: table.KindString},
	{Name: "weight", Type: "double", Kind: table.KindDouble, Nullable: true},
	{Name: "token", Type: "binary(16)", Kind: table.KindBytes},
	{Name: "created_at", Type: "datetime", Kind: table.KindDateTime},
	{Name: "updated_at", Type: "timestamp(6)", Kind: table.KindTimestamp, Precision: 6},
}

func orders(n int) *table.Rows {
	rows := table.NewRows(len(orderColumns))
	for i := range n {
		rows.Append(fmt.Appendf(nil, "%d", 1_000_000+i))
		rows.Append(fmt.Appendf(nil, "%d", i*7919%100_000))
		rows.Append([]byte([]string{"new", "paid", "sent"}[i%3]))
		rows.Append(fmt.Appendf(nil, "%d.%02d", i*31%9999, i%100))
		if i%4 == 0 {
			rows.AppendNull()
		} else {
			rows.Append(fmt.Appendf(nil, "please leave at door number %d, thank you", i*131%977))
		}
		rows.Append(fmt.Appendf(nil, "customer.%d@example.org", i*7919%100_000))
		rows.Append(fmt.Appendf(nil, "%g", float64(i*17%1000)/8))
		rows.Append(fmt.Appendf(nil, "%016x", uint64(i)*0x9e3779b97f4a7c15))
		rows.Append(fmt.Appendf(nil, "2024-%02d-%02d %02d:%02d:%02d", i%12+1, i%28+1, i%24, i%60, i*7%60))
		rows.Append(fmt.Appendf(nil, "2026-%02d-%02d %02d:%02d:%02d.%06d", i%12+1, i%28+1, i%24, i%60, i*7%60,
			i*7919%1_000_000))
	}
	return rows
}

func BenchmarkWrite(b *testing.B) {
	rows := orders(10_000)
	for _, compression := range rowfile.Compressions() {
		b.Run(compression, func(b *testing.B) {
			w, err := rowfile.NewWriter(io.Discard, orderColumns, rowfile.WriterOptions{Compression: compression})
			require.NoError(b, err)
			b.SetBytes(int64(rows.Bytes()))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if w.Chunks() == 1000 { // as long as a part is
					w, err = rowfile.NewWriter(io.Discard, orderColumns,
						rowfile.WriterOptions{Compression: compression})
					require.NoError(b, err)
				}
				if err := w.Write(rows); err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.ReportMetric(float64(n*rows.Len())/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkReadChunk(b *testing.B) {
	rows := orders(10_000)
	for _, compression := range rowfile.Compressions() {
		b.Run(compression, func(b *testing.B) {
			file, sum := write(b, orderColumns, rows, rowfile.WriterOptions{Compression: compression})
			require.Len(b, sum.Chunks, 1)
			b.SetBytes(int64(rows.Bytes()))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				c := sum.Chunks[0]
				got, err := rowfile.ReadChunk(span(file, sum.Footer), sum.Footer.Offset, span(file, c.Span), c,
					orderColumns)
				if err != nil {
					b.Fatal(err)
				}
				n += got.Len()
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
