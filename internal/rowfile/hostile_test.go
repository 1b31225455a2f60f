package rowfile_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
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

// rewritten is the footer of a file with its metadata changed.
func rewritten(tb testing.TB, file []byte, change func(m *format.FileMetaData)) []byte {
	tb.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	require.NoError(tb, err)
	m := f.Metadata()
	change(m)
	b, err := thrift.Marshal(new(thrift.CompactProtocol), m)
	require.NoError(tb, err)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(b)))
	return append(b, "PAR1"...)
}

func TestFootersThatLie(t *testing.T) {
	file, sum, cols := sample(t, "snappy")
	require.NoError(t, readAll(t, rewritten(t, file, func(*format.FileMetaData) {}), file, sum, cols))
	third := func(m *format.FileMetaData) *format.ColumnMetaData { return &m.RowGroups[0].Columns[2].MetaData }
	for name, change := range map[string]func(m *format.FileMetaData){
		"rows":            func(m *format.FileMetaData) { m.RowGroups[0].NumRows = 1 << 40 },
		"values":          func(m *format.FileMetaData) { third(m).NumValues = 1 << 40 },
		"size":            func(m *format.FileMetaData) { third(m).TotalCompressedSize = 1 << 60 },
		"negative size":   func(m *format.FileMetaData) { third(m).TotalCompressedSize = -1 << 60 },
		"offset":          func(m *format.FileMetaData) { third(m).DataPageOffset = 4 },
		"negative offset": func(m *format.FileMetaData) { third(m).DataPageOffset = -1 << 62 },
		"type":            func(m *format.FileMetaData) { third(m).Type = format.Double },
		"codec":           func(m *format.FileMetaData) { third(m).Codec = format.Brotli },
		"dictionary":      func(m *format.FileMetaData) { third(m).DictionaryPageOffset = 4 },
		"another file":    func(m *format.FileMetaData) { m.RowGroups[0].Columns[2].FilePath = "/etc/passwd" },
		"no column":       func(m *format.FileMetaData) { m.RowGroups[0].Columns = m.RowGroups[0].Columns[1:] },
		"no groups":       func(m *format.FileMetaData) { m.RowGroups = m.RowGroups[:0] },
		"no schema":       func(m *format.FileMetaData) { m.Schema = m.Schema[:1] },
		"children":        func(m *format.FileMetaData) { m.Schema[2].NumChildren.Set(1) },
		"repeated":        func(m *format.FileMetaData) { m.Schema[2].RepetitionType.Set(format.Repeated) },
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, readAll(t, rewritten(t, file, change), file, sum, cols), rowfile.ErrCorrupt)
		})
	}
}

// page is a column chunk of one page that claims what it likes.
func page(tb testing.TB, h format.DataPageHeaderV2, unpacked int32, body []byte) []byte {
	tb.Helper()
	b, err := thrift.Marshal(new(thrift.CompactProtocol), &format.PageHeader{
		Type: format.DataPageV2, UncompressedPageSize: unpacked, CompressedPageSize: int32(len(body)),
		DataPageHeaderV2: thrift.New(h),
	})
	require.NoError(tb, err)
	return append(b, body...)
}

