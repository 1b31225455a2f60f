package format_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/table"
)

// TestSnakeIsTheNamingOfDlt has what dlt 1.31 makes of names.
func TestSnakeIsTheNamingOfDlt(t *testing.T) {
	for name, want := range map[string]string{
		"userId": "user_id", "UserID": "user_id", "HTTPServer": "http_server", "a-b": "a_b", "a+b*c": "axbxc",
		"name@x|y": "nameaxly", "2fast": "_2fast", "tail_": "tailx", "tail__": "tailxx", "a__b": "a_b",
		" spaced out ": "spaced_out", "Größe": "gr_e", "already_snake": "already_snake", "abc!!": "abcx",
	} {
		require.Equal(t, want, format.Snake(name), name)
	}
}

func named(names ...string) []table.Column {
	out := make([]table.Column, len(names))
	for i, n := range names {
		out[i].Name = n
	}
	return out
}

// TestMatch joins names exactly, else without case, else by dlt's rule; two for one are an error.
func TestMatch(t *testing.T) {
	for _, c := range []struct {
		file, target         []string
		from, missing, extra []string
		err                  string
	}{
		{file: []string{"b", "a"}, target: []string{"a", "b"}, from: []string{"", ""}},
		{
			file: []string{"ID", "x"}, target: []string{"id", "y"}, from: []string{"ID"}, missing: []string{"y"},
			extra: []string{"x"},
		},
		{file: []string{"user_id"}, target: []string{"userId"}, from: []string{"user_id"}},
		{file: []string{"userId"}, target: []string{"user_id"}, from: []string{"userId"}},
		{file: []string{"user_id", "userId"}, target: []string{"user_id"}, err: "are both"},
		{file: []string{"id", "ID"}, target: []string{"id"}, err: "are both"},
		{file: []string{"user_id"}, target: []string{"userId", "UserId"}, err: "more than one column"},
		{file: []string{"userId", "user_id"}, target: []string{"userId", "user_id"}, from: []string{"", ""}},
	} {
		m, err := format.Match("a.csv", c.file, named(c.target...))
		if c.err != "" {
			require.ErrorIs(t, err, format.ErrColumns)
			require.ErrorContains(t, err, "a.csv: "+format.ErrColumns.Error()+": ")
			require.ErrorContains(t, err, c.err)
			continue
		}
		require.NoError(t, err)
		var from []string
		for _, col := range m.Columns {
			from = append(from, col.From)
		}
		require.Equal(t, c.from, from, "%v", c.file)
		require.Equal(t, c.missing, m.Missing)
		require.Equal(t, c.extra, m.Extra)
	}
	m, err := format.Match("a.csv", []string{"sum"}, []table.Column{{Name: "sum", Generated: true}})
	require.NoError(t, err)
	require.Equal(t, []string{"sum"}, m.Extra)
}

// TestSplitIsReadAsAWhole cuts Parquet, and reads the pieces: each row is in exactly one.
func TestSplitIsReadAsAWhole(t *testing.T) {
	for _, name := range []string{"pyarrow.parquet", "pyarrow-plain.parquet", "duckdb.parquet", "duckdb.csv"} {
		f := load(t, name)
		o := format.Options{Bytes: format.BytesHex, Text: format.Text{Nulls: []string{`\N`}}}
		want := expected(t, makersColumns)
		for _, size := range []int64{1, 100, 1000, 5000, 1 << 30} {
			pieces, err := format.Split(t.Context(), f, name, o, size)
			require.NoError(t, err)
			require.Equal(t, format.Position{}, pieces[0])
			var got [][]string
			for i, from := range pieces {
				o.Until = format.Position{}
				if i+1 < len(pieces) {
					o.Until = pieces[i+1]
				}
				rows, bad, err := readAll(t, f, name, o, makersColumns, from, 7)
				require.NoError(t, err)
				require.Empty(t, bad)
				require.NotEmpty(t, rows)
				got = append(got, rows...)
			}
			require.Equal(t, want, got, "%s in pieces of %d", name, size)
		}
	}
}

// TestNamesThatChangeBetweenRows match each row's names, however those of the first file are written. What may be of
// two columns, or is there twice in two ways, is refused and never NULL.
func TestNamesThatChangeBetweenRows(t *testing.T) {
	cols := named("order_id", "v", "userId", "user_id")
	cols[0].From = "orderId"
	for i := range cols {
		cols[i].Type, cols[i].Kind, cols[i].Nullable, cols[i].Charset = "longtext", table.KindString, true, "utf8mb4"
	}
	rows, bad, err := readAll(t, inMemory([]byte(`{"orderId": "1", "v": "a", "userId": "u", "user_id": "w"}
{"ORDERID": "2", "V": "b"}
{"order_id": "3", "v": "c", "USERID": "u"}
{"OrderId": "4", "order_id": "5"}
{"order-id": "6", "user-id": "?"}
{"order-id": "7", "other": "?"}
`)), "v.jsonl", format.Options{}, cols, format.Position{}, 10)
	require.NoError(t, err)
	require.Equal(t, [][]string{
		{"=1", "=a", "=u", "=w"},
		{"=2", "=b", "NULL", "NULL"},
		{"=3", "=c", "=u", "NULL"},
		{"=7", "NULL", "NULL", "NULL"},
	}, rows)
	require.Len(t, bad, 2)
	require.Equal(t, format.BadRow{Row: 4, Column: "order_id", Why: "its name is there twice"}, bad[0])
	require.Equal(t, format.BadRow{Row: 5, Why: "a name in it may be of more than one column of the target"}, bad[1])
}
