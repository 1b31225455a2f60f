package rowfile_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/rowfile"
	"github.com/tablehaul/tablehaul/internal/table"
)

// sample is a file with every kind of column, with values, NULLs and companions.
func sample(tb testing.TB, compression string) ([]byte, rowfile.Summary, []table.Column) {
	tb.Helper()
	var cols []table.Column
	for _, e := range extremes {
		col := e.col
		col.Name, col.Nullable = fmt.Sprint(len(cols), col.Type), len(cols)%2 == 0
		cols = append(cols, col)
	}
	rows := table.NewRows(len(cols))
	for r := range 20 {
		for i, e := range extremes {
			texts := append(slices.Clone(e.texts), e.aside...)
			if r%4 == 3 && cols[i].Nullable {
				rows.AppendNull()
			} else {
				rows.Append(text(texts[r%len(texts)]))
			}
		}
	}
	file, sum := write(tb, cols, rows, rowfile.WriterOptions{Compression: compression, ChunkRows: 12})
	return file, sum, cols
}

// readAll reads every chunk and returns the first error, which must be ErrCorrupt.
func readAll(tb testing.TB, footer, file []byte, sum rowfile.Summary, cols []table.Column) error {
	tb.Helper()
	for _, c := range sum.Chunks {
		rows, err := rowfile.ReadChunk(footer, sum.Footer.Offset, span(file, c.Span), c, cols)
		if err != nil {
			require.ErrorIs(tb, err, rowfile.ErrCorrupt)
			require.Nil(tb, rows)
			return err
		}
		require.Equal(tb, c.Rows, int64(rows.Len()))
	}
	return nil
}

func TestFlippedBytesNeverPanic(t *testing.T) {
	for _, compression := range rowfile.Compressions() {
		file, sum, cols := sample(t, compression)
		require.NoError(t, readAll(t, span(file, sum.Footer), file, sum, cols))
		random := rand.New(rand.NewPCG(5, 6))
		for range 500 {
			bad := slices.Clone(file)
			for range 1 + random.IntN(3) {
				bad[random.IntN(len(bad))] ^= byte(1 + random.IntN(255))
			}
			_ = readAll(t, span(bad, sum.Footer), bad, sum, cols) // an error or other values; hashes are the caller's
		}
	}
}

func TestTruncatedBytesAreCorrupt(t *testing.T) {
	file, sum, cols := sample(t, "snappy")
	footer := span(file, sum.Footer)
	for n := range footer {
		require.ErrorIs(t, readAll(t, footer[:n], file, sum, cols), rowfile.ErrCorrupt)
		require.ErrorIs(t, readAll(t, footer[len(footer)-n:], file, sum, cols), rowfile.ErrCorrupt)
	}
	c := sum.Chunks[0]
	group := span(file, c.Span)
	for n := range group {
		_, err := rowfile.ReadChunk(footer, sum.Footer.Offset, group[:n], c, cols)
		require.ErrorIs(t, err, rowfile.ErrCorrupt)
		// The chunk's size claimed to be what is there.
		short := c
		short.Size = int64(n)
		_, err = rowfile.ReadChunk(footer, sum.Footer.Offset, group[:n], short, cols)
		require.ErrorIs(t, err, rowfile.ErrCorrupt)
	}
}

func TestChunksThatAreNotInTheFile(t *testing.T) {
	file, sum, cols := sample(t, "snappy")
	footer, group := span(file, sum.Footer), span(file, sum.Chunks[0].Span)
	for name, change := range map[string]func(c *table.Chunk){
		"rows":        func(c *table.Chunk) { c.Rows++ },
		"no rows":     func(c *table.Chunk) { c.Rows = 0 },
		"all rows":    func(c *table.Chunk) { c.Rows = 1 << 62 },
		"offset":      func(c *table.Chunk) { c.Offset++ },
		"negative":    func(c *table.Chunk) { c.Offset = -4 },
		"size":        func(c *table.Chunk) { c.Size-- },
		"huge size":   func(c *table.Chunk) { c.Size = 1<<63 - 1 },
		"other chunk": func(c *table.Chunk) { c.Offset = sum.Chunks[1].Offset },
	} {
		t.Run(name, func(t *testing.T) {
			c := sum.Chunks[0]
			change(&c)
			_, err := rowfile.ReadChunk(footer, sum.Footer.Offset, group, c, cols)
			require.ErrorIs(t, err, rowfile.ErrCorrupt)
		})
	}
	_, err := rowfile.ReadChunk(footer, sum.Chunks[0].Offset, group, sum.Chunks[0], cols)
	require.ErrorIs(t, err, rowfile.ErrCorrupt, "a chunk behind the footer")
}

