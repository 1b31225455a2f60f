package format_test

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/table"
)

// TestNestedParquetBecomesJSON reads lists, maps and structs, deep ones too, into JSON columns.
func TestNestedParquetBecomesJSON(t *testing.T) {
	cols := []table.Column{{Name: "id", Type: "int", Kind: table.KindInt, Bits: 32}}
	for _, name := range []string{"doc", "list", "deep", "map"} {
		cols = append(cols, table.Column{Name: name, Type: "json", Kind: table.KindJSON, Nullable: true})
	}
	want, err := os.Open("testdata/nested.expected.jsonl")
	require.NoError(t, err)
	defer want.Close() //nolint:errcheck // read only
	f := load(t, "nested.parquet")
	rows, bad, err := readAll(t, f, "nested.parquet", format.Options{}, cols, format.Position{}, 10)
	require.NoError(t, err)
	require.Empty(t, bad)
	lines := bufio.NewScanner(want)
	for _, row := range rows {
		require.True(t, lines.Scan())
		var doc map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(lines.Bytes(), &doc))
		for i, c := range cols {
			text := row[i]
			if text == "NULL" {
				text = "=null"
			}
			require.Equal(t, string(doc[c.Name]), text[1:], "row %s, column %s", row[0], c.Name)
		}
	}
	require.False(t, lines.Scan())
	rest, _, err := readAll(t, f, "nested.parquet", format.Options{}, cols, format.Position{Row: 31, Group: 1}, 10)
	require.NoError(t, err)
	require.Equal(t, rows[31:], rest)
	text := []table.Column{{Name: "doc", Type: "varchar(200)", Kind: table.KindString, Charset: "utf8mb4"}}
	_, _, err = readAll(t, f, "nested.parquet", format.Options{}, text, format.Position{}, 10)
	require.ErrorIs(t, err, format.ErrColumns)
}
