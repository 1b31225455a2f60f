package workflows_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/workflows"
)

// chain is a workflow and what it has continued as, each with the events that its steps make.
type chain struct {
	// env is that of the last execution.
	env        *testsuite.TestWorkflowEnvironment
	executions int
	// most is how many events a history has at most, largest the size of the largest payload.
	most    int
	largest atomic.Int64
}

// run executes a workflow to its end. register adds the steps to each execution.
func (c *chain) run(t *testing.T, name string, in any, register func(*testsuite.TestWorkflowEnvironment)) {
	t.Helper()
	for {
		c.executions++
		events := 0
		env := newEnvironment()
		register(env)
		env.SetDataConverter(measuring{converter.GetDefaultDataConverter(), &c.largest})
		env.SetOnActivityCompletedListener(func(*activity.Info, converter.EncodedValue, error) {
			events += eventsOfAStep
			env.SetCurrentHistoryLength(events)
		})
		env.ExecuteWorkflow(name, in)
		c.env, c.most = env, max(c.most, events)
		var next *workflow.ContinueAsNewError
		if !errors.As(env.GetWorkflowError(), &next) {
			require.NoError(t, env.GetWorkflowError())
			return
		}
		require.Equal(t, name, next.WorkflowType.Name)
		var again map[string]any
		require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &again))
		in = again
	}
}

// A cancel that arrives while the files of the last slice of an execution are removed ends the range, and not that
// execution alone. The files of the next slice go too.
func TestACancelBesideTheLastCleanupOfAnExecutionEndsTheRange(t *testing.T) {
	for name, c := range map[string]struct {
		workflow string
		in       any
		last     []string
	}{
		"a range of many": {workflows.SyncRangeName, workflows.SyncRangeInput{
			Range:  activities.RangeInput{Table: "shop.orders", Run: "run-1", PlanSum: "sum", Range: 4},
			Ranges: 9, ChunksInFlight: 2,
		}, []string{"Cleanup"}},
		"the only range": {workflows.SyncTableName, orders, []string{"Cleanup", "FinishRun"}},
		"a backfill":     {api.FillColumnsName, discount, []string{"Cleanup", "DropPlan"}},
	} {
		t.Run(name, func(t *testing.T) {
			f, env := newFake(), newEnvironment()
			f.sliced(3)
			var cleaned []int
			f.cleaned(func(in activities.RangeInput) {
				if cleaned = append(cleaned, in.Slice); in.Slice == 0 {
					env.CancelWorkflow()
				}
			})
			f.filling(env)
			env.SetCurrentHistoryLength(2001)
			env.ExecuteWorkflow(c.workflow, c.in)
			require.True(t, temporal.IsCanceledError(env.GetWorkflowError()), "%v", env.GetWorkflowError())
			require.Equal(t, []int{0, 1}, slices.Compact(cleaned), "a cancel lets the files of a slice go once more")
			require.Equal(t, c.last, f.order()[len(f.order())-len(c.last):])
			if c.workflow == workflows.SyncTableName {
				require.Equal(t, owner.OutcomeCancelled, f.finished[0].Finish.Record.Outcome)
			}
		})
	}
}

// A cancel that arrives while the lease is given back, after the last batch of an execution, ends a sweep, a repair and
// an undo.
func TestACancelBesideTheLastBatchOfAnExecutionEndsTheWorkflow(t *testing.T) {
	for name, c := range map[string]struct {
		workflow string
		in       any
	}{
		"a sweep":  {workflows.VerifyTableName, sweepOrders},
		"a repair": {workflows.VerifyTableName, repairOrders},
		"an undo":  {workflows.UndoTableName, undoOrders},
	} {
		t.Run(name, func(t *testing.T) {
			w, env := newWriting(), newEnvironment()
			w.found, w.files = []int64{12_000}, 3
			w.endSlice = func() error {
				env.CancelWorkflow()
				return nil
			}
			w.register(env)
			env.SetCurrentHistoryLength(2001)
			env.ExecuteWorkflow(c.workflow, c.in)
			require.True(t, temporal.IsCanceledError(env.GetWorkflowError()), "%v", env.GetWorkflowError())
			require.Equal(t, 1, w.count("EndSlice"))
		})
	}
}

// endsWithAStep continues as new after a wait that no cancel ends.
func endsWithAStep(ctx workflow.Context) error {
	detached, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if err := workflow.Sleep(detached, time.Minute); err != nil {
		return err
	}
	return workflows.ContinueAsNew(ctx, "endsWithAStep", nil)
}

func TestACancelledWorkflowDoesNotContinueAsNew(t *testing.T) {
	for _, cancelled := range []bool{false, true} {
		env := newEnvironment()
		env.RegisterWorkflow(endsWithAStep)
		if cancelled {
			env.RegisterDelayedCallback(env.CancelWorkflow, time.Second)
		}
		env.ExecuteWorkflow(endsWithAStep)
		var next *workflow.ContinueAsNewError
		require.Equal(t, !cancelled, errors.As(env.GetWorkflowError(), &next), "%v", env.GetWorkflowError())
		require.Equal(t, cancelled, temporal.IsCanceledError(env.GetWorkflowError()))
	}
}
