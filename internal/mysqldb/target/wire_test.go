package target_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A long statement may be silent, as long as its server has it.
func TestALongStatementEndsWhenItsServerHasItNoMore(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db, p := dbtest.Forgetful(t, s, mysqldb.Target)
		require.NoError(
			t, target.ExecWatched(t.Context(), db, "DO SLEEP(2.5)", 200*time.Millisecond), "it was silent, and ran",
		)

		hold := p.Hold(1, "DO /* tablehaul-")
		err := target.ExecWatched(t.Context(), db, "DO SLEEP(60)", 200*time.Millisecond)
		require.Error(t, err)
		require.Equal(t, mysqlerr.ClassRetry, mysqlerr.Classify(err), "%v", err)
		require.ErrorContains(t, err, "does not have the statement any more")
		hold.Release()
	})
}
