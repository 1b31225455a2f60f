package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A transaction that wrote the target before the RENAME and commits while that waits for its lock, where the login sees
// no locks and no counts: its rows are in the former table, and the run says so, however often the step is repeated.
func TestAWriterInTheMomentOfTheSwapIsSeen(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		r.as(s, "SELECT", "INSERT", "UPDATE", "CREATE", "ALTER", "DROP")
		r.replaced()
		r.AtSource("DELETE FROM t WHERE id < 50")
		in := activities.SwapTableInput{RangeInput: r.checked()}
		to := s.DB(t, r.To)
		dbtest.NextSecond(t, to)
		writer := dbtest.Session(t, to)
		dbtest.Run(t, writer, "BEGIN", "INSERT INTO t VALUES (999, 'mine', '2024-01-01')")
		var ignored any
		swapped := make(chan error, 1)
		go func() { swapped <- r.step("SwapTable", in, &ignored) }()
		require.Eventually(t, func() bool {
			return dbtest.Texts(t, to, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE LIKE "+
				"'Waiting for table metadata lock%' AND INFO LIKE 'RENAME %`"+r.To+"`%'")[0] == "1"
		}, time.Minute, time.Millisecond)
		dbtest.Run(t, writer, "COMMIT")
		err := <-swapped
		requireType(t, err, failure.TargetWritten)
		if r.rows("t") == "251 32124" {
			return // the commit took longer than the RENAME waits, and the next look has seen it
		}
		require.ErrorContains(t, err, "their rows are in "+r.To+".tablehaul_old_t only")
		require.Equal(t, "200 29900", r.rows("t"))
		require.Equal(t, "251 32124", r.rows("tablehaul_old_t"))
		requireType(t, r.step("SwapTable", in, &ignored), failure.TargetWritten)

		// Their rows stay until a person has dropped the table, however long it is to be kept.
		r.settings.Replace.KeepOld = 0
		require.Equal(t, activities.DropOldResult{}, r.dropOld())
		err = r.step("PlanRun", r.planInput(), &ignored)
		requireType(t, err, failure.TargetWritten)
		require.ErrorContains(t, err, "their rows are in "+r.To+".tablehaul_old_t only")
		require.Equal(t, "251 32124", r.rows("tablehaul_old_t"))
		require.Equal(t, "200 29900", r.rows("t"))
		dbtest.Exec(t, to, "DROP TABLE tablehaul_old_t")
		r.replaced()
		require.Equal(t, "200 29900", r.rows("t"))
		require.Equal(t, "200 29900", r.rows("tablehaul_old_t"))
	})
}
