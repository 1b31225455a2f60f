package format_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/table"
)

// valueCase is one value of JSON in one column: "=text", or part of why it is refused.
type valueCase struct {
	column table.Column
	json   string
	want   string
}

func integer(typ string, kind table.Kind, bits int) table.Column {
	return table.Column{Name: "v", Type: typ, Kind: kind, Bits: bits, Nullable: true}
}

var (
	tiny    = integer("tinyint", table.KindInt, 8)
	boolean = integer("tinyint(1)", table.KindInt, 8)
	medium  = integer("mediumint", table.KindInt, 24)
	bigint  = integer("bigint", table.KindInt, 64)
	ubigint = integer("bigint unsigned", table.KindUint, 64)
	bit4    = integer("bit(4)", table.KindBit, 4)
	year    = integer("year", table.KindYear, 0)
	money   = table.Column{Name: "v", Type: "decimal(10,2)", Kind: table.KindDecimal, Precision: 10, Scale: 2}
	umoney  = table.Column{
		Name: "v", Type: "decimal(10,2) unsigned", Kind: table.KindDecimal, Precision: 10, Scale: 2,
	}
	widest    = table.Column{Name: "v", Type: "decimal(65,30)", Kind: table.KindDecimal, Precision: 65, Scale: 30}
	double    = table.Column{Name: "v", Type: "double", Kind: table.KindDouble}
	udouble   = table.Column{Name: "v", Type: "double unsigned", Kind: table.KindDouble}
	float     = table.Column{Name: "v", Type: "float", Kind: table.KindFloat}
	day       = table.Column{Name: "v", Type: "date", Kind: table.KindDate}
	datetime  = table.Column{Name: "v", Type: "datetime", Kind: table.KindDateTime}
	datetime3 = table.Column{Name: "v", Type: "datetime(3)", Kind: table.KindDateTime, Precision: 3}
	timestamp = table.Column{Name: "v", Type: "timestamp", Kind: table.KindTimestamp}
	clock3    = table.Column{Name: "v", Type: "time(3)", Kind: table.KindTime, Precision: 3}
	varchar3  = table.Column{Name: "v", Type: "varchar(3)", Kind: table.KindString, Length: 3, Charset: "utf8mb4"}
	char3     = table.Column{Name: "v", Type: "char(3)", Kind: table.KindString, Length: 3, Charset: "utf8mb4"}
	tinytext  = table.Column{Name: "v", Type: "tinytext", Kind: table.KindString, Length: 4, Charset: "utf8mb4"}
	utf8mb3   = table.Column{Name: "v", Type: "varchar(9)", Kind: table.KindString, Length: 9, Charset: "utf8mb3"}
	ascii     = table.Column{Name: "v", Type: "varchar(9)", Kind: table.KindString, Length: 9, Charset: "ascii"}
	gbk       = table.Column{
		Name: "v", Type: "varchar(9)", Kind: table.KindString, Length: 9, Charset: "gbk", RawCharset: true,
	}
	enum = table.Column{
		Name: "v", Type: "enum('New','paid')", Kind: table.KindEnum, Members: []string{"New", "paid"},
		Collation: "utf8mb4_0900_ai_ci",
	}
	enumBin = table.Column{
		Name: "v", Type: "enum('a','A')", Kind: table.KindEnum, Members: []string{"a", "A"}, Collation: "utf8mb4_bin",
	}
	set      = table.Column{Name: "v", Type: "set('a','b','c')", Kind: table.KindSet, Members: []string{"a", "b", "c"}}
	setNum   = table.Column{Name: "v", Type: "set('','b')", Kind: table.KindSet, Members: []string{"", "b"}}
	blob     = table.Column{Name: "v", Type: "varbinary(4)", Kind: table.KindBytes, Length: 4}
	fixedBin = table.Column{Name: "v", Type: "binary(4)", Kind: table.KindBytes, Length: 4}
	doc      = table.Column{Name: "v", Type: "json", Kind: table.KindJSON}
	uuid     = table.Column{Name: "v", Type: "uuid", Kind: table.KindUUID}
	inet4    = table.Column{Name: "v", Type: "inet4", Kind: table.KindInet}
	inet6    = table.Column{Name: "v", Type: "inet6", Kind: table.KindInet}
)

