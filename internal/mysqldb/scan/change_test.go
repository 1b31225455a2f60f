package scan_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestCutRangesCutsWhereTheRowsAre(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		const n = 20000
		for _, c := range []keyCase{
			// Ten rows fill nearly all of the key space, and the others a corner of it.
			{"ints", "a BIGINT", "a", "IF(n < 10, n * 900000000000000000, 77000000 + n)"},
			{"words", "a VARCHAR(40)", "a", "IF(n < 10, CONCAT(CHAR(97 + n * 2 USING utf8mb4), 'x')," +
				" CONCAT('invoice-2024-', n))"},
			{"bytes", "a VARBINARY(20)", "a", "IF(n < 10, CHAR(n * 25), CONCAT(x'7f7f7f7f', CHAR(n DIV 256)," +
				" CHAR(n % 256)))"},
			{"nested", "a INT, b INT, c INT", "a, b, c", "IF(n < 10, n, 5), IF(n < 10, n, 1000), n"},
		} {
			t.Run(c.name, func(t *testing.T) { requireAlike(t, admin, db, schema, c, n, 8) })
		}
	})
}

func TestRangesStayExactWhileTheTableChanges(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		for _, c := range []keyCase{
			{"ints", "a INT, b INT", "a, b", "n * 3, n"},
			{"words", "a VARCHAR(40) COLLATE" +
				" utf8mb4_general_ci, b INT", "a, b", "CONCAT(ELT(1+n%4,'é','E','ö','z'), n DIV 8), n"},
			{"falling", "a INT, b INT", "a DESC, b", "n DIV 100, n"},
		} {
			dbtest.Exec(t, admin, "CREATE TABLE "+c.name+" ("+c.cols+", v VARCHAR(100), PRIMARY KEY ("+c.key+"))")
			dbtest.Fill(t, admin, c.name, 5000, c.exprs+", REPEAT('x', 90)")
			analyze(t, admin, c.name)
			tbl := dbtest.Introspect(t, db, schema, c.name)
			ranges, err := scan.CutRanges(t.Context(), db, tbl, 8, 10)
			require.NoError(t, err)
			require.Greater(t, len(ranges), 4)
			// The very rows that gave the bounds go, others come on both sides of them.
			for _, r := range ranges[1:] {
				where := make([]string, len(r.After))
				for i, v := range r.After {
					where[i] = tbl.PrimaryKey[i] + " = '" + v + "'"
				}
				dbtest.Exec(t, admin, "DELETE FROM "+c.name+" WHERE "+strings.Join(where, " AND "))
			}
			dbtest.Exec(
				t,
				admin,
				"DELETE FROM "+c.name+" WHERE b % 5 = 0",
				"UPDATE "+c.name+" SET b = b + 100000 WHERE b % 7 = 0",
			)
			dbtest.Fill(t, admin, c.name, 5000, strings.Replace(c.exprs, ", n", ", n + 500000", 1)+", 'new'")
			_, all := readRanges(t, db, tbl, ranges)
			require.Len(t, all, len(dbtest.Texts(t, admin, "SELECT 1 FROM "+c.name)), c.name)
		}
	})
}

func TestCutRangesOfAPartitionedTable(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		dbtest.Exec(
			t,
			admin,
			"CREATE TABLE t (a INT, b VARCHAR(20), PRIMARY KEY (a, b)) PARTITION BY KEY (b) PARTITIONS 5",
		)
		dbtest.Fill(t, admin, "t", 9000, "IF(n < 100, n, 1000), CONCAT('b', n)")
		analyze(t, admin, "t")
		tbl := dbtest.Introspect(t, db, schema, "t")
		ranges, err := scan.CutRanges(t.Context(), db, tbl, 6, 10)
		require.NoError(t, err)
		require.Greater(t, len(ranges), 3)
		counts, all := readRanges(t, db, tbl, ranges)
		require.Len(t, all, 9000)
		for _, rows := range counts {
			require.LessOrEqual(t, rows, 3*9000/len(ranges), "%v", counts)
		}
	})
}

// randomColumns are types and expressions over n and a number of the seed, %[1]d.
var randomColumns = [][2]string{
	{"INT", "(n * 7919 + %[1]d) %% 5 - 2"},
	{"BIGINT", "n * %[1]d - 4000000"},
	{"SMALLINT UNSIGNED", "n DIV %[1]d"},
	{"DECIMAL(30,5)", "n * %[1]d / 7 - 1000"},
	{"DOUBLE", "EXP(n %% 90 - 45) - %[1]d"},
	{"DATETIME(2)", "TIMESTAMP'1999-12-31 23:59:59' + INTERVAL n * %[1]d MINUTE"},
	{"DATE", "'2020-01-01' + INTERVAL n %% %[1]d DAY"},
	{"VARCHAR(30) COLLATE utf8mb4_general_ci", "ELT(1 + (n + %[1]d) %% 7, 'e', 'É', '', 'straße', 'z ', 'Z', '日本')"},
	{"VARCHAR(70) COLLATE utf8mb4_bin", "LEFT(SHA2(n, 256), 1 + (n + %[1]d) %% 60)"},
	{"VARCHAR(30) CHARACTER SET latin1", "CONCAT('k', n %% (%[1]d + 50))"},
	{"VARBINARY(20)", "UNHEX(LEFT(SHA2(n + %[1]d, 256), 2 * (n %% 4)))"},
	{"ENUM('c','a','b')", "1 + (n DIV %[1]d) %% 3"},
	{"SET('c','a','b')", "(n + %[1]d) %% 8"},
	{"YEAR", "1950 + (n * %[1]d) %% 100"},
	{"BIT(20)", "(n * %[1]d) %% 1000000"},
	{"TIME(3)", "SEC_TO_TIME((n - 900) * %[1]d)"},
}

func TestCutRangesOfRandomKeys(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		for range 12 {
			seed := rand.Uint64()
			r := rand.New(rand.NewPCG(seed, 1))
			var cols, key, exprs []string
			for i := range 1 + r.IntN(3) {
				c := randomColumns[r.IntN(len(randomColumns))]
				name := string(rune('a' + i))
				cols = append(cols, name+" "+c[0])
				exprs = append(exprs, fmt.Sprintf(c[1], 1+r.IntN(500)))
				key = append(key, name+[]string{"", " DESC"}[r.IntN(2)])
			}
			n := 1 + r.IntN(4000)
			dbtest.Exec(t, admin, "DROP TABLE IF EXISTS t", "CREATE TABLE t ("+strings.Join(cols, ", ")+
				", id INT, v VARCHAR(200), PRIMARY KEY ("+strings.Join(key, ", ")+", id))")
			dbtest.Fill(t, admin, "t", n, strings.Join(exprs, ", ")+", n, REPEAT('x', 150)")
			if r.IntN(3) > 0 {
				analyze(t, admin, "t")
			}
			tbl := dbtest.Introspect(t, db, schema, "t")
			want := 2 + r.IntN(12)
			ranges, err := scan.CutRanges(t.Context(), db, tbl, want, int64(1+r.IntN(50)))
			require.NoError(t, err, "seed %d", seed)
			require.LessOrEqual(t, len(ranges), want, "seed %d", seed)
			_, all := readRanges(t, db, tbl, ranges)
			require.Len(t, all, n, "seed %d: key (%v) of %v as %v", seed, key, cols, exprs)
		}
	})
}
