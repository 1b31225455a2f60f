package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// newQuiet is a loaded table whose last run found nothing.
func newQuiet(t *testing.T, s *servers.Server) (*bench, *stateClient) {
	t.Helper()
	b, c := newBench(t, s), &stateClient{}
	b.deps.Client = c
	b.settings.TailRows = 1000 // a row above a window that others' open work holds back is read all the same
	b.restart()
	name := b.settings.Table.String()
	c.state = owner.State{Version: 1, ID: "state", Table: name, Fence: 1, Lease: &owner.Lease{RunID: "load", Fence: 1}}
	var plan activities.PlanRunResult
	require.NoError(t, b.step("PlanRun", activities.PlanRunInput{Table: name, Run: "load", State: c.state}, &plan))
	in := activities.RangeInput{Table: name, Run: plan.Run, PlanSum: plan.PlanSum, Fence: 1}
	var extracted activities.ExtractResult
	require.NoError(t, b.step("ExtractIncremental", in, &extracted))
	var list activities.ListChunksResult
	require.NoError(t, b.step("ListChunks", activities.ListChunksInput{RangeInput: in, Limit: 10}, &list))
	for _, ref := range list.Chunks {
		var out activities.UpsertChunkResult
		require.NoError(t, b.step("UpsertChunk", activities.UpsertChunkInput{RangeInput: in, ChunkRef: ref}, &out))
	}
	var finished activities.FinishRunResult
	require.NoError(t, b.step("FinishRun", activities.FinishRunInput{
		Table: name, TargetRow: plan.TargetRow, TargetWatermark: plan.Window.Hi,
		Finish: owner.FinishRequest{Fence: 1, RunID: "load", Watermark: plan.Window.Hi},
	}, &finished))
	plan.Identity.Target.Run = 1
	c.state.Identity, c.state.Cursor, c.state.Loaded, c.state.Revision = plan.Identity, plan.Cursor, true, 3
	c.state.LastRuns = []owner.RunRecord{{RunID: "before", Mode: api.ModeIncremental, Outcome: owner.OutcomeDone}}
	c.updates = nil
	return b, c
}

func (b *bench) beginEmpty() (out activities.BeginRunResult, err error) {
	b.t.Helper()
	return out, b.step("BeginRun", activities.BeginRunInput{
		Table: b.settings.Table.String(), WorkflowID: "sync", RunID: "mine", TakesEmpty: true,
	}, &out)
}

// findsNothing begins a run that finds nothing. Where other tests use the server, their open work may hold a window
// back for a moment.
func (b *bench) findsNothing(c *stateClient) (out activities.BeginRunResult) {
	b.t.Helper()
	state, updates := c.state, len(c.updates)
	require.Eventually(b.t, func() bool {
		c.state, c.updates = state, c.updates[:updates]
		var err error
		out, err = b.beginEmpty()
		return err == nil && out.Empty != nil
	}, time.Minute, 50*time.Millisecond)
	return out
}

func TestARunThatFindsNothingIsOneStepAndOneUpdate(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b, c := newQuiet(t, s)
		loaded := c.state.Watermark
		before := loaded
		for range 2 {
			out := b.findsNothing(c)
			require.Nil(t, out.State.Lease)
			require.NotNil(t, out.Busy, "a workflow of an earlier version goes no further")
			require.Equal(t, b.settings.Target.String(), out.Empty.Target)
			require.GreaterOrEqual(t, out.Empty.Watermark, before)
			before = out.Empty.Watermark
		}
		require.Equal(t, []string{owner.UpdateRecordEmptyRun, owner.UpdateRecordEmptyRun}, c.updates)
		require.Greater(t, before, loaded)
		last := c.state.LastRuns[len(c.state.LastRuns)-1]
		require.Equal(t, "mine", last.RunID)
		require.Equal(t, before, last.Window.Hi)
		require.Nil(t, c.state.Lease)
	})
}

