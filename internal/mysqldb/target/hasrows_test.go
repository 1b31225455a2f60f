package target_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A look for the rows of one source among those of others is exact along an index. Elsewhere it ends after two seconds,
// on the server as well, and says that there may be such rows.
func TestALookForRowsEndsInItsTime(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		dbtest.Exec(t, admin, "CREATE TABLE t (id INT PRIMARY KEY, origin VARCHAR(10) NOT NULL, KEY (origin))")
		dbtest.Fill(t, admin, "t", 20, "n, 'eu'")
		db, _ := dbtest.Forgetful(t, s, mysqldb.Target) // it gives up after a second of silence
		tbl := dbtest.Introspect(t, db, schema, "t")
		for _, c := range []struct {
			filter     string
			has, known bool
		}{
			{"origin = 'eu'", true, true},
			{"origin = 'us'", false, true},
			{"id > 0 AND SLEEP(0.5) = 7", true, false}, // no row, after ten seconds
		} {
			of := *tbl
			of.Filter = c.filter
			has, known, err := target.New(db).HasRowsOf(t.Context(), &of)
			require.NoError(t, err, c.filter)
			require.Equal(t, c.has, has, c.filter)
			require.Equal(t, c.known, known, c.filter)
		}
		require.Equal(t, []string{"0"}, dbtest.Texts(t, admin, "SELECT COUNT(*) FROM information_schema.processlist "+
			"WHERE info LIKE '%SLEEP(0.5)%' AND id <> CONNECTION_ID()"), "it runs on")
	})
}
