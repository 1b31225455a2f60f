package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/workflows"
)

// The former table is dropped when its time is over, which a swap that comes meanwhile makes later; a server that is
// away for a while changes nothing.
func TestDropOldTableWaitsUntilTheTimeIsOver(t *testing.T) {
	env := newEnvironment()
	begun := env.Now()
	ends := begun.Add(time.Hour)
	var asked []time.Duration
	drop := func(_ context.Context, in activities.DropOldInput) (activities.DropOldResult, error) {
		require.Equal(t, "shop.orders", in.Table)
		asked = append(asked, env.Now().Sub(begun).Round(time.Minute))
		switch len(asked) {
		case 2:
			ends = ends.Add(30 * time.Minute) // another swap
		case 3:
			return activities.DropOldResult{}, temporal.NewApplicationError("away", failure.ServerUnavailable)
		}
		if left := ends.Sub(env.Now()); left > time.Second {
			return activities.DropOldResult{WaitSeconds: int64(left.Seconds())}, nil
		}
		return activities.DropOldResult{Dropped: true}, nil
	}
	env.RegisterActivityWithOptions(drop, activity.RegisterOptions{Name: "DropOld"})
	env.ExecuteWorkflow(api.DropOldTableName, activities.DropOldInput{
		Table: "shop.orders", Target: table.Name{Schema: "dw", Table: "orders"}, Connection: "warehouse",
	})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []time.Duration{0, time.Hour, 90 * time.Minute, 90 * time.Minute}, asked[:4])
}

// undoSwap runs the undo of a swap, and says which steps it took.
func undoSwap(t *testing.T, dryRun bool, undo func(activities.UndoSwapInput) error) (
	out workflows.UndoTableResult, steps []string, err error,
) {
	t.Helper()
	env := newEnvironment()
	var fence int64
	for name, f := range map[string]any{
		"PlanUndoSwap": func(
			_ context.Context, in activities.PlanUndoSwapInput,
		) (out activities.PlanUndoSwapResult, _ error) {
			require.Equal(t, dryRun, in.DryRun)
			steps = append(steps, "plan")
			out.Target, out.SwappedAt, out.KeepSeconds, out.Watermark = "dw.orders", 100, 60, "7"
			return out, nil
		},
		"BeginSlice": func(context.Context, activities.BeginSliceInput) (activities.Slice, error) {
			steps = append(steps, "begin")
			fence++
			return activities.Slice{Fence: fence}, nil
		},
		"UndoSwap": func(_ context.Context, in activities.UndoSwapInput) error {
			require.EqualValues(t, 100, in.SwappedAt)
			steps = append(steps, "undo")
			return undo(in)
		},
		"EndSlice": func(context.Context, activities.EndSliceInput) error {
			steps = append(steps, "end")
			return nil
		},
	} {
		env.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: name})
	}
	env.ExecuteWorkflow(api.UndoTableName, workflows.UndoTableInput{Table: "shop.orders", DryRun: dryRun})
	if err = env.GetWorkflowError(); err == nil {
		require.NoError(t, env.GetWorkflowResult(&out))
	}
	return out, steps, err
}

// Without a run, an undo is that of the last swap: under the lease, which it gets again where it was lost.
func TestAnUndoWithoutARunIsOfTheLastSwap(t *testing.T) {
	lost := failure.New(failure.LeaseLost, "table shop.orders was taken over by a newer run", "")
	out, steps, err := undoSwap(t, false, func(in activities.UndoSwapInput) error {
		if in.Fence == 1 {
			return lost
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{"plan", "begin", "undo", "end", "begin", "undo", "end"}, steps)
	want := &api.UndoneSwap{At: time.Unix(100, 0).UTC(), Watermark: "7", KeptSeconds: 60}
	require.Equal(t, want, out.Swap)
	require.Equal(t, "dw.orders", out.Target)

	out, steps, err = undoSwap(t, true, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"plan"}, steps)
	require.True(t, out.DryRun)

	_, steps, err = undoSwap(t, false, func(activities.UndoSwapInput) error {
		return failure.New(failure.TableChanged, "replaced again", "")
	})
	requireType(t, err, failure.TableChanged)
	require.Equal(t, []string{"plan", "begin", "undo", "end"}, steps)
}