var numberCases = []valueCase{
	{tiny, `127`, "=127"},
	{tiny, `-128`, "=-128"},
	{tiny, `128`, "out of range"},
	{tiny, `"12"`, "=12"},
	{tiny, `"+012"`, "=12"},
	{tiny, `-0`, "=0"},
	{tiny, `12.0`, "=12"},
	{tiny, `1.2e1`, "=12"},
	{tiny, `1200e-2`, "=12"},
	{tiny, `12.5`, "no whole number"},
	{tiny, `""`, "no number"},
	{tiny, `"1 2"`, "no number"},
	{tiny, `true`, "=1"},
	{tiny, `"true"`, "no number"},
	{boolean, `"True"`, "=1"},
	{boolean, `"f"`, "no number"},
	{boolean, `false`, "=0"},
	{tiny, `{}`, "does not go"},
	{tiny, `null`, "NULL"},
	{medium, `8388607`, "=8388607"},
	{medium, `8388608`, "out of range"},
	{bigint, `9223372036854775807`, "=9223372036854775807"},
	{bigint, `9223372036854775808`, "out of range"},
	{bigint, `-9223372036854775808`, "=-9223372036854775808"},
	{bigint, `1e18`, "=1000000000000000000"},
	{bigint, `1e19`, "out of range"},
	{bigint, `1e400`, "out of range"},
	{bigint, `0e400`, "=0"},
	{ubigint, `18446744073709551615`, "=18446744073709551615"},
	{ubigint, `18446744073709551616`, "out of range"},
	{ubigint, `-1`, "out of range"},
	{bit4, `15`, "=15"},
	{bit4, `16`, "out of range"},
	{bit4, `true`, "=1"},
	{year, `2024`, "=2024"},
	{year, `0`, "=0"},
	{year, `1900`, "out of range"},
	{money, `12345678.9`, "=12345678.90"},
	{money, `-0.00`, "=0.00"},
	{money, `-0.05`, "=-0.05"},
	{money, `123456789`, "out of range"},
	{money, `1.005`, "too many digits"},
	{money, `1.0500`, "=1.05"},
	{money, `1.5e2`, "=150.00"},
	{money, `15e-1`, "=1.50"},
	{money, `".5"`, "=0.50"},
	{money, `"1,5"`, "no number"},
	{umoney, `-1`, "out of range"},
	{umoney, `-0`, "=0.00"},
	{
		widest, `12345678901234567890123456789012345.123456789012345678901234567891`,
		"=12345678901234567890123456789012345.123456789012345678901234567891",
	},
	{widest, `123456789012345678901234567890123456`, "out of range"},
	{double, `0.1`, "=0.1"},
	{double, `1e400`, "out of range"},
	{double, `100`, "=100"},
	{double, `"NaN"`, "no number"},
	{udouble, `-1`, "out of range"},
	{float, `0.1`, "=0.10000000149011612"},
	{float, `1e39`, "out of range"},
}

