package rowfile_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/rowfile"
	"github.com/tablehaul/tablehaul/internal/table"
)

// seen is a column as a reader that is not ours sees it.
type seen struct {
	Name   string
	Type   string
	Values []*string
}

// readElsewhere reads a file with pyarrow and DuckDB.
func readElsewhere(t *testing.T, file []byte) map[string][]seen {
	t.Helper()
	python := strings.TrimSpace(string(run(t, "../../tools/python/env.sh", "../../tools/python/readers.txt")))
	name := filepath.Join(t.TempDir(), "part.parquet")
	require.NoError(t, os.WriteFile(name, file, 0o600))
	out := map[string][]seen{}
	require.NoError(t, json.Unmarshal(run(t, python, "testdata/reader/read.py", name), &out))
	return out
}

func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s: %s", name, &stderr)
	return stdout.Bytes()
}

// readerCases are columns with a text each, and what other readers must make of it.
var readerCases = []struct {
	col                  table.Column
	text                 string
	pyarrowType, pyarrow string
	duckdbType, duckdb   string
	typedNull            bool // the text is in the companion
}{
	{
		col: table.Column{Name: "tiny", Kind: table.KindInt, Bits: 8}, text: "-128",
		pyarrowType: "int8", pyarrow: "int -128", duckdbType: "TINYINT", duckdb: "int -128",
	},
	{
		col: table.Column{Name: "utiny", Kind: table.KindUint, Bits: 8}, text: "255",
		pyarrowType: "uint8", pyarrow: "int 255", duckdbType: "UTINYINT", duckdb: "int 255",
	},
	{
		col: table.Column{Name: "medium", Kind: table.KindInt, Bits: 24}, text: "-8388608",
		pyarrowType: "int32", pyarrow: "int -8388608", duckdbType: "INTEGER", duckdb: "int -8388608",
	},
	{
		col: table.Column{Name: "uint", Kind: table.KindUint, Bits: 32}, text: "4294967295",
		pyarrowType: "uint32", pyarrow: "int 4294967295", duckdbType: "UINTEGER", duckdb: "int 4294967295",
	},
	{
		col: table.Column{Name: "big", Kind: table.KindInt, Bits: 64}, text: "-9223372036854775808",
		pyarrowType: "int64", pyarrow: "int -9223372036854775808", duckdbType: "BIGINT",
		duckdb: "int -9223372036854775808",
	},
	{
		col: table.Column{Name: "ubig", Kind: table.KindUint, Bits: 64}, text: "18446744073709551615",
		pyarrowType: "uint64", pyarrow: "int 18446744073709551615", duckdbType: "UBIGINT",
		duckdb: "int 18446744073709551615",
	},
	{
		col: table.Column{Name: "bits", Kind: table.KindBit, Bits: 64}, text: "18446744073709551615",
		pyarrowType: "uint64", pyarrow: "int 18446744073709551615", duckdbType: "UBIGINT",
		duckdb: "int 18446744073709551615",
	},
	{
		col: table.Column{Name: "year", Kind: table.KindYear}, text: "2155",
		pyarrowType: "uint16", pyarrow: "int 2155", duckdbType: "USMALLINT", duckdb: "int 2155",
	},
	{
		col: table.Column{Name: "float", Kind: table.KindFloat}, text: "0.10000000149011612",
		pyarrowType: "float", pyarrow: "float 0.10000000149011612", duckdbType: "FLOAT",
		duckdb: "float 0.10000000149011612",
	},
	{
		col: table.Column{Name: "double", Kind: table.KindDouble}, text: "-0.1",
		pyarrowType: "double", pyarrow: "float -0.1", duckdbType: "DOUBLE", duckdb: "float -0.1",
	},
	{
		col: table.Column{Name: "dec9", Kind: table.KindDecimal, Precision: 9, Scale: 2}, text: "-1234567.89",
		pyarrowType: "decimal128(9, 2)", pyarrow: "Decimal -1234567.89", duckdbType: "DECIMAL(9,2)",
		duckdb: "Decimal -1234567.89",
	},
	{
		col: table.Column{Name: "dec18", Kind: table.KindDecimal, Precision: 18, Scale: 0}, text: "999999999999999999",
		pyarrowType: "decimal128(18, 0)", pyarrow: "Decimal 999999999999999999", duckdbType: "DECIMAL(18,0)",
		duckdb: "Decimal 999999999999999999",
	},
	{
		col:         table.Column{Name: "dec38", Kind: table.KindDecimal, Precision: 38, Scale: 10},
		text:        "-1234567890123456789012345678.0123456789",
		pyarrowType: "decimal128(38, 10)", pyarrow: "Decimal -1234567890123456789012345678.0123456789",
		duckdbType: "DECIMAL(38,10)", duckdb: "Decimal -1234567890123456789012345678.0123456789",
	},
	{
		col:         table.Column{Name: "dec65", Kind: table.KindDecimal, Precision: 65, Scale: 30},
		text:        "-99999999999999999999999999999999999.000000000000000000000000000001",
		pyarrowType: "decimal256(65, 30)",
		pyarrow:     "Decimal -99999999999999999999999999999999999.000000000000000000000000000001",
		duckdbType:  "DOUBLE", duckdb: "float -1e+35", // DuckDB's decimals end at 38 digits
	},
	{
		col: table.Column{Name: "date", Kind: table.KindDate}, text: "0001-01-01",
		pyarrowType: "date32[day]", pyarrow: "date 0001-01-01", duckdbType: "DATE", duckdb: "date 0001-01-01",
	},
	{
		col: table.Column{Name: "no date", Kind: table.KindDate}, text: "2024-02-30", typedNull: true,
		pyarrowType: "date32[day]", duckdbType: "DATE",
	},
	{
		col: table.Column{Name: "datetime", Kind: table.KindDateTime, Precision: 6}, text: "9999-12-31 23:59:59.999999",
		pyarrowType: "timestamp[us]", pyarrow: "datetime 9999-12-31T23:59:59.999999",
		duckdbType: "TIMESTAMP", duckdb: "datetime 9999-12-31T23:59:59.999999",
	},
	{
		col: table.Column{Name: "timestamp", Kind: table.KindTimestamp, Precision: 3}, text: "2038-01-19 03:14:07.999",
		pyarrowType: "timestamp[us, tz=UTC]", pyarrow: "datetime 2038-01-19T03:14:07.999000+00:00",
		duckdbType: "TIMESTAMP WITH TIME ZONE", duckdb: "datetime 2038-01-19T03:14:07.999000+00:00",
	},
	{
		col: table.Column{Name: "time", Kind: table.KindTime, Precision: 6}, text: "23:59:59.999999",
		pyarrowType: "time64[us]", pyarrow: "time 23:59:59.999999", duckdbType: "TIME", duckdb: "time 23:59:59.999999",
	},
	{
		col: table.Column{Name: "no time", Kind: table.KindTime}, text: "-838:59:59", typedNull: true,
		pyarrowType: "time64[us]", duckdbType: "TIME",
	},
	{
		col: table.Column{Name: "text", Kind: table.KindString}, text: "Größe 😀\x00 ",
		pyarrowType: "string", pyarrow: "str Größe 😀\x00 ", duckdbType: "VARCHAR", duckdb: "str Größe 😀\x00 ",
	},
	{
		col: table.Column{Name: "empty", Kind: table.KindString}, text: "",
		pyarrowType: "string", pyarrow: "str ", duckdbType: "VARCHAR", duckdb: "str ",
	},
	{
		col: table.Column{Name: "latin", Kind: table.KindString, RawCharset: true}, text: "\xe4\xff",
		pyarrowType: "binary", pyarrow: "bytes e4ff", duckdbType: "BLOB", duckdb: "bytes e4ff",
	},
	{
		col: table.Column{Name: "blob", Kind: table.KindBytes}, text: "\x00\xff'",
		pyarrowType: "binary", pyarrow: "bytes 00ff27", duckdbType: "BLOB", duckdb: "bytes 00ff27",
	},
	{
		col: table.Column{Name: "enum", Kind: table.KindEnum}, text: "größe",
		pyarrowType: "string", pyarrow: "str größe", duckdbType: "VARCHAR", duckdb: "str größe",
	},
	{
		col: table.Column{Name: "set", Kind: table.KindSet}, text: "a,b",
		pyarrowType: "string", pyarrow: "str a,b", duckdbType: "VARCHAR", duckdb: "str a,b",
	},
	{
		col: table.Column{Name: "json", Kind: table.KindJSON}, text: `{"b": 1, "a": [1.50, "😀"]}`,
		pyarrowType: "extension<arrow.json>", pyarrow: `str {"b": 1, "a": [1.50, "😀"]}`,
		duckdbType: "JSON", duckdb: `str {"b": 1, "a": [1.50, "😀"]}`,
	},
	{
		col: table.Column{Name: "uuid", Kind: table.KindUUID}, text: "123e4567-e89b-12d3-a456-426655440000",
		pyarrowType: "string", pyarrow: "str 123e4567-e89b-12d3-a456-426655440000",
		duckdbType: "VARCHAR", duckdb: "str 123e4567-e89b-12d3-a456-426655440000",
	},
	{
		col: table.Column{Name: "geo.metry `😀`", Kind: table.KindGeometry}, text: "\xe6\x10\x00\x00\x01",
		pyarrowType: "binary", pyarrow: "bytes e610000001", duckdbType: "BLOB", duckdb: "bytes e610000001",
	},
}

