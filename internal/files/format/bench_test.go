package format_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/rowfile"
	"github.com/tablehaul/tablehaul/internal/table"
)

// order is a row of an ordinary table, of about 150 bytes.
type order struct {
	ID         uint64    `json:"id" parquet:"id"`
	CustomerID int32     `json:"customer_id" parquet:"customer_id"`
	Status     string    `json:"status" parquet:"status,dict"`
	Total      int64     `json:"total" parquet:"total,decimal(2:12)"`
	Note       *string   `json:"note" parquet:"note,optional"`
	Email      string    `json:"email" parquet:"email"`
	Weight     float64   `json:"weight" parquet:"weight"`
	Token      []byte    `json:"token" parquet:"token"`
	CreatedAt  time.Time `json:"created_at" parquet:"created_at,timestamp(microsecond:local)"`
	UpdatedAt  time.Time `json:"updated_at" parquet:"updated_at,timestamp(microsecond)"`
}

var orderColumns = []table.Column{
	{Name: "id", Type: "bigint unsigned", Kind: table.KindUint, Bits: 64},
	{Name: "customer_id", Type: "int", Kind: table.KindInt, Bits: 32},
	{
		Name: "status", Type: "enum('new','paid','sent')", Kind: table.KindEnum, Charset: "utf8mb4",
		Members: []string{"new", "paid", "sent"},
	},
	{Name: "total", Type: "decimal(12,2)", Kind: table.KindDecimal, Precision: 12, Scale: 2},
	{Name: "note", Type: "varchar(200)", Kind: table.KindString, Length: 200, Charset: "utf8mb4", Nullable: true},
	{Name: "email", Type: "varchar(100)", Kind: table.KindString, Length: 100, Charset: "utf8mb4"},
	{Name: "weight", Type: "double", Kind: table.KindDouble},
	{Name: "token", Type: "binary(16)", Kind: table.KindBytes, Length: 16},
	{Name: "created_at", Type: "datetime", Kind: table.KindDateTime},
	{Name: "updated_at", Type: "timestamp(6)", Kind: table.KindTimestamp, Precision: 6},
}

func orders(n int) []order {
	out := make([]order, n)
	for i := range out {
		out[i] = order{
			ID: uint64(1_000_000 + i), CustomerID: int32(i * 7919 % 100_000),
			Status: []string{"new", "paid", "sent"}[i%3],
			Total:  int64(i*31%9999*100 + i%100), Email: fmt.Sprintf("customer.%d@example.org", i*7919%100_000),
			Weight: float64(i*17%1000) / 8, Token: fmt.Appendf(nil, "%016x", uint64(i)*0x9e3779b97f4a7c15),
			CreatedAt: time.Date(2024, time.Month(i%12+1), i%28+1, i%24, i%60, i*7%60, 0, time.UTC),
			UpdatedAt: time.Date(2026, time.Month(i%12+1), i%28+1, i%24, i%60, i*7%60, i*7919%1_000_000*1000, time.UTC),
		}
		if i%4 != 0 {
			note := fmt.Sprintf("please leave at door number %d, thank you", i*131%977)
			out[i].Note = &note
		}
	}
	return out
}

const benchRows = 50_000

func ordersParquet(b testing.TB, rows []order) []byte {
	var buf bytes.Buffer
	w := parquet.NewGenericWriter[order](&buf, parquet.Compression(&parquet.Snappy))
	_, err := w.Write(rows)
	require.NoError(b, err)
	require.NoError(b, w.Close())
	return buf.Bytes()
}

func (o *order) texts() []string {
	note := "NULL"
	if o.Note != nil {
		note = *o.Note
	}
	return []string{
		fmt.Sprint(o.ID), fmt.Sprint(o.CustomerID), o.Status, fmt.Sprintf("%d.%02d", o.Total/100, o.Total%100), note,
		o.Email, fmt.Sprintf("%g", o.Weight), string(o.Token), o.CreatedAt.Format("2006-01-02 15:04:05"),
		o.UpdatedAt.Format("2006-01-02T15:04:05.000000Z"),
	}
}