// What may have something to do gets the lease, and is planned.
func TestARunThatMayHaveWorkGetsTheLease(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b, c := newQuiet(t, s)
		state := c.state
		refusing := func(err error) {
			c.onUpdate = func(update string, s *owner.State) error {
				if update != owner.UpdateRecordEmptyRun {
					return nil
				}
				s.Revision++
				return err
			}
		}
		for _, when := range mayHaveWork(b, c, refusing) {
			c.state, c.onUpdate = state, nil
			if when.prepare != nil {
				when.prepare()
			}
			if when.then != "" {
				b.AtSource(when.then)
			}
			if when.what == "nothing came" { // the cases before leave nothing
				b.findsNothing(c)
				continue
			}
			out, err := b.beginEmpty()
			require.NoError(t, err, when.what)
			require.Nil(t, out.Empty, when.what)
			require.NotNil(t, out.State.Lease, when.what)
			require.Equal(t, "mine", out.State.Lease.RunID, when.what)
			require.Equal(t, state.Watermark, c.state.Watermark, when.what)
			if when.after != "" {
				b.AtSource(when.after)
			}
		}
	})
}

// workCase is a reason why a run may have work: what is done at the source, and what undoes it.
type workCase struct {
	what, then, after string
	prepare           func()
}

func mayHaveWork(b *bench, c *stateClient, refusing func(error)) []workCase {
	lastRun := func(r owner.RunRecord) { c.state.LastRuns = []owner.RunRecord{r} }
	return []workCase{
		{what: "the last run found rows", prepare: func() {
			lastRun(owner.RunRecord{Mode: api.ModeIncremental, Outcome: owner.OutcomeDone, Rows: 1})
		}},
		{what: "the last run failed", prepare: func() {
			lastRun(owner.RunRecord{Mode: api.ModeIncremental, Outcome: owner.OutcomeFailed})
		}},
		{what: "the state is of an older worker", prepare: func() { c.state.Revision = 0 }},
		{what: "the watermark was set by hand", prepare: func() { c.state.SetByHand = true }},
		{what: "work held the window back", prepare: func() { c.state.HeldBack = "a transaction" }},
		{what: "the state changed meanwhile", prepare: func() { refusing(nil) }},
		{what: "another run was faster", prepare: func() { refusing(failure.New(failure.TableBusy, "held", "")) }},
		{
			what: "a row came", then: "INSERT INTO t VALUES (900, 'new', NOW(6))",
			after: "DELETE FROM t WHERE id = 900",
		},
		{
			what:  "a row came above the window",
			then:  "INSERT INTO t VALUES (900, 'new', NOW(6) + INTERVAL 1 HOUR)",
			after: "DELETE FROM t WHERE id = 900",
		},
		{what: "a column came", then: "ALTER TABLE t ADD COLUMN w INT", after: "ALTER TABLE t DROP COLUMN w"},
		{what: "nothing came"},
		{what: "the target is gone", prepare: func() { b.AtTarget("DROP TABLE t") }},
	}
}

// Work that is open holds the end of a window back. A row above it is read all the same.
func TestARowAboveAWindowThatIsHeldBackIsWork(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b, c := newQuiet(t, s)
		b.AtSource("CREATE TABLE other (id INT PRIMARY KEY)")
		tx, err := b.Source.DB(t, b.From).BeginTx(t.Context(), nil)
		require.NoError(t, err)
		var rows int
		// It has begun, and holds nothing back yet.
		require.NoError(t, tx.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM other").Scan(&rows))
		b.findsNothing(c)
		_, err = tx.ExecContext(t.Context(), "INSERT INTO other VALUES (1)")
		require.NoError(t, err)
		b.AtSource("INSERT INTO t VALUES (900, 'new', NOW(6))")
		out, err := b.beginEmpty()
		require.NoError(t, err)
		require.Nil(t, out.Empty)
		require.NotNil(t, out.State.Lease)
		require.NoError(t, tx.Rollback())
	})
}