// TestOtherReadersSeeTypedValues opens a file of ours with two readers that are not.
func TestOtherReadersSeeTypedValues(t *testing.T) {
	cols := make([]table.Column, len(readerCases))
	for i, c := range readerCases {
		cols[i] = c.col
		cols[i].Nullable = true
	}
	// Rows of values and of NULLs, in several row groups and on a page that has both.
	const n = 100
	rows := table.NewRows(len(cols))
	for r := range n {
		for _, c := range readerCases {
			if r%3 == 1 {
				rows.AppendNull()
			} else {
				rows.Append(text(c.text))
			}
		}
	}
	for _, compression := range rowfile.Compressions() {
		t.Run(compression, func(t *testing.T) {
			file, _ := write(t, cols, rows, rowfile.WriterOptions{Compression: compression, ChunkRows: 40})
			readers := readElsewhere(t, file)
			for i, c := range readerCases {
				requireSeen(t, "pyarrow", readers["pyarrow"][i], c.col.Name, c.pyarrowType, c.pyarrow, c.typedNull, n)
				requireSeen(t, "DuckDB", readers["duckdb"][i], c.col.Name, c.duckdbType, c.duckdb, c.typedNull, n)
			}
			requireCompanions(t, readers["pyarrow"], n)
			requireCompanions(t, readers["duckdb"], n)
		})
	}
}

