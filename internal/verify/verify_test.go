package verify_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// rowsOf makes rows; nil is NULL.
func rowsOf(rows ...[]any) *table.Rows {
	out := table.NewRows(len(rows[0]))
	for _, row := range rows {
		for _, v := range row {
			if v == nil {
				out.Append(nil)
				continue
			}
			out.Append([]byte(v.(string)))
		}
	}
	return out
}

func members(kind table.Kind, texts ...string) table.Column {
	return table.Column{Name: "c", Kind: kind, Members: texts}
}

func one(kind table.Kind, typ string) table.Column {
	return table.Column{Name: "c", Type: typ, Kind: kind, Charset: "utf8mb4"}
}

// layoutOf is a key k, a column c of two types, and the cursor u.
func layoutOf(t *testing.T, source, target table.Column) *verify.Layout {
	t.Helper()
	key := table.Column{Name: "k", Type: "varchar(20)", Kind: table.KindString}
	cursor := table.Column{Name: "u", Type: "datetime(6)", Kind: table.KindDateTime, Precision: 6}
	l := &verify.Layout{
		Columns: []verify.Column{
			{Source: key, Target: key},
			{Source: source, Target: target},
			{Source: cursor, Target: cursor},
		},
		Key:    1,
		Cursor: 2,
		AsOf:   "2024-06-01 00:00:00.000000",
		Owned:  true,
	}
	require.NoError(t, l.Prepare())
	return l
}

const before, after = "2024-05-31 23:59:59.999999", "2024-06-01 00:00:00.000001"

func typedDecimal(scale int) table.Column {
	c := one(table.KindDecimal, "decimal")
	c.Scale = scale
	return c
}

func typedMoment(kind table.Kind, precision int) table.Column {
	c := one(kind, "datetime")
	c.Precision = precision
	return c
}

func typedBinary(n uint64) table.Column {
	c := one(table.KindBytes, "binary")
	c.Length = n
	return c
}

// inASCII is a text in ascii, which MariaDB has read as bytes.
func inASCII(raw bool) table.Column {
	c := one(table.KindString, "varchar(9)")
	c.Charset, c.RawCharset = "ascii", raw
	return c
}

var typedText, typedJson = one(table.KindString, "longtext"), one(table.KindJSON, "json")

