package scan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// statementsSent is how many statements the server has been sent so far.
func statementsSent(t testing.TB, s *servers.Server) (n int) {
	t.Helper()
	var name string
	require.NoError(t, s.DB(t, "").QueryRowContext(t.Context(), "SHOW GLOBAL STATUS LIKE 'Questions'").Scan(&name, &n))
	return n
}

// large are tables as they are met: their keys, and how they are spread.
func large(f servers.Flavor) []keyCase {
	collation := "utf8mb4_0900_ai_ci"
	if f == servers.FlavorMariaDB {
		collation = "utf8mb4_unicode_520_ci"
	}
	const names = "CONCAT(ELT(1+n%9,'anna','Bernd','çelik','Müller','muñoz','Öztürk','Zoë','smith','Smythe')," +
		" ELT(1+(n DIV 9)%5,' ','-','é','o','A'), n)"
	return []keyCase{
		{"ints", "a INT", "a", "n"},
		{"gappy", "a BIGINT", "a", "n * 1000003 + IF(n > 10000, 4000000000000000, 0)"},
		{"strays", "a BIGINT", "a", "IF(n MOD 100 = 0, n * 100000000000000, n)"},
		{"uuids", "a CHAR(36)", "a", uuidOf("4")},
		{
			"ulids",
			"a CHAR(26) CHARACTER SET latin1",
			"a",
			"CONCAT('01', LPAD(CONV(1700000000000 + n * 400, 10, 32), 8, '0'), UPPER(LEFT(" + hash + ", 16)))",
		},
		{"tenants", "a INT, b BIGINT", "a, b", "IF(n < 200, 1, IF(n < 24900, 2, 3)), n"},
		{"flags", "a ENUM('new','open','done'), b INT", "a, b", "IF(n < 10, 1, IF(n < 1000, 2, 3)), n"},
		{"random", "a BINARY(16)", "a", "UNHEX(LEFT(" + hash + ", 32))"},
		{"names", "a VARCHAR(60) COLLATE " + collation, "a", names},
		{"general", "a VARCHAR(60) COLLATE utf8mb4_general_ci", "a", names},
		{"moments", "a DATETIME(6), b INT", "a, b", "'2024-01-01' + INTERVAL n SECOND, n"},
	}
}

// It looks at counters of the server, so that nothing may run beside it.
func TestCutRangesLooksAtTheIndexOnly(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		const n, want = 25000, 16
		for _, c := range large(s.Flavor) {
			dbtest.Exec(t, admin, "CREATE TABLE "+c.name+" ("+c.cols+", v VARCHAR(100), PRIMARY KEY ("+c.key+"))")
			dbtest.Fill(t, admin, c.name, n, c.exprs+", REPEAT('x', 90)")
			analyze(t, admin, c.name)
			tbl := dbtest.Introspect(t, db, schema, c.name)
			idle := dbtest.HandlerReads(t, s)
			idle = dbtest.HandlerReads(t, s) - idle // what asking costs
			before, sent := dbtest.HandlerReads(t, s), statementsSent(t, s)
			ranges, err := scan.CutRanges(t.Context(), db, tbl, want, 100)
			require.NoError(t, err, c.name)
			sent, looked := statementsSent(t, s)-sent, dbtest.HandlerReads(t, s)-before-2*idle
			require.Less(t, sent, 16*want+200, c.name)
			require.Less(t, looked, 3000, c.name)
			require.GreaterOrEqual(t, len(ranges), want-2, c.name)
			counts, all := readRanges(t, db, tbl, ranges)
			require.Len(t, all, n, c.name)
			most := 0
			for _, rows := range counts {
				most = max(most, rows)
			}
			require.LessOrEqual(t, most, 5*n/2/len(ranges), "%s: %v", c.name, counts)
			t.Logf("%s: %d ranges, the largest %.2f of the average; %d statements, %d entries",
				c.name, len(ranges), float64(most)*float64(len(ranges))/n, sent, looked)
		}
	})
}

// A server that takes a table for empty estimates nothing and prefers other ways to its rows.
func TestCutRangesWithoutStatistics(t *testing.T) {
	s := servers.MySQL(t)
	schema := s.Schema(t)
	admin := dbtest.Lenient(t, s, schema)
	db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
	const n, want = 30000, 8
	dbtest.Exec(t, admin, "CREATE TABLE t (a BIGINT PRIMARY KEY, v VARCHAR(100)) STATS_AUTO_RECALC=0")
	dbtest.Fill(t, admin, "t", n, "n * 7, REPEAT('x', 90)")
	for _, known := range []string{"0", "500"} {
		analyze(t, admin, "t")
		dbtest.Exec(
			t,
			admin,
			"UPDATE mysql.innodb_table_stats SET n_rows = "+known+" WHERE database_name = '"+schema+"'",
			"FLUSH TABLE t",
		)
		tbl := dbtest.Introspect(t, db, schema, "t")
		require.LessOrEqual(t, tbl.RowsEstimate, int64(500))
		before := dbtest.HandlerReads(t, s)
		ranges, err := scan.CutRanges(t.Context(), db, tbl, want, 1000)
		require.NoError(t, err)
		require.Less(t, dbtest.HandlerReads(t, s)-before, 3000, known)
		require.Len(t, ranges, want)
		counts, all := readRanges(t, db, tbl, ranges)
		require.Len(t, all, n)
		for _, rows := range counts {
			require.LessOrEqual(t, rows, 2*n/want, "%v", counts)
		}
	}
}
