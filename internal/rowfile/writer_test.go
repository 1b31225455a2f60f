package rowfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/rowfile"
	"github.com/tablehaul/tablehaul/internal/table"
)

var textColumn = []table.Column{{Name: "t", Type: "longtext", Kind: table.KindString, Nullable: true}}

func TestChunksEndAtTheirLimits(t *testing.T) {
	for name, c := range map[string]struct {
		sizes  []int
		rows   int
		bytes  int64
		chunks []int64
	}{
		"no rows":                        {},
		"exactly one chunk":              {sizes: []int{1, 1, 1}, rows: 3, chunks: []int64{3}},
		"one row more":                   {sizes: []int{1, 1, 1, 1}, rows: 3, chunks: []int64{3, 1}},
		"one row each":                   {sizes: []int{1, 1}, rows: 1, chunks: []int64{1, 1}},
		"bytes, exactly":                 {sizes: []int{5, 5, 5, 5}, bytes: 10, chunks: []int64{2, 2}},
		"bytes, one more":                {sizes: []int{5, 6, 5, 5}, bytes: 10, chunks: []int64{1, 1, 2}},
		"a row larger than the limit":    {sizes: []int{50}, bytes: 10, chunks: []int64{1}},
		"large rows between small ones":  {sizes: []int{1, 50, 1, 50, 50}, bytes: 10, chunks: []int64{1, 1, 1, 1, 1}},
		"rows first, then bytes":         {sizes: []int{1, 1, 9, 2}, rows: 2, bytes: 10, chunks: []int64{2, 1, 1}},
		"NULLs and empty count as none":  {sizes: []int{-1, 0, 10, -1, 1}, bytes: 10, chunks: []int64{4, 1}},
		"more than a block of rows":      {sizes: make([]int, 1300), rows: 1000, chunks: []int64{1000, 300}},
		"the defaults hold 10,000 rows":  {sizes: make([]int, 10_001), chunks: []int64{10_000, 1}},
		"the defaults hold 16 MiB":       {sizes: []int{8 << 20, 8 << 20, 1}, chunks: []int64{2, 1}},
		"a limit of rows beyond a chunk": {sizes: make([]int, 20), rows: 1 << 40, chunks: []int64{20}},
	} {
		t.Run(name, func(t *testing.T) {
			rows := table.NewRows(1)
			for i, size := range c.sizes {
				if size < 0 {
					rows.AppendNull()
				} else {
					rows.Append(bytes.Repeat([]byte{byte('a' + i%26)}, size))
				}
			}
			file, sum := write(t, textColumn, rows, rowfile.WriterOptions{ChunkRows: c.rows, ChunkBytes: c.bytes})
			var got []int64
			for _, chunk := range sum.Chunks {
				got = append(got, chunk.Rows)
			}
			require.Equal(t, c.chunks, got)
			requireSame(t, rows, file, sum, textColumn)
		})
	}
}

func TestPagesOfRowsMakeTheSameFileAsOne(t *testing.T) {
	rows := orders(2_500)
	whole, _ := write(t, orderColumns, rows, rowfile.WriterOptions{ChunkRows: 700})
	var file bytes.Buffer
	w, err := rowfile.NewWriter(&file, orderColumns, rowfile.WriterOptions{ChunkRows: 700})
	require.NoError(t, err)
	for from := 0; from < rows.Len(); from += 99 {
		page := table.NewRows(len(orderColumns))
		for r := from; r < min(from+99, rows.Len()); r++ {
			for c := range orderColumns {
				page.Append(rows.Value(r, c))
			}
		}
		require.NoError(t, w.Write(page))
		held, size := w.Buffered()
		require.LessOrEqual(t, held, 700)
		require.Less(t, size, int64(700*200))
	}
	require.Equal(t, 3, w.Chunks())
	_, err = w.Close()
	require.NoError(t, err)
	require.True(t, bytes.Equal(whole, file.Bytes()))
	_, err = w.Close()
	require.ErrorContains(t, err, "closed")
	require.ErrorContains(t, w.Write(rows), "closed")
}

func TestOneVeryLargeValue(t *testing.T) {
	cols := []table.Column{
		{Name: "id", Type: "int", Kind: table.KindInt, Bits: 32},
		{Name: "b", Type: "longblob", Kind: table.KindBytes, Nullable: true},
		{Name: "t", Type: "longtext", Kind: table.KindString},
	}
	large := make([]byte, 20<<20)
	random := rand.NewChaCha8([32]byte{1})
	_, err := random.Read(large)
	require.NoError(t, err)
	for _, compression := range rowfile.Compressions() {
		rows := rowsOf(3, text("1"), text("small"), text("small"), text("2"), large, large[:1<<20], text("3"), nil,
			text(""))
		file, sum := write(t, cols, rows, rowfile.WriterOptions{Compression: compression})
		require.Len(t, sum.Chunks, 3)
		requireSame(t, rows, file, sum, cols)
		require.Less(t, sum.Footer.Size, int64(4000), "no value is copied into the footer")
	}
}

