package format_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/table"
)

// pairColumns are a number and a text that may be NULL.
var pairColumns = []table.Column{
	{Name: "id", Type: "int", Kind: table.KindInt, Bits: 32, Nullable: true},
	{Name: "name", Type: "varchar(50)", Kind: table.KindString, Length: 50, Charset: "utf8mb4", Nullable: true},
}

// shape is a whole file and what comes of it.
type shape struct {
	what string
	text string
	rows []string // "id|name", NULL for NULL
	bad  string   // "row: why" of what is refused, joined by "; "
	err  string   // part of the error
}

func checkShapes(t *testing.T, name string, o format.Options, shapes []shape) {
	t.Helper()
	for _, s := range shapes {
		t.Run(s.what, func(t *testing.T) {
			for _, limit := range []int{1, 100} {
				rows, bad, err := readAll(t, inMemory([]byte(s.text)), name, o, pairColumns, format.Position{}, limit)
				if s.err != "" {
					require.ErrorContains(t, err, s.err)
					require.ErrorContains(t, err, name)
					require.True(t, isRefusal(err), "%v", err)
					continue
				}
				require.NoError(t, err)
				var got, why []string
				for _, r := range rows {
					got = append(got, strings.ReplaceAll(strings.Join(r, "|"), "=", ""))
				}
				require.Equal(t, s.rows, got)
				for _, b := range bad {
					require.NotContains(t, b.Why, "secret")
					why = append(why, strings.TrimSpace(fmt.Sprint(b.Row, " ", b.Column)))
				}
				require.Equal(t, s.bad, strings.Join(why, "; "))
			}
		})
	}
}

func TestShapesOfCSV(t *testing.T) {
	o := format.Options{Text: format.Text{Nulls: []string{`\N`}}}
	checkShapes(t, "f.csv", o, []shape{
		{what: "plain", text: "id,name\n1,a\n2,b\n", rows: []string{"1|a", "2|b"}},
		{what: "no end of the last line", text: "id,name\n1,a", rows: []string{"1|a"}},
		{what: "CRLF", text: "id,name\r\n1,a\r\n2,\"b\"\r\n", rows: []string{"1|a", "2|b"}},
		{what: "byte order mark", text: "\ufeffid,name\n1,a\n", rows: []string{"1|a"}},
		{what: "other order", text: "name,more,id\na,x,1\n", rows: []string{"1|a"}},
		{what: "quotes", text: "id,name\n1,\"a \"\"b\"\", c\"\n", rows: []string{`1|a "b", c`}},
		{what: "a line inside", text: "id,name\n1,\"a\nb\r\nc\"\n2,d\n", rows: []string{"1|a\nb\r\nc", "2|d"}},
		{what: "empty lines", text: "id,name\n\n1,a\n\r\n\n2,b\n", rows: []string{"1|a", "2|b"}},
		{what: "nulls", text: "id,name\n\\N,\\N\n,\"\\N\"\n,\n", rows: []string{"NULL|NULL", `NULL|\N`, "NULL|"}},
		{what: "quoted header", text: "\"id\",\"name\"\n1,a\n", rows: []string{"1|a"}},
		{what: "header alone", text: "id,name\n"},
		{what: "too few fields", text: "id,name\n1\n2,b\n", rows: []string{"2|b"}, bad: "1"},
		{what: "too many fields", text: "id,name\n1,secret,c\n2,b\n", rows: []string{"2|b"}, bad: "1"},
		{what: "no number", text: "id,name\n1,a\nsecret,b\n3,c\n", rows: []string{"1|a", "3|c"}, bad: "2 id"},
		{what: "two faults in a row", text: "id,name\nsecret,\xff\n", bad: "1 id"},
		{what: "latin1", text: "id,name\n1,\xe4secret\n", bad: "1 name"},
		{what: "quote inside", text: "id,name\n1,a\"secret\n2,b\n", rows: []string{"2|b"}, bad: "1"},
		{what: "text behind a quote", text: "id,name\n1,\"a\"secret\n2,b\n", err: "row 1: a quote"},
		{what: "open quote", text: "id,name\n1,a\n2,\"b\n3,c\n", err: "row 2: file cannot be read: it ends too early"},
		{what: "nothing", text: "", err: "no header"},
		{what: "UTF-16", text: "\xff\xfei\x00d\x00", err: "UTF-16"},
		{what: "a name twice", text: "id,id,name\n", err: "twice"},
		{what: "a column is missing", text: "id,nam\n", err: "no column \"name\""},
	})
	_, _, err := readAll(t, inMemory([]byte("id,name\n")), "f.csv", format.Options{}, pairColumns, format.Position{}, 1)
	require.ErrorIs(t, err, format.ErrColumns)
	require.ErrorContains(t, err, "`nulls`")
	for _, delimiter := range []string{"\"", "\n", "::"} {
		o.Text.Delimiter = delimiter
		_, _, err = readAll(t, inMemory([]byte("id,name\n")), "f.csv", o, pairColumns, format.Position{}, 1)
		require.ErrorIs(t, err, format.ErrColumns)
	}
	o.Text.Delimiter = ";"
	checkShapes(t, "f.csv", o, []shape{{what: "semicolon", text: "id;name\n1;a,b\n", rows: []string{"1|a,b"}}})
	o.Text = format.Text{NoHeader: true, Columns: []string{"id", "name"}, Nulls: []string{""}}
	checkShapes(t, "f.csv", o, []shape{
		{what: "without a header", text: "1,\n2,\"\"\n", rows: []string{"1|NULL", "2|"}},
		{what: "empty", text: ""},
	})
}