func requireSeen(t *testing.T, reader string, got seen, name, typ, value string, typedNull bool, n int) {
	t.Helper()
	require.Equal(t, name, got.Name, reader)
	require.Equal(t, typ, got.Type, "%s: %s", reader, name)
	require.Len(t, got.Values, n)
	for r, v := range got.Values {
		if r%3 == 1 || typedNull {
			require.Nil(t, v, "%s: %s", reader, name)
			continue
		}
		require.NotNil(t, v, "%s: %s", reader, name)
		require.Equal(t, value, *v, "%s: %s", reader, name)
	}
}

// requireCompanions checks that the companions follow, with the bytes of what has no type.
func requireCompanions(t *testing.T, got []seen, n int) {
	t.Helper()
	want := map[string]string{
		"no date__raw": "bytes 323032342d30322d3330",
		"no time__raw": "bytes 2d3833383a35393a3539",
	}
	for _, c := range got[len(readerCases):] {
		require.True(t, strings.HasSuffix(c.Name, "__raw"), c.Name)
		for r := range n {
			if want[c.Name] == "" || r%3 == 1 {
				require.Nil(t, c.Values[r], c.Name)
			} else {
				require.Equal(t, want[c.Name], *c.Values[r])
			}
		}
		delete(want, c.Name)
	}
	require.Empty(t, want)
}