// TestMemoryStaysAtOneRowGroup writes far more than a row group and looks at the heap.
func TestMemoryStaysAtOneRowGroup(t *testing.T) {
	rows := orders(5_000)
	w, err := rowfile.NewWriter(io.Discard, orderColumns, rowfile.WriterOptions{Compression: "none"})
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 60 { // 300,000 rows, 44 MB
		require.NoError(t, w.Write(rows))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(12<<20))
	sum, err := w.Close()
	require.NoError(t, err)
	require.Equal(t, int64(300_000), sum.Rows)
	require.Len(t, sum.Chunks, 30)
}

func TestNamesAreExactAndInOrder(t *testing.T) {
	names := []string{"z", "a.b", "a", "`", "😀", " ", "Z", "a__raw", "A__RAW2", "__raw", "select", "ä"}
	cols := make([]table.Column, len(names))
	rows := table.NewRows(len(names))
	for i, name := range names {
		cols[i] = table.Column{Name: name, Type: "date", Kind: table.KindDate}
		rows.Append(fmt.Appendf(nil, "2024-01-%02d", i+1))
	}
	for i := range names {
		rows.Append(fmt.Appendf(nil, "2024-00-%02d", i+1))
	}
	file, sum := write(t, cols, rows, rowfile.WriterOptions{})
	requireSame(t, rows, file, sum, cols)
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	var got []string
	lower := map[string]int{}
	for _, field := range f.Root().Columns() {
		got = append(got, field.Name())
		lower[strings.ToLower(field.Name())]++
	}
	require.Equal(t, names, got[:len(names)])
	require.Equal(t, []string{
		"z__raw", "a.b__raw", "a__raw3", "`__raw", "😀__raw", " __raw", "Z__raw2", "a__raw__raw", "A__RAW2__raw",
		"__raw__raw", "select__raw", "ä__raw",
	}, got[len(names):])
	for name, n := range lower {
		require.Equal(t, 1+strings.Count("z", name), n, "%q", name) // only the table's own z and Z
	}
}

func TestColumnsThatNoFileHoldsAreRefused(t *testing.T) {
	a := table.Column{Name: "a", Type: "int", Kind: table.KindInt, Bits: 32}
	for name, c := range map[string]struct {
		cols []table.Column
		want string
	}{
		"none":    {nil, "there are none"},
		"twice":   {[]table.Column{a, a}, `column "a" twice`},
		"no name": {[]table.Column{a, {Kind: table.KindInt}}, "column 2 has no name"},
		"unsupported": {
			[]table.Column{{Name: "x", Type: "future(1)"}},
			`column "x": type "future(1)" is not supported`,
		},
		"unknown":       {[]table.Column{{Name: "x", Kind: 200}}, "unknown kind 200"},
		"decimal(66,0)": {[]table.Column{{Name: "x", Kind: table.KindDecimal, Precision: 66}}, "DECIMAL(66,0)"},
		"decimal(2,3)":  {[]table.Column{{Name: "x", Kind: table.KindDecimal, Precision: 2, Scale: 3}}, "DECIMAL(2,3)"},
		"decimal(0,0)":  {[]table.Column{{Name: "x", Kind: table.KindDecimal}}, "DECIMAL(0,0)"},
		"time(7)":       {[]table.Column{{Name: "x", Kind: table.KindTime, Precision: 7}}, "7 fraction digits"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rowfile.NewWriter(io.Discard, c.cols, rowfile.WriterOptions{})
			require.ErrorIs(t, err, rowfile.ErrColumns)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := rowfile.NewWriter(io.Discard, []table.Column{a}, rowfile.WriterOptions{Compression: "brotli"})
	require.ErrorContains(t, err, `unknown compression "brotli": it is one of snappy, none, zstd, gzip, lz4`)
}

func TestNullInANotNullColumnIsRefused(t *testing.T) {
	for _, kind := range []table.Kind{table.KindInt, table.KindBytes} {
		w, err := rowfile.NewWriter(io.Discard, []table.Column{{Name: "a", Kind: kind}}, rowfile.WriterOptions{})
		require.NoError(t, err)
		err = w.Write(rowsOf(1, nil))
		require.ErrorIs(t, err, rowfile.ErrValue)
		require.ErrorContains(t, err, `column "a"`)
	}
}

func TestRowsOfOtherColumnsAreRefused(t *testing.T) {
	w, err := rowfile.NewWriter(io.Discard, textColumn, rowfile.WriterOptions{})
	require.NoError(t, err)
	require.ErrorContains(t, w.Write(rowsOf(2, nil, nil)), "rows of 2 columns in a file of 1")
}

var errDisk = errors.New("disk on fire")

type failingWriter struct{ left int }

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.left -= len(b); w.left < 0 {
		return 0, errDisk
	}
	return len(b), nil
}

func TestErrorsOfTheWriterComeThrough(t *testing.T) {
	rows := orders(3_000)
	_, sum := write(t, orderColumns, rows, rowfile.WriterOptions{ChunkRows: 1000})
	for left := 0; left < int(sum.Size); left += 5000 {
		w, err := rowfile.NewWriter(&failingWriter{left}, orderColumns, rowfile.WriterOptions{ChunkRows: 1000})
		if err == nil {
			err = w.Write(rows)
		}
		if err == nil {
			_, err = w.Close()
		}
		require.ErrorIs(t, err, errDisk)
	}
}
