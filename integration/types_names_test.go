package integration_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// column returns one expression for all rows, in the order of another.
func column(t *testing.T, conn *sql.Conn, query string) []string {
	t.Helper()
	rows, err := conn.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var v sql.NullString
		require.NoError(t, rows.Scan(&v))
		out = append(out, v.String)
	}
	require.NoError(t, rows.Err())
	return out
}

func TestNamesOfEveryKind(t *testing.T) {
	t.Parallel()
	names := []string{
		"a b", "a.b", "a`b", `a"b`, "a'b", `a\b`, "a%sb", "select", "VALUES", "new", "t", "incoming", "ключ", "日本★",
		" lead", "1", "#h", "a--b", "a/*b*/",
		"__raw", "a b__raw", "A B__raw2", "?", "@x", ":x", "${HOME}", strings.Repeat("é", 64), "rows", "schema", "ß",
	}
	key, cursor := "the`key.", "chan ged`at"
	eachPair(t, func(t *testing.T, src, dst *servers.Server) {
		p := start(t, options{source: src, target: dst, tables: "- { name: FROM.new, target: TO.new, cursor: \"" +
			cursor + "\" }", defaults: ", tuning: { pageRows: 3 }"})
		from, to := lax(t, p.src), lax(t, p.dst)
		parts := []string{
			quote(key) + " VARCHAR(5) PRIMARY KEY", quote(cursor) + " DATETIME(3) NOT NULL",
			"KEY `by ``it` (" + quote(cursor) + ")",
		}
		list := []string{quote(key), quote(cursor)}
		for _, n := range names {
			parts, list = append(parts, quote(n)+" VARCHAR(9) COMMENT 'it''s \\\\ "+fmt.Sprintf("%x", n[:1])+"'"),
				append(list, quote(n))
		}
		execOn(t, from, "CREATE TABLE new ("+strings.Join(parts, ", ")+") CHARACTER SET utf8mb4")
		const rows = 10
		for id := range rows {
			values := []string{fmt.Sprintf("'k%d'", id), fmt.Sprintf("'2024-01-01 00:00:00.%03d'", id/3)}
			for i := range names {
				values = append(values, fmt.Sprintf("'v%d %d'", id, i))
			}
			execOn(t, from, "INSERT INTO new VALUES ("+strings.Join(values, ", ")+")")
		}
		query := "SELECT CONCAT_WS('|', " + strings.Join(list, ", ") + ") FROM new ORDER BY 1"
		require.EqualValues(t, rows, p.sync("new").Inserted)
		require.Equal(t, column(t, from, query), column(t, to, query))
		r, err := p.try(workflows.SyncTableInput{Table: p.table("new"), From: "2024-01-01", To: "2024-01-02"})
		require.NoError(t, err)
		require.EqualValues(t, rows-3, r.Unchanged) // the first three are at the bound itself
	})
}

func TestGeneratedAndInvisibleColumns(t *testing.T) {
	t.Parallel()
	eachPair(t, func(t *testing.T, src, dst *servers.Server) {
		p := start(t, options{source: src, target: dst, tables: "- { name: FROM.t, target: TO.t }"})
		from, to := lax(t, p.src), lax(t, p.dst)
		key := "my_row_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT INVISIBLE PRIMARY KEY, "
		if src.Flavor == servers.FlavorMySQL {
			execOn(t, from, "SET SESSION sql_generate_invisible_primary_key = ON")
			key = ""
		}
		execOn(t, from, "CREATE TABLE t ("+key+`a INT, hidden VARCHAR(9) INVISIBLE DEFAULT 'dé''f',
			twice INT AS (a * 2) VIRTUAL, name VARCHAR(20) AS (CONCAT('é-', a, '\\')) STORED, secret INT AS (a + 1) VIRTUAL INVISIBLE,
			seen TIMESTAMP NULL DEFAULT '2024-01-01 12:00:00', day DATE AS (DATE(seen)) STORED, KEY (twice)) CHARACTER SET utf8mb4`,
			"INSERT INTO t (a, hidden) VALUES (1, 'x'), (NULL, NULL), (-3, DEFAULT)", "INSERT INTO t (a) VALUES (7)")
		require.EqualValues(t, 4, p.sync("t").Inserted)
		query := "SELECT CONCAT_WS('|', my_row_id, IFNULL(a, '~'), IFNULL(hidden, '~'), IFNULL(twice, '~'), " +
			"IFNULL(name, '~'), IFNULL(secret, '~')) FROM t ORDER BY 1"
		want := []string{"1|1|x|2|é-1\\|2", "2|~|~|~|~|~", "3|-3|dé'f|-6|é--3\\|-2", "4|7|dé'f|14|é-7\\|8"}
		require.Equal(t, want, column(t, from, query))
		require.Equal(t, want, column(t, to, query))
		execOn(t, to, "UPDATE t SET a = 0, hidden = 'other'")
		require.EqualValues(t, 4, p.sync("t").Updated)
		require.Equal(t, want, column(t, to, query))
		require.EqualValues(t, 4, p.sync("t").Unchanged)
		// A stored value that depends on its writer's zone travels.
		require.Equal(t, []string{"2024-01-01"}, column(t, to, "SELECT DISTINCT day FROM t"))
		require.Equal(t, []string{"name", "secret", "twice"},
			column(t, to, "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '"+
				p.to+"' AND TABLE_NAME = 't' AND EXTRA LIKE '%GENERATED%' ORDER BY 1"))
		hidden := "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '" + p.to +
			"' AND EXTRA LIKE '%INVISIBLE%' ORDER BY 1"
		require.Equal(t, []string{"hidden", "my_row_id", "secret"}, column(t, to, hidden))
	})
}

