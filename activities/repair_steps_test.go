package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// Each step of a repair and of an undo, twice, the second time by another worker, as Temporal repeats them where a
// worker was killed after its work: the second time changes nothing.
func TestEachStepOfARepairMayBeRepeated(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newOrders(t, s)
		before := b.target(ordersAll)
		in, undo := b.batch()
		twice := func(do func()) {
			t.Helper()
			do()
			after := b.target(ordersAll)
			b.restart()
			do()
			require.Equal(t, after, b.target(ordersAll))
		}
		var staged activities.ExtractResult
		twice(func() { require.NoError(t, b.step("StageRepair", in, &staged)) })
		require.Equal(t, before, b.target(ordersAll))
		twice(func() {
			sum, err := b.write(in)
			require.NoError(t, err)
			require.Zero(t, sum.Changed)
		})
		var out activities.FinishRepairResult
		twice(func() { require.NoError(t, b.step("FinishRepair", in, &out)) })
		require.Equal(t, map[verify.Verdict]int64{verify.Missing: 2, verify.Stale: 2, verify.Silent: 4}, out.Repaired)

		var plan activities.PlanUndoResult
		twice(func() {
			require.NoError(t, b.step("PlanUndo", activities.PlanUndoInput{
				Table: in.Table, Undo: undo, Run: "undo-1",
			}, &plan))
		})
		back := activities.RangeInput{Table: in.Table, Run: plan.Run, PlanSum: plan.PlanSum}
		twice(func() { require.NoError(t, b.step("StageUndo", back, &staged)) })
		twice(func() {
			sum, err := b.write(back)
			require.NoError(t, err)
			require.Zero(t, sum.Changed)
		})
		var undone activities.FinishUndoResult
		twice(func() {
			require.NoError(t, b.step("FinishUndo", activities.FinishUndoInput{RangeInput: back}, &undone))
		})
		require.Equal(t, activities.FinishUndoResult{Restored: 8}, undone)
		require.Equal(t, before, b.target(ordersAll))
	})
}

// A batch that has lost its lease writes and deletes nothing any more; under the next lease it goes on.
func TestARepairThatHasLostItsLeaseWritesNothing(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newRepairBench(t, s, spelledTable, "", "k, v", "'aa', 1", "'bb', 2")
		b.AtTarget(toldApart)
		b.AtSource("UPDATE t SET k = 'AA' WHERE k = 'aa'", "UPDATE t SET v = 22 WHERE k = 'bb'")
		b.state.state.ID = "state-1"
		before := b.target("k v")
		in, _ := b.batch()
		ref := lineage.Ref{Target: b.settings.Target, StateID: "state-1", Fence: 5}
		require.NoError(t, lineage.Begin(t.Context(), b.Dst, lineage.BeginSpec{Ref: ref}))
		in.Fence = 4
		var staged activities.ExtractResult
		require.NoError(t, b.step("StageRepair", in, &staged))
		_, err := b.write(in)
		requireType(t, err, failure.LeaseLost)
		require.Equal(t, before, b.target("k v"))
		in.Fence = 5
		_, err = b.write(in)
		require.NoError(t, err)
		written := b.target("k v")
		in.Fence = 4
		var out activities.FinishRepairResult
		requireType(t, b.step("FinishRepair", in, &out), failure.LeaseLost)
		require.Equal(t, written, b.target("k v"))
		in.Fence = 5
		require.NoError(t, b.step("FinishRepair", in, &out))
		require.EqualValues(t, 1, out.Removed)
		require.Equal(t, b.source("k v"), b.target("k v"))
	})
}