// twoTypes are values of one column on both sides.
var twoTypes = map[string]struct {
	source, target table.Column
	a, b           any
	equal          bool
}{
	"INT in BIGINT": {
		one(table.KindInt, "int"), one(table.KindUint, "bigint unsigned"),
		"7", "7", true,
	},
	"FLOAT, 8th digit": {
		one(table.KindFloat, "float"), one(table.KindFloat, "float"),
		"1.0000001192092896", "1.000000238418579", false,
	},
	"DECIMAL of more digits":     {typedDecimal(2), typedDecimal(4), "-1.10", "-1.1000", true},
	"DECIMAL without a fraction": {typedDecimal(0), typedDecimal(2), "100", "100.00", true},
	"DECIMAL that differs":       {typedDecimal(2), typedDecimal(4), "1.10", "1.1001", false},
	"DATETIME of more digits": {
		typedMoment(table.KindDateTime, 0), typedMoment(table.KindDateTime, 6),
		"2024-01-01 00:00:00", "2024-01-01 00:00:00.000000", true,
	},
	"TIMESTAMP in DATETIME": {
		typedMoment(table.KindTimestamp, 3), typedMoment(table.KindDateTime, 6),
		"2024-01-01 00:00:00.120", "2024-01-01 00:00:00.120000", true,
	},
	"INT in DECIMAL":       {one(table.KindInt, "int"), typedDecimal(2), "-7", "-7.00", true},
	"YEAR in INT":          {one(table.KindYear, "year"), one(table.KindInt, "int"), "2024", "2024", true},
	"BINARY of one length": {typedBinary(2), typedBinary(2), "\x01\x00", "\x01", false},
	"64 KiB of text": {
		typedText, typedText,
		strings.Repeat("x", 65535), strings.Repeat("x", 65534) + "y", false,
	},
	"ascii of both kinds of servers":       {inASCII(true), inASCII(false), "a", "a", true},
	"ascii that differs":                   {inASCII(false), inASCII(true), "a", "a\x80", false},
	"UUID in the ascii of MariaDB":         {one(table.KindUUID, "uuid"), inASCII(true), "0-1", "0-1", true},
	"UUID in CHAR":                         {one(table.KindUUID, "uuid"), typedText, "0-1", "0-1", true},
	"ENUM in text":                         {members(table.KindEnum, "a"), typedText, "a", "a", true},
	"text with a space":                    {typedText, typedText, "a", "a ", false},
	"text of another case":                 {typedText, typedText, "aa", "AA", false},
	"NULL and nothing":                     {typedText, typedText, nil, "", false},
	"NULL and NULL":                        {typedText, typedText, nil, nil, true},
	"JSON and its text":                    {typedJson, typedText, `{"a": [1, 2.5], "b": null}`, `{"b":null,"a":[1,2.50]}`, true},
	"JSON that differs":                    {typedJson, typedText, `{"a": 1}`, `{"a":"1"}`, false},
	"JSON with a large number":             {typedJson, typedText, `[18446744073709551615]`, `[18446744073709551614]`, false},
	"JSON with digits that a double lacks": {typedJson, typedText, `[1.00000000000000000001]`, `[1.0]`, false},
	"text in JSON, as a double":            {typedText, typedJson, `[1.00000000000000000001]`, `[1.0]`, true},
	"text that is no JSON":                 {typedJson, typedText, `{`, `{`, true},
	"two JSON values":                      {typedJson, typedText, `1 2`, `1`, false},
}

// Equal values of two types are equal, and values that differ in the last digit are not.
func TestValuesOfTwoTypesAreComparedExactly(t *testing.T) {
	for name, c := range twoTypes {
		t.Run(name, func(t *testing.T) {
			l := layoutOf(t, c.source, c.target)
			j := verify.NewJoin(l, verify.SameKeys)
			j.First(rowsOf([]any{"k", c.a, before}))
			j.Second(rowsOf([]any{"k", c.b, before}))
			require.Equal(t, c.equal, len(j.End()) == 0)
			require.Equal(t, c.equal, j.Tally.Equal == 1)
		})
	}
}

func TestTypesThatCannotBeComparedAreRefusedByName(t *testing.T) {
	raw := table.Column{Name: "c", Type: "varchar(9)", Kind: table.KindString, Charset: "gb18030", RawCharset: true}
	for _, c := range [][2]table.Column{
		{one(table.KindUnsupported, "curve"), one(table.KindUnsupported, "curve")},
		{one(table.KindInt, "int"), one(table.KindString, "varchar(20)")},
		{raw, one(table.KindString, "varchar(9)")},
		{members(table.KindEnum, ""), members(table.KindEnum)},
		{members(table.KindEnum, ""), one(table.KindString, "text")},
		{one(table.KindBytes, "varbinary(4)"), one(table.KindBytes, "binary(4)")},
		{members(table.KindSet, "", "a"), members(table.KindSet, "", "b")},
	} {
		l := verify.Layout{Columns: []verify.Column{{Source: c[0], Target: c[1]}}, Key: 1, Cursor: -1}
		require.ErrorContains(t, l.Prepare(), "column c: ")
	}
}