var momentCases = []valueCase{
	{day, `"2024-02-29"`, "=2024-02-29"},
	{day, `"2024-02-30"`, "no date that exists"},
	{day, `"2023-02-29"`, "no date that exists"},
	{day, `"0000-00-00"`, "=0000-00-00"},
	{day, `"2024-00-10"`, "no date that exists"},
	{day, `"2024-01-01T00:00:00"`, "=2024-01-01"},
	{day, `"2024-01-01 00:00:01"`, "no date that exists"},
	{day, `"2024-01-01T00:00:00Z"`, "time zone"},
	{day, `20240101`, "does not go"},
	{datetime, `"2024-01-02 03:04:05"`, "=2024-01-02 03:04:05"},
	{datetime, `"2024-01-02T03:04:05"`, "=2024-01-02 03:04:05"},
	{datetime, `"2024-01-02T03:04"`, "=2024-01-02 03:04:00"},
	{datetime, `"2024-01-02"`, "=2024-01-02 00:00:00"},
	{datetime, `"2024-01-02 03:04:05.000"`, "=2024-01-02 03:04:05"},
	{datetime, `"2024-01-02 03:04:05.5"`, "digits of a second"},
	{datetime, `"2024-01-02 24:00:00"`, "no date and time"},
	{datetime, `"2024-01-02 03:60:00"`, "no date and time"},
	{datetime, `"0000-00-00 00:00:00"`, "=0000-00-00 00:00:00"},
	{datetime, `"2024-01-02T03:04:05Z"`, "`zone: UTC`"},
	{datetime3, `"2024-01-02 03:04:05.12"`, "=2024-01-02 03:04:05.120"},
	{datetime3, `"2024-01-02 03:04:05.123000000"`, "=2024-01-02 03:04:05.123"},
	{datetime3, `"2024-01-02 03:04:05.1234"`, "digits of a second"},
	{datetime3, `"2024-01-02 03:04:05.123000001"`, "digits of a second"},
	{timestamp, `"2024-01-02T03:04:05Z"`, "=2024-01-02 03:04:05"},
	{timestamp, `"2024-01-02 03:04:05+02:00"`, "=2024-01-02 01:04:05"},
	{timestamp, `"2024-01-01 23:04:05-0130"`, "=2024-01-02 00:34:05"},
	{timestamp, `"2024-01-02 03:04:05+00"`, "=2024-01-02 03:04:05"},
	{timestamp, `"2024-01-02 03:04:05 UTC"`, "=2024-01-02 03:04:05"},
	{timestamp, `"2024-01-02 03:04:05 CET"`, "no date and time"},
	{timestamp, `"2024-01-02 03:04:05"`, "`zone: UTC`"},
	{timestamp, `"1970-01-01T00:00:00Z"`, "out of range"},
	{timestamp, `"2106-02-07T06:28:16Z"`, "out of range"},
	{timestamp, `"0000-00-00 00:00:00"`, "=0000-00-00 00:00:00"},
	{clock3, `"12:34:56.7"`, "=12:34:56.700"},
	{clock3, `"-838:59:59"`, "=-838:59:59.000"},
	{clock3, `"839:00:00"`, "out of range"},
	{clock3, `"838:59:59.001"`, "out of range"},
	{clock3, `"-00:00:01"`, "=-00:00:01.000"},
	{clock3, `"1:2:3"`, "no time"},
	{clock3, `"1 day, 0:00:00"`, "no time"},
}

var textCases = []valueCase{
	{varchar3, `"äöü"`, "=äöü"},
	{varchar3, `"abcd"`, "too long"},
	{varchar3, `"ab  "`, "too long"},
	{varchar3, `""`, "="},
	{varchar3, `null`, "NULL in a NOT NULL column"},
	{varchar3, `12`, "=12"},
	{varchar3, `true`, "does not go"},
	{varchar3, `[1]`, "does not go"},
	{varchar3, `"\ud83d\ude00"`, "=😀"},
	{varchar3, `"\ud83d"`, "surrogate"},
	{varchar3, `"\u0000a"`, "=\x00a"},
	{varchar3, "\"\xff\"", "UTF-8"},
	{char3, `"ab   "`, "=ab"},
	{tinytext, `"äö"`, "=äö"},
	{tinytext, `"äöü"`, "too long"},
	{utf8mb3, `"ä€"`, "=ä€"},
	{utf8mb3, `"😀"`, "character set"},
	{ascii, `"ä"`, "character set"},
	{gbk, `"abc"`, "=abc"},
	{gbk, `"中"`, "character set"},
	{enum, `"new"`, "=New"},
	{enum, `"PAID"`, "=paid"},
	{enum, `""`, "none of the column's members"},
	{enum, `1`, "does not go"},
	{enumBin, `"A"`, "=A"},
	{set, `"c,a,a"`, "=a,c"},
	{set, `""`, "="},
	{set, `"a,"`, "none of the column's members"},
	{set, `"a,d"`, "none of the column's members"},
	{setNum, `"b"`, "=2"},
	{blob, `"AQID"`, "=\x01\x02\x03"},
	{blob, `"AQIDBAU="`, "too long"},
	{blob, `"!"`, "no base64"},
	{fixedBin, `"AQID"`, "=\x01\x02\x03\x00"},
	{doc, `{"a": [1, 2.50, "x"]}`, `={"a": [1, 2.50, "x"]}`},
	{doc, `"text"`, `="text"`},
	{doc, `12345678901234567890`, `=12345678901234567890`},
	{doc, `true`, `=true`},
	{uuid, `"123E4567-E89B-12D3-A456-426655440000"`, "=123e4567-e89b-12d3-a456-426655440000"},
	{uuid, `"123e4567e89b12d3a456426655440000"`, "=123e4567-e89b-12d3-a456-426655440000"},
	{uuid, `"123e4567"`, "no UUID"},
	{inet4, `"10.0.0.1"`, "=10.0.0.1"},
	{inet4, `"::1"`, "no IP address"},
	{inet6, `"2001:DB8::1"`, "=2001:db8::1"},
}

