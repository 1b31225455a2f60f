package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// stagedRun stages what a first load reads, and removes it as a run does, which keeps it.
func (c *comparing) stagedRun(run string) {
	c.t.Helper()
	var plan activities.PlanRunResult
	in := activities.PlanRunInput{Table: c.settings.Table.String(), Run: run, State: owner.State{ID: "s"}}
	require.NoError(c.t, c.step("PlanRun", in, &plan))
	one := activities.RangeInput{Table: in.Table, Run: plan.Run, PlanSum: plan.PlanSum}
	for ; one.Range < plan.Ranges; one.Range++ {
		one.Slice = 0
		for more := true; more; one.Slice++ {
			var out activities.ExtractResult
			require.NoError(c.t, c.step("ExtractIncremental", one, &out))
			more = out.More
			for range 2 { // repeated, it is harmless
				require.NoError(c.t, c.step("Cleanup", one, &activities.CleanupResult{}))
			}
		}
	}
	for _, part := range c.staged() {
		require.Contains(c.t, part, "/runs/", "only what is kept is left")
	}
}

// replayed compares the rows of a kept run.
func (c *comparing) replayed(run string) (found, string) {
	c.t.Helper()
	in := c.planInput()
	in.Replay, in.Repair, in.Run = run, true, fmt.Sprintf("replay-%d", time.Now().UnixNano())
	var plan activities.PlanVerifyResult
	require.NoError(c.t, c.step("PlanVerify", in, &plan))
	require.Zero(c.t, plan.SecondLook)
	at := activities.RangeInput{Table: in.Table, Run: plan.Run, PlanSum: plan.PlanSum}
	return c.compareAll(&at, plan), plan.Replay
}

func TestAReplayFindsWhatDiffersOfTheRowsOfARun(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newComparing(t, s, s, "CREATE TABLE t (a INT, id VARCHAR(9), v INT, "+cursorColumn+
			", PRIMARY KEY (id, a), KEY (updated_at))", "INSERT INTO t (a, id, v) VALUES (1, 'x', 1), (2, 'x', 2), "+
			"(3, 'y', 3), (4, 'z', 4), (5, 'z', 5)").copied()
		c.settings.Keep = map[staging.Kind]time.Duration{staging.KeptStaged: time.Hour}
		c.settings.ChunkRows = 2
		c.deps.Sizes = activities.Sizes{Stretch: 2}
		c.restart()
		c.stagedRun("run-a")
		c.stagedRun("run-b.1")
		got, run := c.replayed("last")
		require.Equal(t, "run-b.1", run)
		require.EqualValues(t, 5, got.Equal)
		require.Empty(t, got.verdicts)

		c.AtSource("DELETE FROM t WHERE a = 1", "INSERT INTO t (a, id, v) VALUES (9, 'not of the run', 9)")
		c.AtTarget("DELETE FROM t WHERE a IN (1, 2)", "UPDATE t SET v = 0 WHERE a = 3",
			"UPDATE t SET updated_at = '2024-02-02' WHERE a = 4")
		for _, name := range []string{"run-b", "run-b.1", "/var/lib/staging/runs/shop.t/run-b.1/"} {
			got, run = c.replayed(name)
			require.Equal(t, "run-b.1", run)
			require.EqualValues(t, 4, got.SourceRows, "a row that is gone at the source does not count")
			require.Equal(t, map[verify.Verdict]int64{verify.Missing: 1, verify.Silent: 1, verify.Newer: 1},
				got.verdicts)
		}
		in := c.planInput()
		in.Replay = "run-c"
		err := c.step("PlanVerify", in, nil)
		requireType(t, err, failure.InvalidInput)
		require.ErrorContains(t, err, "staging keeps no run run-c")
		require.ErrorContains(t, err, "run-b.1")

		var since api.VerifyTableResult
		since.Replay = fmt.Sprint(run)
		require.NoError(t, c.step("FinishVerify", activities.FinishVerifyInput{
			RangeInput: activities.RangeInput{Table: in.Table, Run: in.Run}, Receipt: &since,
		}, &activities.FinishVerifyResult{}))
		require.Nil(t, c.state.state.LastVerify, "a replay is no comparison of the table")
	})
}

// What staging.keep keeps goes when its time is over. Without it nothing is kept, and a replay says what to do.
func TestFilesOfRunsAreKeptForTheirTime(t *testing.T) {
	c := newComparing(t, servers.MySQL(t), servers.MySQL(t), "CREATE TABLE t (id INT PRIMARY KEY, "+cursorColumn+
		", KEY (updated_at))", "INSERT INTO t (id) VALUES (1), (2)").copied()
	c.deps.Deployment, c.deps.SweepAfter = "this", time.Hour
	c.restart()
	c.stagedRun("run-a")
	in := c.planInput()
	in.Replay = "last"
	err := c.step("PlanVerify", in, nil)
	requireType(t, err, failure.InvalidInput)
	require.ErrorContains(t, err, "staging keeps no run")

	c.settings.Keep = map[staging.Kind]time.Duration{staging.KeptStaged: 48 * time.Hour}
	c.stagedRun("run-b")
	c.replayed("last")
	c.state.describes(enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED)
	sweep := func() (out activities.SweepResult) {
		require.NoError(t, c.step("Sweep", nil, &out))
		return out
	}
	require.Zero(t, sweep().Expired)
	c.age(72 * time.Hour)
	require.Equal(t, 1, sweep().Expired)
	require.Error(t, c.step("PlanVerify", in, nil))
}

// The newest run that is kept is a run: what a backfill has staged is none.
func TestABackfillIsNoRunToReplay(t *testing.T) {
	c := newFilling(t, servers.MySQL(t), servers.MySQL(t))
	c.settings.Keep = map[staging.Kind]time.Duration{staging.KeptStaged: time.Hour}
	c.restart()
	c.stagedRun("run-a")
	c.fill(false)
	got, run := c.replayed("last")
	require.Equal(t, "run-a", run)
	require.NotZero(t, got.Equal)
}
