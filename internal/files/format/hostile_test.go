package format_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	pq "github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/table"
)

// forged is a file of one column of integers that may be NULL, as a liar writes it.
type forged struct {
	rows  int64
	codec pq.CompressionCodec
	pages [][]byte // headers and bodies
	edit  func(meta *pq.FileMetaData)
}

func page(t testing.TB, header pq.PageHeader, body []byte) []byte {
	t.Helper()
	head, err := thrift.Marshal(new(thrift.CompactProtocol), &header)
	require.NoError(t, err)
	return append(head, body...)
}

// dataPage is a page of version 1 with so many values, as its header says.
func dataPage(t testing.TB, values int32, encoding pq.Encoding, unpacked int32, body []byte) []byte {
	if unpacked == 0 {
		unpacked = int32(len(body))
	}
	return page(t, pq.PageHeader{
		Type: pq.DataPage, UncompressedPageSize: unpacked, CompressedPageSize: int32(len(body)),
		DataPageHeader: thrift.New(pq.DataPageHeader{
			NumValues: values, Encoding: encoding, DefinitionLevelEncoding: pq.RLE, RepetitionLevelEncoding: pq.RLE,
		}),
	}, body)
}

// levels are definition levels: one run.
func levels(count uint64, level byte) []byte {
	run := append(binary.AppendUvarint(nil, count<<1), level)
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(run))), run...)
}

func (f forged) bytes(t testing.TB) []byte {
	t.Helper()
	out := []byte("PAR1")
	for _, p := range f.pages {
		out = append(out, p...)
	}
	size := int64(len(out) - 4)
	leaf := pq.SchemaElement{Name: "id"}
	leaf.Type.Set(pq.Int32)
	leaf.RepetitionType.Set(pq.Optional)
	root := pq.SchemaElement{Name: "root"}
	root.NumChildren.Set(1)
	meta := pq.FileMetaData{
		Version: 1, Schema: []pq.SchemaElement{root, leaf}, NumRows: f.rows,
		RowGroups: []pq.RowGroup{{NumRows: f.rows, Columns: []pq.ColumnChunk{{MetaData: pq.ColumnMetaData{
			Type: pq.Int32, Codec: f.codec, PathInSchema: []string{"id"}, NumValues: f.rows, DataPageOffset: 4,
			TotalCompressedSize: size, TotalUncompressedSize: size,
		}}}}},
	}
	if f.edit != nil {
		f.edit(&meta)
	}
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), &meta)
	require.NoError(t, err)
	out = append(out, footer...)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(footer))), "PAR1"...)
}

// TestForgedParquetIsRefused lies about sizes, numbers and places. A lie costs neither memory nor time.
func TestForgedParquetIsRefused(t *testing.T) {
	for what, f := range forgeries(t) {
		t.Run(what, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _, err := readAll(t, inMemory(f.bytes(t)), "f.parquet", format.Options{}, pairColumns[:1],
				format.Position{}, 10)
			runtime.ReadMemStats(&after)
			require.ErrorIs(t, err, format.ErrFile)
			require.NotContains(t, err.Error(), "reading it failed")
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20))
		})
	}
}

