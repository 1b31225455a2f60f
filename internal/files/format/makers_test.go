package format_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/table"
)

// makersColumns are the target's columns of the files that testdata/make.py writes.
var makersColumns = []table.Column{
	{Name: "id", Type: "bigint", Kind: table.KindInt, Bits: 64},
	{Name: "small", Type: "smallint", Kind: table.KindInt, Bits: 16},
	{Name: "price", Type: "decimal(12,2)", Kind: table.KindDecimal, Precision: 12, Scale: 2},
	{Name: "big", Type: "decimal(38,10)", Kind: table.KindDecimal, Precision: 38, Scale: 10, Nullable: true},
	{Name: "name", Type: "varchar(40)", Kind: table.KindString, Length: 40, Charset: "utf8mb4", Nullable: true},
	{Name: "flag", Type: "tinyint(1)", Kind: table.KindInt, Bits: 8, Nullable: true},
	{Name: "ratio", Type: "double", Kind: table.KindDouble},
	{Name: "single", Type: "float", Kind: table.KindFloat},
	{Name: "day", Type: "date", Kind: table.KindDate},
	{Name: "at", Type: "datetime(6)", Kind: table.KindDateTime, Precision: 6},
	{Name: "inst", Type: "timestamp(6)", Kind: table.KindTimestamp, Precision: 6, Nullable: true},
	{Name: "clock", Type: "time(6)", Kind: table.KindTime, Precision: 6},
	{Name: "token", Type: "varbinary(16)", Kind: table.KindBytes, Length: 16},
}

// memory is a file in memory.
type memory struct{ *bytes.Reader }

func inMemory(b []byte) memory { return memory{bytes.NewReader(b)} }

func (m memory) Size() int64 { return m.Reader.Size() }

func load(t testing.TB, name string) memory {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return inMemory(b)
}

// expected is what testdata/make.py says that MySQL prints.
func expected(t testing.TB, cols []table.Column) [][]string {
	t.Helper()
	f, err := os.Open("testdata/expected.jsonl")
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // read only
	var out [][]string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var row map[string]*string
		require.NoError(t, json.Unmarshal(lines.Bytes(), &row))
		var texts []string
		for _, c := range cols {
			text := "NULL"
			if v := row[c.Name]; v != nil {
				text = "=" + *v
			}
			if c.Kind == table.KindBytes {
				raw, err := hex.DecodeString(text[1:])
				require.NoError(t, err)
				text = "=" + string(raw)
			}
			texts = append(texts, text)
		}
		out = append(out, texts)
	}
	return out
}

// readAll reads a file in batches of limit rows. A value is "=text", or "NULL".
func readAll(t testing.TB, f format.File, name string, o format.Options, cols []table.Column, from format.Position,
	limit int,
) (rows [][]string, bad []format.BadRow, err error) {
	t.Helper()
	r, err := format.Open(t.Context(), f, name, o, cols, from)
	if err != nil {
		return nil, nil, err
	}
	defer func() { require.NoError(t, r.Close()) }()
	for {
		got, refused, err := r.Next(t.Context(), limit)
		if errors.Is(err, io.EOF) {
			return rows, bad, nil
		}
		if err != nil {
			return rows, bad, err
		}
		require.LessOrEqual(t, got.Len()+len(refused), limit)
		require.Positive(t, got.Len()+len(refused))
		rows = append(rows, texts(got)...)
		bad = append(bad, refused...)
		require.Equal(t, from.Row+int64(len(rows)+len(bad)), r.Position().Row)
		got.Return()
	}
}

func texts(rows *table.Rows) [][]string {
	var out [][]string
	for i := range rows.Len() {
		var row []string
		for c := range rows.Columns() {
			if v := rows.Value(i, c); v == nil {
				row = append(row, "NULL")
			} else {
				row = append(row, "="+string(v))
			}
		}
		out = append(out, row)
	}
	return out
}

func without(cols []table.Column, names ...string) []table.Column {
	var out []table.Column
	for _, c := range cols {
		if !table.HasColumn(names, c.Name) {
			out = append(out, c)
		}
	}
	return out
}

// TestFilesOfOtherMakersArriveExactly reads the files that pandas, pyarrow, DuckDB, polars and fastparquet write.
func TestFilesOfOtherMakersArriveExactly(t *testing.T) {
	text := format.Options{Bytes: format.BytesHex, Text: format.Text{Nulls: []string{`\N`}}}
	utc := format.Options{Zone: format.ZoneUTC}
	for _, c := range []struct {
		name    string
		options format.Options
		lacks   []string
	}{
		{name: "pyarrow.parquet"},
		{name: "pyarrow-v2.parquet"},
		{name: "pyarrow-plain.parquet"},
		{name: "pyarrow-delta.parquet"},
		{name: "pyarrow-brotli.parquet"},
		{name: "pyarrow-lz4.parquet"},
		{name: "pyarrow-int96.parquet", options: utc},
		{name: "pandas.parquet"},
		{name: "polars.parquet"},
		{name: "duckdb.parquet"},
		{name: "duckdb-v2.parquet"},
		{name: "fastparquet.parquet", options: utc, lacks: []string{"clock", "big", "price", "day"}},
		{name: "duckdb.csv", options: text},
		{name: "duckdb.csv.gz", options: text},
		{name: "duckdb.jsonl", options: text},
		{name: "duckdb.json", options: text},
		{name: "duckdb.jsonl.zst", options: text},
		{name: "gzip-without-suffix.jsonl", options: text},
		{name: "pandas.csv", options: text},
		{name: "pandas.jsonl", options: text, lacks: []string{"ratio", "clock", "at", "inst", "day", "price", "big"}},
		{name: "polars.csv", options: text},
		{name: "polars.jsonl", options: text},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := load(t, c.name)
			names, err := format.Names(t.Context(), f, c.name, c.options)
			require.NoError(t, err)
			m, err := format.Match("f", names, without(makersColumns, c.lacks...))
			require.NoError(t, err)
			require.Empty(t, m.Missing)
			want := expected(t, m.Columns)
			for _, limit := range []int{1, 7, 1000} {
				rows, bad, err := readAll(t, f, c.name, c.options, m.Columns, format.Position{}, limit)
				require.NoError(t, err)
				require.Empty(t, bad)
				require.Equal(t, want, rows)
			}
			goOnAnywhere(t, f, c.name, c.options, m.Columns, want)
		})
	}
}

// goOnAnywhere reads a batch, and the rest by another reader at its position.
func goOnAnywhere(t *testing.T, f format.File, name string, o format.Options, cols []table.Column, want [][]string) {
	t.Helper()
	for _, limit := range []int{1, 9, 50, 100, 111, 120, 121} {
		r, err := format.Open(t.Context(), f, name, o, cols, format.Position{})
		require.NoError(t, err)
		first, _, err := r.Next(t.Context(), limit)
		require.NoError(t, err)
		n := first.Len()
		rest, _, err := readAll(t, f, name, o, cols, r.Position(), 13)
		require.NoError(t, err)
		require.Equal(t, want[n:], append([][]string{}, rest...))
		require.NoError(t, r.Close())
	}
}
