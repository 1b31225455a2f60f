package scan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestNoneAboveIsCertainOrFalse(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		name := s.Schema(t)
		admin := dbtest.Lenient(t, s, name)
		dbtest.Exec(
			t,
			admin,
			"CREATE TABLE t (id INT PRIMARY KEY, tenant INT NOT NULL, u DATETIME(6) NOT NULL, KEY (u))",
			"INSERT INTO t VALUES (1, 7, '2026-01-01 00:00:01'), (2, 8, '2026-01-01 00:00:02')",
			"CREATE TABLE plain (id INT PRIMARY KEY, u DATETIME(6) NOT NULL)",
		)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		here := db.Instance().Digest
		tbl := dbtest.Introspect(t, db, name, "t")
		filtered := *tbl
		filtered.Filter = "tenant = 7"
		for _, c := range []struct {
			lo, instance string
			filter, none bool
		}{
			{"2026-01-01 00:00:02.000000", here, false, true}, // lo itself is not above
			{"2026-01-01 00:00:01.999999", here, false, false},
			{"2026-01-01 00:00:01.000000", here, true, true}, // the other tenant's row does not count
			{"2026-01-01 00:00:00.000000", here, true, false},
			{"2026-01-01 00:00:02.000000", "another", false, false},
			{"", here, false, false},
		} {
			of := tbl
			if c.filter {
				of = &filtered
			}
			none, err := scan.NoneAbove(t.Context(), db, of, "u", c.lo, c.instance)
			require.NoError(t, err)
			require.Equal(t, c.none, none, "%+v", c)
		}
		none, err := scan.NoneAbove(t.Context(), db, dbtest.Introspect(t, db, name, "plain"), "u",
			"2026-01-01 00:00:02.000000", here)
		require.NoError(t, err)
		require.False(t, none, "without an index the look would read the table")
	})
}