// TestPagesThatLie gives the reader pages that claim more than they hold, and watches that no
// claim is believed with memory.
func TestPagesThatLie(t *testing.T) {
	cols := []table.Column{{Name: "a", Kind: table.KindBytes, Nullable: true}}
	file, sum := write(t, cols, rowsOf(1, text("x"), nil, text("y")), rowfile.WriterOptions{Compression: "none"})
	ok := format.DataPageHeaderV2{NumValues: 3, NumNulls: 1, NumRows: 3, DefinitionLevelsByteLength: 2}
	body := []byte{3, 0b101, 1, 0, 0, 0, 'x', 1, 0, 0, 0, 'y'}
	read := func(codec format.CompressionCodec, group []byte) error {
		footer := rewritten(t, file, func(m *format.FileMetaData) {
			c := &m.RowGroups[0].Columns[0].MetaData
			c.TotalCompressedSize, c.Codec = int64(len(group)), codec
		})
		c := sum.Chunks[0]
		c.Size = int64(len(group))
		_, err := rowfile.ReadChunk(footer, 1<<40, group, c, cols)
		return err
	}
	require.NoError(t, read(format.Uncompressed, page(t, ok, 12, body)))

	claims := func(change func(h *format.DataPageHeaderV2), body ...byte) []byte {
		h := ok
		change(&h)
		return page(t, h, int32(len(body)), body)
	}
	bad := map[string][]byte{
		"rows": claims(func(h *format.DataPageHeaderV2) { h.NumRows, h.NumValues = 1<<31-1, 1<<31-1 },
			body...),
		"negative rows": claims(func(h *format.DataPageHeaderV2) { h.NumRows, h.NumValues = -3, -3 }, body...),
		"no rows": claims(func(h *format.DataPageHeaderV2) { h.NumRows, h.NumValues, h.NumNulls = 0, 0, 0 },
			body...),
		"values": claims(func(h *format.DataPageHeaderV2) { h.NumValues = 2 }, body...),
		"nulls":  claims(func(h *format.DataPageHeaderV2) { h.NumNulls = 2 }, body...),
		"levels": claims(func(h *format.DataPageHeaderV2) { h.DefinitionLevelsByteLength = 1 << 30 },
			body...),
		"negative levels":  claims(func(h *format.DataPageHeaderV2) { h.DefinitionLevelsByteLength = -1 }, body...),
		"repetitions":      claims(func(h *format.DataPageHeaderV2) { h.RepetitionLevelsByteLength = 1 }, body...),
		"encoding":         claims(func(h *format.DataPageHeaderV2) { h.Encoding = format.RLEDictionary }, body...),
		"a long run":       claims(func(*format.DataPageHeaderV2) {}, 0xfe, 1, 1, 0, 0, 0, 'x'),
		"an endless run":   claims(func(h *format.DataPageHeaderV2) { h.DefinitionLevelsByteLength = 1 }, 0xff),
		"a run of nothing": claims(func(*format.DataPageHeaderV2) {}, 0, 1, 1, 0, 0, 0, 'x'),
		"a level of 2":     claims(func(*format.DataPageHeaderV2) {}, 6, 2, 1, 0, 0, 0, 'x'),
		"bits of nothing":  claims(func(*format.DataPageHeaderV2) {}, 1, 5, 1, 0, 0, 0, 'x'),
		"too few levels": claims(func(h *format.DataPageHeaderV2) { h.DefinitionLevelsByteLength = 0 }, 1, 0, 0, 0,
			'x'),
		"a value's length":  claims(func(*format.DataPageHeaderV2) {}, 3, 5, 0xff, 0xff, 0xff, 0xff, 'x'),
		"half a length":     claims(func(*format.DataPageHeaderV2) {}, 3, 5, 1, 0),
		"one value too few": claims(func(*format.DataPageHeaderV2) {}, body[:7]...),
		"one more value":    claims(func(*format.DataPageHeaderV2) {}, append(slices.Clone(body), body[2:7]...)...),
		"unpacked size":     page(t, ok, 1<<31-1, body),
		"one page more":     append(page(t, ok, 12, body), page(t, ok, 12, body)...),
		"bytes behind":      append(page(t, ok, 12, body), 0),
		"no page":           {0},
	}
	for name, group := range bad {
		require.ErrorIs(t, read(format.Uncompressed, group), rowfile.ErrCorrupt, name)
	}
	// A few bytes that claim to unpack to two gigabytes, for every codec.
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, codec := range []format.CompressionCodec{format.Snappy, format.Gzip, format.Zstd, format.Lz4Raw} {
		for _, size := range []int32{1 << 20, 1<<30 + 5, 1<<31 - 1} {
			require.ErrorIs(t, read(codec, page(t, ok, size, body)), rowfile.ErrCorrupt, "%v", codec)
		}
	}
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32<<20))
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
