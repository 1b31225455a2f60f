package target_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A build of indexes has memory of its own on MySQL, and the session has the server's settings again afterwards.
func TestASessionThatBuildsIndexesHasItsOwnMemory(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db := dbtest.Open(t, s, mysqldb.Options{Role: mysqldb.Target})
		names := target.BuildSettings(db.Server)
		require.Equal(t, s.Flavor == servers.FlavorMySQL, len(names) > 0)
		conn, err := db.Conn(t.Context())
		require.NoError(t, err)
		defer conn.Close() //nolint:errcheck // the end of the test
		before := valuesOf(t, conn, names)
		restore := target.SetForBuild(t.Context(), conn, db.Server)
		for i, v := range valuesOf(t, conn, names) {
			require.NotEqual(t, before[i], v, names[i])
		}
		restore()
		require.Equal(t, before, valuesOf(t, conn, names))
	})
}

func valuesOf(t *testing.T, conn *sql.Conn, names []string) (values []int) {
	t.Helper()
	for _, name := range names {
		var v int
		require.NoError(t, conn.QueryRowContext(t.Context(), "SELECT @@SESSION."+name).Scan(&v))
		values = append(values, v)
	}
	return values
}