func forgeries(t *testing.T) map[string]forged {
	t.Helper()
	plain := append(levels(2, 1), 1, 0, 0, 0, 2, 0, 0, 0)
	dictionary := func(values int32) []byte {
		return page(t, pq.PageHeader{
			Type: pq.DictionaryPage, UncompressedPageSize: 4, CompressedPageSize: 4,
			DictionaryPageHeader: thrift.New(pq.DictionaryPageHeader{NumValues: values, Encoding: pq.Plain}),
		}, []byte{7, 0, 0, 0})
	}
	empty := strings.Repeat(string(dataPage(t, 0, pq.Plain, 0, levels(1, 1))), 20_000)
	one := func(values int32, encoding pq.Encoding, unpacked int32, body []byte) forged {
		return forged{rows: 2, pages: [][]byte{dataPage(t, values, encoding, unpacked, body)}}
	}
	with := func(edit func(*pq.FileMetaData)) forged {
		f := one(2, pq.Plain, 0, plain)
		f.edit = edit
		return f
	}
	inColumn := func(edit func(*pq.ColumnMetaData)) forged {
		return with(func(m *pq.FileMetaData) { edit(&m.RowGroups[0].Columns[0].MetaData) })
	}
	indexes := func(i byte) []byte { return append(levels(2, 1), 1, 4, i) }
	return map[string]forged{
		"a page larger than it is":     one(2, pq.Plain, math.MaxInt32, plain),
		"a page that unpacks to much":  {rows: 2, codec: pq.Zstd, pages: one(2, pq.Plain, 1<<27, plain).pages},
		"more values than rows":        one(3, pq.Plain, 0, plain),
		"fewer values than rows":       {rows: 3, pages: one(2, pq.Plain, 0, plain).pages},
		"values that are not there":    {rows: 9, pages: one(9, pq.Plain, 0, levels(9, 1)).pages},
		"levels that are not there":    {rows: 9, pages: one(9, pq.Plain, 0, []byte{9, 0, 0, 0}).pages},
		"pages without values":         {rows: 2, pages: [][]byte{[]byte(empty)}},
		"pages behind the end":         inColumn(func(c *pq.ColumnMetaData) { c.TotalCompressedSize = 1 << 40 }),
		"pages in front of the start":  inColumn(func(c *pq.ColumnMetaData) { c.DataPageOffset = -5 }),
		"another type than its schema": inColumn(func(c *pq.ColumnMetaData) { c.Type = pq.Int64 }),
		"a compression that is none":   inColumn(func(c *pq.ColumnMetaData) { c.Codec = 77 }),
		"pages of garbage":             {rows: 2, pages: [][]byte{[]byte("garbage and more garbage")}},
		"no pages":                     {rows: 2},
		"a dictionary that is missing": one(2, pq.RLEDictionary, 0, indexes(0)),
		"a dictionary of many values": {
			rows: 2, pages: [][]byte{dictionary(math.MaxInt32), dataPage(t, 2, pq.Plain, 0, plain)},
		},
		"a value behind the dictionary": {
			rows: 2, pages: [][]byte{dictionary(1), dataPage(t, 2, pq.RLEDictionary, 0, indexes(1))},
		},
		"an encoding that is none":   one(2, 77, 0, plain),
		"other rows than its groups": with(func(m *pq.FileMetaData) { m.NumRows = 3 }),
		"rows beyond counting": with(func(m *pq.FileMetaData) {
			m.NumRows = 1 << 62
			m.RowGroups[0].NumRows = 1 << 62
		}),
		"pages in another file":       with(func(m *pq.FileMetaData) { m.RowGroups[0].Columns[0].FilePath = "x" }),
		"more children than elements": with(func(m *pq.FileMetaData) { m.Schema[0].NumChildren.Set(1 << 30) }),
		"a group within itself": with(func(m *pq.FileMetaData) {
			group := pq.SchemaElement{Name: "id"}
			group.NumChildren.Set(1)
			for range 200 {
				m.Schema = append([]pq.SchemaElement{group}, m.Schema...)
			}
		}),
	}
}

// TestARunOfBillionsIsReadInBatches reads a page of some bytes that has two billion NULLs.
func TestARunOfBillionsIsReadInBatches(t *testing.T) {
	const rows = math.MaxInt32
	file := forged{rows: rows, pages: [][]byte{dataPage(t, rows, pq.Plain, 0, levels(rows, 0))}}.bytes(t)
	require.Less(t, len(file), 300)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := format.Open(t.Context(), inMemory(file), "f.parquet", format.Options{}, pairColumns[:1],
		format.Position{})
	require.NoError(t, err)
	for range 3 {
		got, bad, err := r.Next(t.Context(), 1000)
		require.NoError(t, err)
		require.Empty(t, bad)
		require.Equal(t, 1000, got.Len())
	}
	require.Equal(t, format.Position{Row: 3000}, r.Position())
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20))
}

