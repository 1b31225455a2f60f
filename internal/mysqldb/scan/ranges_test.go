package scan_test

import (
	"database/sql"
	"fmt"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// requirePartition proves that ranges cover the key space without gap and overlap.
func requirePartition(t testing.TB, ranges []scan.KeyRange, descending bool) {
	t.Helper()
	require.Nil(t, ranges[0].After)
	require.Nil(t, ranges[len(ranges)-1].Through)
	for i := 1; i < len(ranges); i++ {
		require.Equal(t, ranges[i-1].Through, ranges[i].After)
		if i == 1 {
			continue
		}
		a, _ := new(big.Int).SetString(ranges[i-1].After[0], 10)
		b, _ := new(big.Int).SetString(ranges[i].After[0], 10)
		if descending {
			a, b = b, a
		}
		require.Negative(t, a.Cmp(b), "%v", ranges)
	}
}

// readRanges reads every range and returns how many rows each has.
func readRanges(
	t testing.TB,
	db *mysqldb.DB,
	tbl *schema.Table,
	ranges []scan.KeyRange,
) (counts []int, all map[string]bool) {
	t.Helper()
	all = map[string]bool{}
	for _, r := range ranges {
		rows, _ := dbtest.ReadAll(t, db, scan.ReadSpec{Table: tbl, ByKey: true, Keys: &r})
		counts = append(counts, len(rows))
		for _, row := range rows {
			require.False(t, all[row], "%s twice", row)
			all[row] = true
		}
	}
	return counts, all
}

func TestCutRangesCoversEveryKeyOnce(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		for name, c := range map[string]struct{ key, exprs string }{
			"even":    {"a INT, PRIMARY KEY (a)", "n"},
			"falling": {"a INT, PRIMARY KEY (a DESC)", "n"},
			"skewed":  {"a BIGINT, PRIMARY KEY (a)", "IF(n < 19990, n, CAST(-9223372036854775808 + n AS SIGNED))"},
			"extremes": {"a BIGINT, PRIMARY KEY (a)", "IF(n % 2, CAST(-9223372036854775807 + n - 2 AS SIGNED)," +
				" 9223372036854775807 - n)"},
			"biggest":   {"a BIGINT UNSIGNED, PRIMARY KEY (a)", "IF(n % 2, 18446744073709551616 - n, n)"},
			"composite": {"a INT, b INT, PRIMARY KEY (a, b)", "n DIV 100, n"},
		} {
			dbtest.Exec(t, admin, "CREATE TABLE "+name+" ("+c.key+")")
			dbtest.Fill(t, admin, name, 20000, c.exprs)
			analyze(t, admin, name)
			tbl := dbtest.Introspect(t, db, schema, name)
			ranges, err := scan.CutRanges(t.Context(), db, tbl, 8, 100)
			require.NoError(t, err)
			requirePartition(t, ranges, name == "falling")
			counts, all := readRanges(t, db, tbl, ranges)
			require.Len(t, all, 20000, name)
			require.Greater(t, len(ranges), 4, name)
			require.LessOrEqual(t, len(ranges), 20, name)
			for _, n := range counts {
				require.LessOrEqual(t, n, 20000/2, "%s: %v", name, counts)
			}
		}
	})
}

func analyze(t testing.TB, db *sql.DB, tbl string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "ANALYZE TABLE "+tbl)
	require.NoError(t, err)
	for rows.Next() {
	}
	require.NoError(t, rows.Err())
	require.NoError(t, rows.Close())
}

func TestCutRangesOfWhatCannotBeCutIsOneRange(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		dbtest.Exec(
			t, admin,
			"CREATE TABLE none (a INT PRIMARY KEY)",
			"CREATE TABLE one (a INT PRIMARY KEY)", "INSERT INTO one VALUES (7)",
			"CREATE TABLE prefix (a VARCHAR(100), b INT, PRIMARY KEY (a(10), b))",
			"CREATE TABLE keyless (a INT)",
			"CREATE TABLE small (a VARCHAR(20) PRIMARY KEY)",
		)
		dbtest.Fill(t, admin, "prefix", 3000, "CONCAT('w', n), n")
		dbtest.Fill(t, admin, "keyless", 3000, "n")
		dbtest.Fill(t, admin, "small", 3000, "n")
		for name, minRows := range map[string]int64{"none": 1, "one": 1, "prefix": 10, "keyless": 10, "small": 10000} {
			analyze(t, admin, name)
			ranges, err := scan.CutRanges(t.Context(), db, dbtest.Introspect(t, db, schema, name), 8, minRows)
			require.NoError(t, err)
			require.Equal(t, []scan.KeyRange{{}}, ranges, name)
		}
	})
}

func TestKeyRangesOfACompositeKeyMeetExactly(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		dbtest.Exec(t, admin, "CREATE TABLE t (a INT, b VARCHAR(10), c INT, PRIMARY KEY (a, b DESC, c))")
		dbtest.Fill(t, admin, "t", 1000, "n DIV 100, CONCAT('x', n DIV 10), n")
		tbl := dbtest.Introspect(t, db, schema, "t")
		var ranges []scan.KeyRange
		var after []string
		for i := range 9 {
			through := []string{fmt.Sprint(i), fmt.Sprintf("x%d", i*10+5), fmt.Sprint(i*100 + 54)}[:1+i%3]
			ranges = append(ranges, scan.KeyRange{After: after, Through: through})
			after = through
		}
		counts, all := readRanges(t, db, tbl, append(ranges, scan.KeyRange{After: after}))
		require.Len(t, all, 1000)
		require.Equal(t, []int{100, 50, 95, 155, 50, 95, 155, 50, 95, 155}, counts)
	})
}
