package scan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Without an index, the last rows take a look at every row. The server may be silent for as long as the look has.
func TestALookForTheLastRowsHasItsTime(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		dbtest.Exec(t, s.DB(t, schema), "CREATE TABLE t (id INT PRIMARY KEY, n BIGINT NOT NULL)",
			"INSERT INTO t VALUES (1, 10), (2, 30), (3, 20)",
			"CREATE VIEW slow AS SELECT id, n + SLEEP(0.7) AS n FROM t")
		db, _ := dbtest.Forgetful(t, s, mysqldb.Source) // it gives up after a second of silence
		tbl := dbtest.Introspect(t, db, schema, "t")
		slow := *tbl
		slow.Name.Table = "slow"
		sample, err := scan.LastRows(t.Context(), db, &slow, "n", "", 2)
		require.NoError(t, err)
		require.Equal(t, 2, sample.Len())
		n, err := scan.CountSample(t.Context(), db, tbl, sample, false)
		require.NoError(t, err)
		require.Equal(t, 2, n)
	})
}