// TestValuesOfJSON converts each kind of value, or refuses its row.
func TestValuesOfJSON(t *testing.T) {
	for _, cases := range [][]valueCase{numberCases, momentCases, textCases} {
		for _, c := range cases {
			t.Run(c.column.Type+" "+c.json, func(t *testing.T) {
				rows, bad := readJSON(t, c.column, format.Options{Bytes: format.BytesBase64}, c.json)
				if strings.HasPrefix(c.want, "=") || c.want == "NULL" {
					require.Empty(t, bad)
					require.Equal(t, [][]string{{c.want}}, rows)
					return
				}
				require.Len(t, bad, 1, "%v", rows)
				require.Contains(t, bad[0].Why, c.want)
				require.Equal(t, "v", bad[0].Column)
				require.EqualValues(t, 1, bad[0].Row)
			})
		}
	}
}

func readJSON(t *testing.T, c table.Column, o format.Options, value string) ([][]string, []format.BadRow) {
	t.Helper()
	f := inMemory([]byte(`{"v":` + value + "}\n"))
	rows, bad, err := readAll(t, f, "v.jsonl", o, []table.Column{c}, format.Position{}, 10)
	require.NoError(t, err)
	return rows, bad
}

// TestZoneUTC writes moments with and without a zone as UTC.
func TestZoneUTC(t *testing.T) {
	o := format.Options{Zone: format.ZoneUTC}
	for _, c := range []valueCase{
		{datetime, `"2024-01-02T03:04:05+01:00"`, "=2024-01-02 02:04:05"},
		{timestamp, `"2024-01-02T03:04:05"`, "=2024-01-02 03:04:05"},
		{day, `"2024-01-02T00:00:00Z"`, "=2024-01-02"},
	} {
		rows, bad := readJSON(t, c.column, o, c.json)
		require.Empty(t, bad)
		require.Equal(t, [][]string{{c.want}}, rows)
	}
}

// TestJSONText takes a string for the text of a document.
func TestJSONText(t *testing.T) {
	rows, bad := readJSON(t, doc, format.Options{JSONText: true}, `"{\"a\":1}"`)
	require.Empty(t, bad)
	require.Equal(t, [][]string{{`={"a":1}`}}, rows)
	_, bad = readJSON(t, doc, format.Options{JSONText: true}, `"{\"a\":}"`)
	require.Len(t, bad, 1)
}

// TestColumnsThatNoFileHolds are refused before a row is read.
func TestColumnsThatNoFileHolds(t *testing.T) {
	f := inMemory([]byte(`{"v":1}`))
	for _, c := range []table.Column{
		{Name: "v", Type: "point", Kind: table.KindGeometry},
		blob, // text has no bytes, as long as `bytes` does not say how
		{Name: "v", Type: "x", Kind: table.KindUnsupported},
	} {
		_, err := format.Open(t.Context(), f, "v.jsonl", format.Options{}, []table.Column{c}, format.Position{})
		require.ErrorIs(t, err, format.ErrColumns)
	}
	_, err := format.Open(t.Context(), f, "v.jsonl", format.Options{}, nil, format.Position{})
	require.ErrorIs(t, err, format.ErrColumns)
}
