package sqltext

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
)

func TestDocumentsWithDecimalsAreBuiltAgain(t *testing.T) {
	for _, c := range []struct{ doc, sql string }{
		{`{"a": 1.1}`, `'{"a": 1.1}'`},
		{`{"a": 1.10}`, `JSON_OBJECT('a',1.10)`},
		{`1.10`, `CAST(1.10 AS JSON)`},
		{" {\"b\":1.10,\n\t\"a\" : [ 1 , null,{\"c\":2.50} ]\r\n} ", `JSON_OBJECT('b',1.10,'a',JSON_ARRAY(CAST('1' AS JSON),` +
			`CAST('null' AS JSON),JSON_OBJECT('c',2.50)))`},
		{
			`[1.10, {"k": [2.5, "1.10", null]}, -3.00]`,
			`JSON_ARRAY(1.10,CAST('{"k": [2.5, "1.10", null]}' AS JSON),-3.00)`,
		},
		{`{"it's \"\\": [0.50], "b": true}`, `JSON_OBJECT('it\'s "\\',JSON_ARRAY(0.50),'b',CAST('true' AS JSON))`},
		{
			`[18446744073709551615, 18446744073709551616]`,
			`JSON_ARRAY(CAST('18446744073709551615' AS JSON),18446744073709551616)`,
		},
		{`["1.10", "\"1.10"]`, `'["1.10", "\\"1.10"]'`},
		{`[[], {}]`, `'[[], {}]'`},
	} {
		got, err := appendJSON(nil, []byte(c.doc))
		require.NoError(t, err, c.doc)
		require.Equal(t, c.sql, string(got))
	}
}

func TestTheDoublesOfDocumentsStayText(t *testing.T) {
	for _, double := range []string{
		"1.0", "-0.0", "0.1", "1e15", "100000000000000.0", "123456789012345.6", "2063121915299809.5", "1e-16",
		"0.000000000000001",
		"1.7976931348623157e308", "0.30000000000000004", "12345678.12345679",
	} {
		require.False(t, holdsDecimal([]byte(double)), double)
	}
	for _, decimal := range []string{
		"1.10", "0.00", "1000000000000000.0", "12345678901234567890.5",
		"0.12345678901234567890", "-99999999999999999999",
	} {
		require.True(t, holdsDecimal([]byte(decimal)), decimal)
	}
}

// What is no document must be an error, never SQL of its own.
func TestBrokenDocumentsAreNeverSQL(t *testing.T) {
	for _, doc := range []string{
		`[1.10`, `1.10]`, `[1.10 2]`, `{"a" 1.10}`, `{1.10: 2}`, `[1.10, ]`, `1.10 OR 1`, `[1.10]]`, `{"a": 1.10, }`,
		`[1.10, "`, `[1.10}, SLEEP(1)`,
	} {
		got, err := appendJSON(nil, []byte(doc))
		require.Error(t, err, "%s became %s", doc, got)
	}
	doc := `[1.10, SLEEP(1)]` // a word that no server prints
	got, err := appendJSON(nil, []byte(doc))
	require.NoError(t, err)
	require.Equal(t, `JSON_ARRAY(1.10,CAST('SLEEP(1)' AS JSON))`, string(got))
}

func TestJSONForATextIsTheText(t *testing.T) {
	app, err := NewAppender(table.Column{Kind: table.KindJSON}, table.Column{Kind: table.KindString})
	require.NoError(t, err)
	got, err := app(nil, []byte(`[1.10]`))
	require.NoError(t, err)
	require.Equal(t, `'[1.10]'`, string(got))
}

func FuzzJSONLiteral(f *testing.F) {
	f.Add(`{"a": [1.10, "x"]}`)
	f.Fuzz(func(t *testing.T, doc string) {
		got, err := appendJSON(nil, []byte(doc))
		if err != nil {
			return
		}
		// Every quote of the document is inside a literal: outside of literals there is nothing
		// but our own words and numbers.
		outside := outsideLiterals(string(got))
		for _, word := range []string{"JSON_OBJECT", "JSON_ARRAY", "CAST", " AS JSON"} {
			outside = strings.ReplaceAll(outside, word, "")
		}
		require.Empty(t, strings.Trim(outside, "(),-.0123456789"), "%q", got)
	})
}

// outsideLiterals drops all '…' of a SQL text.
func outsideLiterals(sql string) string {
	var b strings.Builder
	in := false
	for i := 0; i < len(sql); i++ {
		switch {
		case in && sql[i] == '\\':
			i++
		case sql[i] == '\'':
			in = !in
		case !in:
			b.WriteByte(sql[i])
		}
	}
	return b.String()
}
