package sqlexpr_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mapping/sqlexpr"
)

func TestExpressionsThatAreTaken(t *testing.T) {
	for _, sql := range []string{
		"tenant_id = 7", "a OR b", "(a = 1) AND NOT (b IN ('x', 'y'))", "name LIKE '%;--%'", "`order` = 'a''b'",
		"`a``b` > 1.5e-3", "d >= DATE '2024-01-01' - INTERVAL 1 DAY", "value BETWEEN .5 AND 0x1f",
		"COALESCE(a, b, '\\'') = \"x\"", "JSON_EXTRACT(j, '$.a') = 1", "j->>'$.a' = 'b'", "a <=> NULL", "a IS NOT NULL",
		"CASE WHEN a > 1 THEN b ELSE c END", "CAST(a AS DECIMAL(10,2)) > 0", "name COLLATE utf8mb4_bin = 'x'",
		"UNIX_TIMESTAMP(d) > 5", "größe > 1", "rand = 1", "now > 5", "a - -1 > 0", "a /b > 1", "-a > ~b",
		"!a", "NOT a", "_utf8mb4'x' = a",
	} {
		require.Nil(t, sqlexpr.Check(sql), sql)
	}
}

func TestExpressionsThatAreRefused(t *testing.T) {
	for sql, text := range map[string]string{
		"": "no expression", "  ": "no expression", strings.Repeat("a", 5000): "no expression",
		"a = 1; DROP TABLE t": "semicolon", "a = 1 -- x": "comment", "a = 1 # x": "comment", "a /* x */ = 1": "comment",
		"a /*! = 1 */":     "comment",
		"a = 1) OR (1 = 1": "parentheses", "(a = 1": "parentheses", "a = 'x": "without an end",
		"a = `x": "without an end",
		"a /* x": "without an end", "a = '\xff' \xff": "no character", "a\x00b": "no character",
		"a IN (SELECT b FROM c)": "SELECT", "EXISTS (TABLE t)": "EXISTS", "a = (VALUES ROW(1))": "VALUES",
		"a = @x": "variable", "@x := 1": "variable", "a = @@server_id": "variable", "a := 1": `sign ":"`,
		"RAND() < 0.5": "RAND()", "NOW() > a": "NOW()", "now () > a": "NOW()", "SLEEP(1)": "SLEEP()",
		"a = CURRENT_TIMESTAMP": "CURRENT_TIMESTAMP", "UUID() = a": "UUID()", "GET_LOCK('a', 1)": "GET_LOCK()",
		"LOAD_FILE('/etc/passwd') = a": "LOAD_FILE()", "shop.f(a)": "two parts", "my_function(a)": "MY_FUNCTION()",
		"`now`() > a": "now()", "`sleep` (1)": "sleep()", "UNIX_TIMESTAMP() > a": "UNIX_TIMESTAMP()",
		"UNIX_TIMESTAMP ( ) > a": "UNIX_TIMESTAMP()", "t.a = 1": "two parts", "a = ?": `sign "?"`,
		"{fn NOW()} > a": `sign "{"`, "a = \\N": `sign "\\"`, "a INTO OUTFILE '/tmp/x'": "INTO",
		"NEXT VALUE FOR s": "FOR", "NEXTVAL(s)": "NEXTVAL()", "BENCHMARK(1000000, MD5('a'))": "BENCHMARK()",
		"ROW_NUMBER() OVER () > 1": "ROW_NUMBER()", "a = LAST_INSERT_ID()": "LAST_INSERT_ID()", "USER() = a": "USER()",
		"CONNECTION_ID() = a": "CONNECTION_ID()", "a LIMIT 1": "LIMIT", "1 UNION ALL SELECT 2": "UNION",
		"tenant_id =": "nothing behind =", "= 7": "nothing before =", "a = 1 AND": "nothing behind AND",
		"OR a = 1": "nothing before OR", "(a = ) OR b": "nothing behind =", "a IN (1, *)": "nothing behind *",
		"IF(a, / 2, 1)": "nothing before /", "a BETWEEN 1 AND ": "nothing behind AND", "NOT": "nothing behind NOT",
		"a -": "nothing behind -", "a IS ": "nothing behind IS",
	} {
		p := sqlexpr.Check(sql)
		require.NotNil(t, p, sql)
		require.Contains(t, p.Text, text, sql)
		require.NotEmpty(t, p.Remedy)
	}
}

// The docs name every function that is taken.
func TestDocsHoldTheFunctions(t *testing.T) {
	docs, err := os.ReadFile("../../../docs/columns.md")
	require.NoError(t, err)
	for _, name := range sqlexpr.Functions() {
		require.Contains(t, string(docs), "`"+name+"`")
	}
}

func TestColumnsOfPrintedExpressions(t *testing.T) {
	for sql, want := range map[string][]string{
		"concat(`a`,' `b` ',`c``d`)":          {"a", "c`d"},
		"(`a` + interval 1 day)":              {"a"},
		"`shop`.`f`(`x`) + `A` + `a`":         {"x", "A"},
		"json_extract(`j`,_utf8mb4'$.\"`a`')": {"j"},
	} {
		require.Equal(t, want, sqlexpr.ColumnNames(sql), sql)
	}
	require.Equal(t, "concat(`x``y`,' `a` ',`c`)", sqlexpr.Rename("concat(`a`,' `a` ',`c`)", func(name string) string {
		return strings.ReplaceAll(name, "a", "x`y")
	}))
}