// Values that move from one column to the next, and rows that exchange their values, do not cancel out.
func TestNoDifferencesCancelOut(t *testing.T) {
	key := table.Column{Name: "a", Type: "varchar(20)", Kind: table.KindString}
	c := verify.Column{Source: key, Target: key}
	l := &verify.Layout{Columns: []verify.Column{c, c, c}, Key: 2, Cursor: -1}
	require.NoError(t, l.Prepare())
	j := verify.NewJoin(l, verify.SameKeys)
	j.First(rowsOf([]any{"x0", "y", "1"}, []any{"p", "q", "2"}, []any{"p", "r", "3"}))
	j.Second(rowsOf([]any{"x", "0y", "1"}, []any{"p", "q", "3"}, []any{"p", "r", "2"}))
	require.ElementsMatch(t, []table.Texts{{"p", "q"}, {"p", "r"}, {"x", "0y"}, {"x0", "y"}}, j.End())
	require.Zero(t, j.Tally.Equal)

	l = &verify.Layout{Columns: []verify.Column{c, c, c}, Key: 1, Cursor: -1}
	require.NoError(t, l.Prepare())
	j = verify.NewJoin(l, verify.SameKeys)
	j.First(rowsOf([]any{"k", "a", nil}))
	j.Second(rowsOf([]any{"k", nil, "a"}))
	require.Len(t, j.End(), 1)
}

// A key whose cursor is above AsOf on either side is pending, unless both rows are equal; a cursor that is NULL was
// never promised.
func TestPendingKeysAreCountedOnly(t *testing.T) {
	text := one(table.KindString, "text")
	j := verify.NewJoin(layoutOf(t, text, text), verify.SameKeys)
	j.First(
		rowsOf(
			[]any{"source later", "a", after},
			[]any{"target later", "a", before},
			[]any{"gone", "a", after},
			[]any{"equal", "a", after},
			[]any{"never", "a", nil},
		),
	)
	j.Second(
		rowsOf(
			[]any{"source later", "b", before},
			[]any{"target later", "b", after},
			[]any{"come", "a", after},
			[]any{"equal", "a", after},
		),
	)
	require.Empty(t, j.End())
	require.Equal(t, verify.Tally{SourceRows: 5, TargetRows: 4, Equal: 1, Pending: 5}, j.Tally)
}

// Of a look by keys the other spelling of a key is no row of it, and the target's rows are only asked for.
func TestLooksByKey(t *testing.T) {
	text := one(table.KindString, "text")
	l := layoutOf(t, text, text)
	j := verify.NewJoin(l, verify.SourceKeys)
	j.First(rowsOf([]any{"aa", "1", before}, []any{"b", "1", before}))
	require.ElementsMatch(t, []table.Texts{{"aa"}, {"b"}}, j.Keys())
	j.Second(rowsOf([]any{"AA", "1", before}, []any{"b", "1", before}))
	require.Equal(t, []table.Texts{{"aa"}}, j.End())
	require.Equal(t, verify.Tally{SourceRows: 2, Equal: 1, Suspects: 1}, j.Tally)

	j = verify.NewJoin(l, verify.TargetKeys)
	j.First(rowsOf([]any{"AA", "1", before}, []any{"b", "1", before}))
	j.Second(rowsOf([]any{"b", "2", before}))
	require.Equal(t, []table.Texts{{"AA"}}, j.End())
	require.Equal(t, verify.Tally{TargetRows: 2, Suspects: 1}, j.Tally)
}

// A cursor of integers is no text: 9 is below 10, and -10 below -9.
func TestIntegerCursorsCompareAsNumbers(t *testing.T) {
	id := table.Column{Name: "id", Type: "bigint", Kind: table.KindInt, Bits: 64}
	for _, c := range []struct {
		value, asOf string
		pending     int64
	}{
		{"9", "10", 0},
		{"10", "9", 1},
		{"-10", "-9", 0},
		{"-9", "-10", 1},
		{"-1", "0", 0},
		{"0", "-1", 1},
		{"7", "7", 0},
	} {
		l := &verify.Layout{Columns: []verify.Column{{Source: id, Target: id}}, Key: 1, Cursor: 0, AsOf: c.asOf}
		require.NoError(t, l.Prepare())
		j := verify.NewJoin(l, verify.SameKeys)
		j.First(rowsOf([]any{c.value}))
		require.Len(t, j.End(), int(1-c.pending), "%+v", c)
		require.Equal(t, c.pending, j.Tally.Pending, "%+v", c)
	}
}
