package rowfile_test

import (
	"bytes"
	"encoding/binary"
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

	for name, group := range lyingPages(t, ok, body) {
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

// lyingPages are pages that claim more, or less, than body holds. ok is the header that fits it.
func lyingPages(t *testing.T, ok format.DataPageHeaderV2, body []byte) map[string][]byte {
	t.Helper()
	claims := func(change func(h *format.DataPageHeaderV2), body ...byte) []byte {
		h := ok
		change(&h)
		return page(t, h, int32(len(body)), body)
	}
	return map[string][]byte{
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
}

// TestAChunkTakesTheMemoryOfItsValues reads a chunk that does not compress: a worker has several of them at a time.
func TestAChunkTakesTheMemoryOfItsValues(t *testing.T) {
	cols := []table.Column{{Name: "v", Type: "varchar(300)", Kind: table.KindString, Length: 300, Charset: "utf8mb4"}}
	rows := table.NewRows(1)
	random := rand.NewChaCha8([32]byte{})
	value := make([]byte, 300)
	for range 10_000 {
		_, _ = random.Read(value) // always nil
		for i := range value {
			value[i] = 'a' + value[i]%26
		}
		rows.Append(value)
	}
	file, sum := write(t, cols, rows, rowfile.WriterOptions{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c := sum.Chunks[0]
	got, err := rowfile.ReadChunk(span(file, sum.Footer), sum.Footer.Offset, span(file, c.Span), c, cols)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Equal(t, rows.Bytes(), got.Bytes())
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(5*rows.Bytes())) // 2.1 of them; 4.2 with -race
}