func TestShapesOfTSV(t *testing.T) {
	o := format.Options{Text: format.Text{Columns: []string{"id", "name"}}}
	checkShapes(t, "f.tsv", o, []shape{
		{what: "plain", text: "1\ta\n2\tb\n", rows: []string{"1|a", "2|b"}},
		{what: "escapes", text: "1\ta\\tb\\nc\\\\d\\0e\n", rows: []string{"1|a\tb\nc\\d\x00e"}},
		{what: "an end of line behind a backslash", text: "1\ta\\\nb\n2\t\\\\\n", rows: []string{"1|a\nb", `2|\`}},
		{what: "NULL and empty", text: "\\N\t\\N\n2\t\n", rows: []string{"NULL|NULL", "2|"}},
		{what: "an escaped delimiter", text: "1\ta\\\tb\n", rows: []string{"1|a\tb"}},
		{what: "quotes are text", text: "1\t\"a\"\n", rows: []string{`1|"a"`}},
		{what: "CR is text", text: "1\ta\r\n", rows: []string{"1|a\r"}},
		{what: "too few fields", text: "1\n2\tb\n", rows: []string{"2|b"}, bad: "1"},
		{what: "cut off behind a backslash", text: "1\ta\\\n", err: "ends too early"},
	})
	checkShapes(t, "f.tsv", format.Options{}, []shape{
		{what: "header", text: "name\tid\nx\t1\n", rows: []string{"1|x"}},
		{what: "header and CRLF", text: "id\tname\r\n1\ta\r\n2\t\\N\r\n", rows: []string{"1|a", "2|NULL"}},
	})
}

// MySQL writes the error value of an ENUM as an empty text, and NULL as \N.
func TestTheErrorValueOfAnENUMInTSV(t *testing.T) {
	status := table.Column{
		Name: "V", Type: "enum('a','b')", Kind: table.KindEnum, Members: []string{"a", "b"}, Nullable: true,
	}
	read := func(name, text string, o format.Options, c table.Column) ([][]string, []format.BadRow) {
		o.Text = format.Text{Columns: []string{"V"}, NoHeader: true}
		rows, bad, err := readAll(t, inMemory([]byte(text)), name, o, []table.Column{c}, format.Position{}, 10)
		require.NoError(t, err)
		return rows, bad
	}
	rows, bad := read("v.tsv", "a\n\n\\N\nc\n", format.Options{}, status)
	require.Equal(t, [][]string{{"=a"}, {"="}, {"NULL"}}, rows)
	require.Len(t, bad, 1)
	status.Nullable = false
	rows, bad = read("v.tsv", "\n\\N\n", format.Options{}, status)
	require.Equal(t, [][]string{{"="}}, rows)
	require.Len(t, bad, 1)
}

// TestBytesOfSingleColumns are decoded by the column's name in the file. A column that takes no bytes is refused: it
// would get the text of the encoding.
func TestBytesOfSingleColumns(t *testing.T) {
	read := func(c table.Column) ([][]string, []format.BadRow, error) {
		o := format.Options{Text: format.Text{Columns: []string{"V"}}, Decode: map[string]string{"V": format.BytesHex}}
		c.From, c.Nullable = "V", true
		return readAll(t, inMemory([]byte("00ff\n\\N\n")), "v.tsv", o, []table.Column{c}, format.Position{}, 10)
	}
	for want, c := range map[string]table.Column{"=\x00\xff": blob, "=255": integer("bit(8)", table.KindBit, 8)} {
		rows, bad, err := read(c)
		require.NoError(t, err)
		require.Empty(t, bad)
		require.Equal(t, [][]string{{want}, {"NULL"}}, rows)
	}
	for _, c := range []table.Column{varchar3, bigint, doc} {
		_, _, err := read(c)
		require.ErrorIs(t, err, format.ErrColumns)
		require.ErrorContains(t, err, "bytes as hex there")
	}
}

func TestShapesOfJSON(t *testing.T) {
	lines := []shape{
		{what: "plain", text: "{\"id\":1,\"name\":\"a\"}\n{\"name\":\"b\",\"id\":2}\n", rows: []string{"1|a", "2|b"}},
		{what: "no end of the last line", text: `{"id":1,"name":"a"}`, rows: []string{"1|a"}},
		{what: "spaces", text: " { \"id\" : 1 , \"name\" : \"a\" } \r\n", rows: []string{"1|a"}},
		{what: "byte order mark", text: "\ufeff{\"id\":1}\n", rows: []string{"1|NULL"}},
		{what: "a missing name is NULL", text: "{}\n{\"name\":null}\n", rows: []string{"NULL|NULL", "NULL|NULL"}},
		{what: "other names", text: `{"x":{"id":9},"id":1,"ids":7}`, rows: []string{"1|NULL"}},
		{what: "other case", text: `{"ID":1,"Name":"a"}`, rows: []string{"1|a"}},
		{what: "two names for one column", text: `{"id":1,"Id":7}`, bad: "1 id"},
		{what: "two names, the last one null", text: `{"id":1,"Id":null}`, bad: "1 id"},
		{what: "a name twice, the last one null", text: `{"id":1,"id":null}`, bad: "1 id"},
		{what: "an escaped name", text: `{"i\u0064":1}`, rows: []string{"1|NULL"}},
		{what: "nothing", text: ""},
		{what: "a name twice", text: `{"id":1,"id":2}` + "\n{\"id\":3}", rows: []string{"3|NULL"}, bad: "1 id"},
		{what: "UTF-16", text: "\xff\xfe{\x00", err: "UTF-16"},
	}
	checkShapes(t, "f.jsonl", format.Options{}, append(lines, []shape{
		{what: "empty lines", text: "\n{\"id\":1}\n \n{\"id\":2}\n\n", rows: []string{"1|NULL", "2|NULL"}},
		{what: "no JSON", text: "{\"id\":1}\nsecret\n{\"id\":2}\n", rows: []string{"1|NULL", "2|NULL"}, bad: "2"},
		{what: "an array", text: "[1]\n{\"id\":2}\n", rows: []string{"2|NULL"}, bad: "1"},
		{what: "a raw control character", text: "{\"id\":1,\"name\":\"a\tb\"}\n", bad: "1"},
		{what: "too deep", text: `{"x":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "}\n", bad: "1"},
		{what: "cut off", text: "{\"id\":1}\n{\"id\":2,\"na", err: "row 2: file cannot be read: it ends too early"},
	}...))
	checkShapes(t, "f.json", format.Options{}, append(lines, []shape{
		{what: "an array", text: "[{\"id\":1},\n{\"id\":2} , {}]\n", rows: []string{"1|NULL", "2|NULL", "NULL|NULL"}},
		{what: "an empty array", text: " [ ] "},
		{what: "over lines", text: "{\n\"id\":\n1}\n{\"id\":2}", rows: []string{"1|NULL", "2|NULL"}},
		{what: "brackets in texts", text: `[{"name":"]}\"{","id":1}]`, rows: []string{`1|]}"{`}},
		{what: "cut off in the array", text: `[{"id":1},`, err: "row 2: file cannot be read: it ends too early"},
		{what: "cut off in an object", text: `[{"id":1},{"id"`, err: "row 2: file cannot be read: it ends too early"},
		{what: "more behind the array", text: `[{"id":1}] x`, err: "more follows"},
		{what: "numbers", text: `[1]`, err: "no JSON object"},
	}...))
}
