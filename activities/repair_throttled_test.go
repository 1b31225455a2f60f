package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/throttle"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// A batch of a repair or an undo waits for the table's limits before it asks for the lease. With the lease it waits for
// nothing: runs would wait as long.
func TestARepairWaitsForLimitsWithoutTheLease(t *testing.T) {
	s := servers.MySQL(t)
	b := newOrders(t, s)
	before := b.target(ordersAll)
	in, _ := b.compared()
	soon := time.Now().UTC().Add(6 * time.Hour)
	b.settings.Throttle = throttle.Limits{Hours: soon.Format("15:04") + "-" + soon.Add(time.Hour).Format("15:04")}

	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	b.env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
	var slice activities.Slice
	begin := activities.BeginSliceInput{Table: in.Table, WorkflowID: "w", RunID: "r"}
	require.Error(t, b.step("BeginSlice", begin, &slice))
	require.NotContains(t, b.state.updates, owner.UpdateBeginRun, "the hours are closed")
	b.restart()

	batch, plan := b.planned(activities.PlanRepairInput{RangeInput: in})
	require.Equal(t, 1, plan.Batches)
	var staged activities.ExtractResult
	require.NoError(t, b.step("StageRepair", batch, &staged))
	_, err := b.write(batch)
	require.NoError(t, err, "what has the lease is written, although the hours have ended meanwhile")
	var out activities.FinishRepairResult
	require.NoError(t, b.step("FinishRepair", batch, &out))
	require.EqualValues(t, 2, out.Repaired[verify.Missing])
	require.Equal(t, activities.FinishUndoResult{Restored: 8}, b.undone(plan.Undo, false))
	require.Equal(t, before, b.target(ordersAll))
}