func TestOtherColumnsThanTheFilesAreRefused(t *testing.T) {
	file, sum, cols := sample(t, "snappy")
	index := func(kind table.Kind) int {
		return slices.IndexFunc(cols, func(c table.Column) bool { return c.Kind == kind })
	}
	for name, change := range map[string]func(c []table.Column) []table.Column{
		"fewer": func(c []table.Column) []table.Column { return c[1:] },
		"more": func(c []table.Column) []table.Column {
			return append(c, table.Column{Name: "new", Kind: table.KindInt})
		},
		"swapped":  func(c []table.Column) []table.Column { c[0], c[1] = c[1], c[0]; return c },
		"name":     func(c []table.Column) []table.Column { c[3].Name += "x"; return c },
		"width":    func(c []table.Column) []table.Column { c[0].Bits = 64; return c },
		"nullable": func(c []table.Column) []table.Column { c[0].Nullable = !c[0].Nullable; return c },
		"scale":    func(c []table.Column) []table.Column { c[index(table.KindDecimal)].Scale--; return c },
		"kind": func(c []table.Column) []table.Column {
			c[index(table.KindDate)].Kind = table.KindDouble
			return c
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, readAll(t, span(file, sum.Footer), file, sum, change(slices.Clone(cols))),
				rowfile.ErrCorrupt)
		})
	}
}

func TestValuesOutsideOfTheirTypesAreCorrupt(t *testing.T) {
	for name, c := range map[string]struct {
		col   table.Column
		plain []byte
	}{
		"tinyint": {
			table.Column{Kind: table.KindInt, Bits: 8, Nullable: true},
			binary.LittleEndian.AppendUint32(nil, 128),
		},
		"utinyint": {
			table.Column{Kind: table.KindUint, Bits: 8, Nullable: true},
			binary.LittleEndian.AppendUint32(nil, 256),
		},
		"date":     {table.Column{Kind: table.KindDate}, binary.LittleEndian.AppendUint32(nil, 1<<30)},
		"time":     {table.Column{Kind: table.KindTime}, binary.LittleEndian.AppendUint64(nil, 86_400_000_000)},
		"fraction": {table.Column{Kind: table.KindTime, Precision: 3}, binary.LittleEndian.AppendUint64(nil, 1)},
		"datetime": {
			table.Column{Kind: table.KindDateTime, Precision: 6},
			binary.LittleEndian.AppendUint64(nil, 1<<63),
		},
		"decimal": {table.Column{Kind: table.KindDecimal, Precision: 3}, binary.LittleEndian.AppendUint32(nil, 1000)},
		"long": {
			table.Column{Kind: table.KindDecimal, Precision: 10},
			binary.LittleEndian.AppendUint64(nil, 1<<63),
		},
		"wide":      {table.Column{Kind: table.KindDecimal, Precision: 65}, append([]byte{0x7f}, make([]byte, 27)...)},
		"wide, min": {table.Column{Kind: table.KindDecimal, Precision: 65}, append([]byte{0x80}, make([]byte, 27)...)},
	} {
		t.Run(name, func(t *testing.T) {
			c.col.Name = "a"
			cols := []table.Column{c.col}
			good := map[table.Kind]string{
				table.KindDate: "2024-01-01", table.KindTime: "00:00:00",
				table.KindDateTime: "2024-01-01 00:00:00.000000", table.KindDecimal: "1",
				table.KindInt: "1", table.KindUint: "1",
			}[c.col.Kind]
			if c.col.Kind == table.KindTime && c.col.Precision > 0 {
				good += ".000"
			}
			file, sum := write(t, cols, rowsOf(1, text(good)), rowfile.WriterOptions{Compression: "none"})
			group := slices.Clone(span(file, sum.Chunks[0].Span))
			typed := len(group) - companionSize(t, file) // the typed leaf's page comes first
			copy(group[typed-len(c.plain):typed], c.plain)
			_, err := rowfile.ReadChunk(span(file, sum.Footer), sum.Footer.Offset, group, sum.Chunks[0], cols)
			require.ErrorIs(t, err, rowfile.ErrCorrupt)
			require.ErrorContains(t, err, "outside of its type")
		})
	}
}

// companionSize is the size of the second leaf's pages, 0 where there is none.
func companionSize(tb testing.TB, file []byte) int {
	tb.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	require.NoError(tb, err)
	size := int64(0)
	for _, c := range f.Metadata().RowGroups[0].Columns[1:] {
		size += c.MetaData.TotalCompressedSize
	}
	return int(size)
}

// FuzzReadChunk looks for bytes that panic, hang, or take memory that they do not stand for.
func FuzzReadChunk(f *testing.F) {
	for _, compression := range rowfile.Compressions() {
		cols := orderColumns
		file, sum := write(f, cols, orders(6), rowfile.WriterOptions{Compression: compression, ChunkRows: 4})
		for _, c := range sum.Chunks {
			f.Add(span(file, sum.Footer), span(file, c.Span), c.Offset, c.Rows)
		}
	}
	f.Fuzz(func(t *testing.T, footer, group []byte, offset, rows int64) {
		c := table.Chunk{Rows: rows, Span: table.Span{Offset: offset, Size: int64(len(group))}}
		got, err := rowfile.ReadChunk(footer, 1<<30, group, c, orderColumns)
		if err != nil {
			require.ErrorIs(t, err, rowfile.ErrCorrupt)
			return
		}
		require.Equal(t, rows, int64(got.Len()))
		// What was read can be written and read again.
		file, sum := write(t, orderColumns, got, rowfile.WriterOptions{})
		requireSame(t, got, file, sum, orderColumns)
		_, err = json.Marshal(sum)
		require.NoError(t, err)
	})
}