func ordersCSV(rows []order, delimiter string) []byte {
	var buf bytes.Buffer
	for i, c := range orderColumns {
		if i > 0 {
			buf.WriteString(delimiter)
		}
		buf.WriteString(c.Name)
	}
	buf.WriteByte('\n')
	for i := range rows {
		for f, text := range rows[i].texts() {
			if f > 0 {
				buf.WriteString(delimiter)
			}
			if delimiter == "," && f == 4 && text != "NULL" { // it has a comma
				text = `"` + text + `"`
			}
			buf.WriteString(text)
		}
		buf.WriteByte('\n')
	}
	return buf.Bytes()
}

func ordersJSON(b testing.TB, rows []order) []byte {
	var buf bytes.Buffer
	for i := range rows {
		texts := rows[i].texts()
		fields := make([]string, len(texts))
		for f, text := range texts {
			quoted, err := json.Marshal(text)
			require.NoError(b, err)
			if fields[f] = string(quoted); f < 2 || f == 3 || f == 6 {
				fields[f] = text
			}
			if text == "NULL" {
				fields[f] = "null"
			}
		}
		buf.WriteByte('{')
		for f, text := range fields {
			if f > 0 {
				buf.WriteByte(',')
			}
			fmt.Fprintf(&buf, "%q:%s", orderColumns[f].Name, text)
		}
		buf.WriteString("}\n")
	}
	return buf.Bytes()
}

// BenchmarkRead compares files of others with our own staged ones: rows a second of one core.
func BenchmarkRead(b *testing.B) {
	rows := orders(benchRows)
	o := format.Options{Bytes: format.BytesRaw, Zone: format.ZoneUTC, Text: format.Text{Nulls: []string{"NULL"}}}
	for _, c := range []struct {
		name string
		file []byte
	}{
		{"orders.parquet", ordersParquet(b, rows)},
		{"orders.jsonl", ordersJSON(b, rows)},
		{"orders.csv", ordersCSV(rows, ",")},
		{"orders.tsv", ordersCSV(rows, "\t")},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.file)))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n += drain(b, inMemory(c.file), c.name, o, orderColumns)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
	b.Run("ours", func(b *testing.B) { benchOurs(b, inMemory(ordersParquet(b, rows)), o) })
}

func drain(b testing.TB, f format.File, name string, o format.Options, cols []table.Column) int {
	r, err := format.Open(b.Context(), f, name, o, cols, format.Position{})
	require.NoError(b, err)
	n := 0
	for {
		rows, bad, err := r.Next(b.Context(), 10_000)
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil || len(bad) > 0 {
			b.Fatal(err, bad)
		}
		n += rows.Len()
		rows.Return()
	}
}

// benchOurs reads the same rows from a file that rowfile has written.
func benchOurs(b *testing.B, f format.File, o format.Options) {
	var buf bytes.Buffer
	w, err := rowfile.NewWriter(&buf, orderColumns, rowfile.WriterOptions{Compression: "snappy"})
	require.NoError(b, err)
	r, err := format.Open(b.Context(), f, "orders.parquet", o, orderColumns, format.Position{})
	require.NoError(b, err)
	for {
		rows, _, err := r.Next(b.Context(), 10_000)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(b, err)
		require.NoError(b, w.Write(rows))
	}
	sum, err := w.Close()
	require.NoError(b, err)
	file := buf.Bytes()
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, c := range sum.Chunks {
			got, err := rowfile.ReadChunk(file[sum.Footer.Offset:sum.Footer.Offset+sum.Footer.Size], sum.Footer.Offset,
				file[c.Offset:c.Offset+c.Size], c, orderColumns)
			if err != nil {
				b.Fatal(err)
			}
			n += got.Len()
			got.Return()
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}
