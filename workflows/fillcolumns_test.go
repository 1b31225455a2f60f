package workflows_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/workflows"
)

// filling adds the steps of a fill to the fake's.
func (f *fake) filling(env *testsuite.TestWorkflowEnvironment) {
	f.register(env)
	f.upsert = func(context.Context, activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
		return activities.UpsertChunkResult{Updated: 6, Unchanged: 2, Changed: 1, Missing: 1, Tries: 1}, nil
	}
	env.RegisterActivityWithOptions(func(ctx context.Context, in activities.PlanFillInput) (
		activities.PlanFillResult, error,
	) {
		return activities.PlanFillResult{
			Target: "dw.orders", Run: in.Run, PlanSum: "sum", Columns: in.Columns, Cursor: "updated_at", Through: "9",
			ChunksInFlight: 3, ChunkRows: fakeChunkRows,
		}, f.step(ctx, "PlanFill")
	}, activity.RegisterOptions{Name: "PlanFill"})
	f.leasing(env)
}

var discount = api.FillColumnsInput{Table: "shop.orders", Columns: []string{"discount"}}

// Each slice is written under the lease, and read before. A dry run takes no lease.
func TestAFillHoldsTheLeaseForASlice(t *testing.T) {
	for _, dryRun := range []bool{false, true} {
		f, env := newFake(), newEnvironment()
		f.sliced(3)
		f.filling(env)
		in := discount
		in.DryRun = dryRun
		env.ExecuteWorkflow(api.FillColumnsName, in)
		require.NoError(t, env.GetWorkflowError())
		var got workflows.FillColumnsResult
		require.NoError(t, env.GetWorkflowResult(&got))
		require.Equal(
			t,
			[5]int64{360, 216, 72, 36, 36},
			[5]int64{got.Rows, got.Filled, got.Equal, got.Newer, got.Missing},
		)
		leases, fence := 3, int64(7)
		if dryRun {
			leases, fence = 0, 0
		}
		require.Equal(t, leases, f.count("BeginSlice"))
		require.Equal(t, leases, f.count("EndSlice"))
		require.Equal(t, 3, f.count("Cleanup"))
		require.Equal(t, 1, f.count("DropPlan"))
		for _, u := range f.upserts {
			require.Equal(t, fence, u.Fence)
		}
	}
}

// A fill whose history becomes long continues as new, with the slice that is staged and all that it has counted.
func TestALongFillContinuesAsNew(t *testing.T) {
	f := newFake()
	f.sliced(3)
	var in any = discount
	for executions := 1; ; executions++ {
		env := newEnvironment()
		f.filling(env)
		env.SetCurrentHistoryLength(2001)
		env.ExecuteWorkflow(api.FillColumnsName, in)
		var next *workflow.ContinueAsNewError
		if !errors.As(env.GetWorkflowError(), &next) {
			require.NoError(t, env.GetWorkflowError())
			var got workflows.FillColumnsResult
			require.NoError(t, env.GetWorkflowResult(&got))
			require.Equal(t, [3]int64{360, 216, 72}, [3]int64{got.Rows, got.Filled, got.Equal})
			require.Equal(t, 3, executions)
			break
		}
		var again map[string]any
		require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &again))
		in = again
	}
	require.Equal(t, 1, f.count("PlanFill"))
	require.Equal(t, 3, f.count("ExtractIncremental"), "what was staged is not read again")
	require.Equal(t, 1, f.count("DropPlan"))
}

// Where the plan is lost, the fill plans again, and what was filled before still counts.
func TestAFillThatLosesItsPlanPlansAgain(t *testing.T) {
	f, env := newFake(), newEnvironment()
	f.sliced(2)
	f.filling(env)
	lost := false
	write := f.upsert
	f.upsert = func(ctx context.Context, in activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
		if in.Slice == 1 && !lost {
			lost = true
			return activities.UpsertChunkResult{}, failure.New(failure.PlanLost, "gone", "")
		}
		return write(ctx, in)
	}
	env.ExecuteWorkflow(api.FillColumnsName, discount)
	require.NoError(t, env.GetWorkflowError())
	var got workflows.FillColumnsResult
	require.NoError(t, env.GetWorkflowResult(&got))
	require.Equal(t, 2, f.count("PlanFill"))
	require.Equal(t, int64(240), got.Rows)
	require.GreaterOrEqual(t, got.Filled, int64(72+144))
}

func TestInputsOfAFillThatAreRefused(t *testing.T) {
	for _, in := range []any{map[string]any{"table": "shop.orders"}, map[string]any{"columns": []string{"a"}}, 5} {
		env := newEnvironment()
		env.ExecuteWorkflow(api.FillColumnsName, in)
		require.ErrorContains(t, env.GetWorkflowError(), failure.InvalidInput)
	}
}