func TestColumnsThatCannotBeCreatedAreRefusedByName(t *testing.T) {
	t.Parallel()
	eachPair(t, func(t *testing.T, src, dst *servers.Server) {
		p := start(t, options{source: src, target: dst, tables: "- { name: FROM.r_*, target: TO.r_* }"})
		refused := []struct{ name, ddl, part string }{}
		if src.Flavor == servers.FlavorMySQL && dst.Flavor == servers.FlavorMariaDB {
			refused = append(refused, struct{ name, ddl, part string }{
				"chinese", "VARCHAR(9) CHARACTER SET gb18030",
				"does not have character set gb18030",
			})
		}
		for _, r := range refused {
			exec(t, p.src, fmt.Sprintf("CREATE TABLE r_%[1]s (id INT PRIMARY KEY, the_%[1]s %[2]s)", r.name, r.ddl))
			_, err := p.try(workflows.SyncTableInput{Table: p.table("r_" + r.name)})
			requireFailure(t, err, "UnsupportedTable", "the_"+r.name, r.part)
		}
	})
}

// A value that the other server's type does not have must stop the run, and never be bent.
func TestValuesThatTheTargetDoesNotHaveAreRejected(t *testing.T) {
	t.Parallel()
	p := start(t, options{
		source: servers.MariaDB(t), target: servers.MySQL(t),
		tables: "- { name: FROM.v_*, target: TO.v_* }",
	})
	from, to := lax(t, p.src), lax(t, p.dst)
	for _, c := range []struct{ name, ddl, value string }{
		{"clock", "TIME(6)", "'838:59:59.999999'"},
		{"half", "VARCHAR(9) CHARACTER SET utf8mb4", "_utf8mb4 x'EDA080'"},
		{"high", "VARCHAR(9) CHARACTER SET ascii", "_ascii x'80'"},
	} {
		execOn(t, from, fmt.Sprintf("CREATE TABLE v_%[1]s (id INT PRIMARY KEY, the_%[1]s %[2]s)", c.name, c.ddl),
			fmt.Sprintf("INSERT INTO v_%s VALUES (1, %s)", c.name, c.value))
		_, err := p.try(workflows.SyncTableInput{Table: p.table("v_" + c.name)})
		requireFailure(t, err, "RowRejected", "the_"+c.name)
		require.Empty(t, column(t, to, "SELECT id FROM v_"+c.name))
	}
}

// The text of a document says nothing of these types: the text arrives, and they as strings
// and doubles. The plan says so.
func TestDocumentsArriveAsTheyPrint(t *testing.T) {
	t.Parallel()
	p := start(t, options{tables: "- { name: FROM.t, target: TO.t }"})
	from, to := lax(t, p.src), lax(t, p.dst)
	execOn(t, from, "CREATE TABLE t (id INT PRIMARY KEY, j JSON)", `INSERT INTO t VALUES
		(1, CAST(1.5 AS JSON)), (2, CAST(DATE'2024-01-02' AS JSON)), (3, CAST(TIMESTAMP'2024-01-02 03:04:05' AS JSON)),
		(4, CAST(TIME'-03:04:05.1' AS JSON)), (5, JSON_EXTRACT(JSON_ARRAY(x'00ff'), '$[0]')), (6, CAST(5.0 AS JSON)), (7, CAST(5.00 AS JSON))`)
	p.sync("t")
	text, kinds := "SELECT CAST(j AS CHAR) FROM t ORDER BY id", "SELECT JSON_TYPE(j) FROM t ORDER BY id"
	require.Equal(t, column(t, from, text), column(t, to, text))
	require.Equal(t, []string{"DECIMAL", "DATE", "DATETIME", "TIME", "BLOB", "DECIMAL", "DECIMAL"},
		column(t, from, kinds))
	require.Equal(t, []string{"DOUBLE", "STRING", "STRING", "STRING", "STRING", "DOUBLE", "DECIMAL"},
		column(t, to, kinds))
	require.EqualValues(t, 7, p.sync("t").Unchanged)
}