// TestADictionaryCountsAsMemory: each of many columns could have a large one in a small file.
func TestADictionaryCountsAsMemory(t *testing.T) {
	const values = 100_000
	body := make([]byte, 4*values)
	dictionary := page(t, pq.PageHeader{
		Type: pq.DictionaryPage, UncompressedPageSize: int32(len(body)), CompressedPageSize: int32(len(body)),
		DictionaryPageHeader: thrift.New(pq.DictionaryPageHeader{NumValues: values, Encoding: pq.Plain}),
	}, body)
	indexes := append(levels(2, 1), 1, 4, 0)
	file := forged{rows: 2, pages: [][]byte{dictionary, dataPage(t, 2, pq.RLEDictionary, 0, indexes)}}.bytes(t)
	r, err := format.Open(t.Context(), inMemory(file), "f.parquet", format.Options{}, pairColumns[:1],
		format.Position{})
	require.NoError(t, err)
	rows, _, err := r.Next(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, "0", string(rows.Value(1, 0)))
	require.GreaterOrEqual(t, format.Held(r), int64(2*len(body)), "the page and the dictionary")
}

// TestALongRowOfParquetIsRefused: a few bytes of a file may be a long row.
func TestALongRowOfParquetIsRefused(t *testing.T) {
	read := func(limit int64) error {
		_, _, err := readAll(t, load(t, "pyarrow.parquet"), "f.parquet", format.Options{MaxRowBytes: limit},
			makersColumns, format.Position{}, 10)
		return err
	}
	require.NoError(t, read(1000))
	err := read(10)
	require.ErrorIs(t, err, format.ErrFile)
	require.ErrorContains(t, err, "row 1: file cannot be read: it has more than 10 bytes; a row may have no more "+
		"(files.maxRow)")
}

// TestManyLongNamesTakeNoMemory reads objects of which each has other names, some of them very long.
func TestManyLongNamesTakeNoMemory(t *testing.T) {
	var text strings.Builder
	for i := range 64 {
		fmt.Fprintf(&text, `{"id":%d,"%s%d":1}`+"\n", i, strings.Repeat("k", 1<<20), i)
	}
	f := inMemory([]byte(text.String()))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	rows, bad, err := readAll(t, f, "f.jsonl", format.Options{}, pairColumns[:1], format.Position{}, 10)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Empty(t, bad)
	require.Len(t, rows, 64)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(24<<20))
	_, err = format.Names(t.Context(), f, "f.jsonl", format.Options{})
	require.ErrorIs(t, err, format.ErrFile)
	require.ErrorContains(t, err, "the names in its objects have more than 4194304 bytes together")
}

// TestTypesThatNoColumnTakes refuses a file whose column cannot become a value, before a row is read.
func TestTypesThatNoColumnTakes(t *testing.T) {
	file := func(edit func(*pq.SchemaElement)) []byte {
		return forged{rows: 0, edit: func(m *pq.FileMetaData) { edit(&m.Schema[1]) }}.bytes(t)
	}
	bson := file(func(e *pq.SchemaElement) { e.Type.Set(pq.ByteArray); e.ConvertedType.Set(deprecated.Bson) })
	date := file(func(e *pq.SchemaElement) { e.ConvertedType.Set(deprecated.Date) })
	boolean := file(func(e *pq.SchemaElement) { e.Type.Set(pq.Boolean) })
	for what, c := range map[string]struct {
		file   []byte
		column table.Column
	}{
		"BSON into text":   {bson, varchar3},
		"BSON into JSON":   {bson, doc},
		"DATE into INT":    {date, bigint},
		"DATE into TIME":   {date, clock3},
		"BOOLEAN into BIN": {boolean, blob},
		"INT into DATE":    {file(func(*pq.SchemaElement) {}), day},
		"INT into BLOB":    {file(func(*pq.SchemaElement) {}), blob},
	} {
		c.column.Name = "id"
		_, err := format.Open(t.Context(), inMemory(c.file), "f.parquet", format.Options{}, []table.Column{c.column},
			format.Position{})
		require.ErrorIs(t, err, format.ErrColumns, what)
	}
}
