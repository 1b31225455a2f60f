package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// replay plans a backfill of all rows under a fence.
func (c *sweeping) replay(run string, fence int64) activities.RangeInput {
	c.t.Helper()
	var plan activities.PlanRunResult
	require.NoError(c.t, c.step("PlanRun", activities.PlanRunInput{
		Table: c.settings.Table.String(), Run: run, State: c.state.state, From: "2023-01-01", To: "2024-05-01",
	}, &plan))
	require.Equal(c.t, api.ModeBackfill, plan.Mode)
	return activities.RangeInput{Table: c.settings.Table.String(), Run: plan.Run, PlanSum: plan.PlanSum, Fence: fence}
}

// After a sweep neither a chunk that was read before it and thaws, nor a replay of all rows, nor a retry of a row in
// quarantine brings a deleted row back.
func TestNothingBringsADeletedRowBack(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newSweeping(t, s, sweptTable)
		c.state.state.ID, c.state.state.Fence = "state", 5
		c.settings.Quarantine = &activities.QuarantineSettings{MaxRows: 5, MaxShare: 1}
		c.AtTarget("ALTER TABLE t ADD CONSTRAINT good CHECK (v >= 0)")
		c.AtSource("UPDATE t SET v = -1, updated_at = '2024-01-02' WHERE k = 'k1'")
		begin := lineage.BeginSpec{Ref: lineage.Ref{Target: c.settings.Target, StateID: "state", Fence: 5}}
		require.NoError(t, lineage.Begin(t.Context(), c.Dst, begin))
		frozen := c.replay("frozen", 5)
		var extracted activities.ExtractResult
		require.NoError(t, c.step("ExtractIncremental", frozen, &extracted))
		done, err := c.write(c.replay("earlier", 5))
		require.NoError(t, err)
		require.EqualValues(t, 1, done.Quarantined)

		c.AtSource("DELETE FROM t WHERE k IN ('k0', 'k1', 'k2')")
		in := c.look()
		var slice activities.Slice
		require.NoError(t, c.step("BeginSlice", activities.BeginSliceInput{
			Table: in.Table, WorkflowID: "sweep", RunID: "1",
		}, &slice))
		in.Fence = slice.Fence
		swept, err := c.act(in)
		require.NoError(t, err)
		require.EqualValues(t, 3, swept.Deleted)

		_, err = c.write(frozen)
		requireType(t, err, failure.LeaseLost)
		require.Equal(t, "297", c.onTarget("SELECT COUNT(*) FROM t"))
		again := c.replay("again", slice.Fence)
		require.Equal(t, "0 0 0 1 0", c.settle(activities.SettleQuarantineInput{RangeInput: again, All: true}))
		_, err = c.write(again)
		require.NoError(t, err)
		require.Equal(t, "297", c.onTarget("SELECT COUNT(*) FROM t"))
		require.Equal(t, "0", c.onTarget("SELECT COUNT(*) FROM t WHERE k IN ('k0', 'k1', 'k2')"))
	})
}
