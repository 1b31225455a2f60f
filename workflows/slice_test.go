package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/workflows"
)

// A run waits for a slice and is not refused; a slice waits for runs, also for one that only waits.
func TestTableStateMakesRunsWaitForASlice(t *testing.T) {
	o := newStateHarness(t)
	var events []string
	ended := func(name string) func(any, error) {
		return func(reply any, err error) {
			var app *temporal.ApplicationError
			if errors.As(err, &app) {
				name += " " + app.Type()
			}
			events = append(events, name)
		}
	}
	run, slice := owner.BeginRequest{WorkflowID: "run", RunID: "1"}, owner.BeginRequest{
		WorkflowID: "verify", RunID: "2", Slice: true,
	}
	o.then(owner.UpdateBeginRun, slice, ended("slice"))
	o.then(owner.UpdateBeginRun, slice, ended("slice repeated"))
	o.then(owner.UpdateBeginRun, run, ended("run")) // it waits
	other := slice
	other.RunID = "3"
	o.then(owner.UpdateBeginRun, other, ended("other slice"))
	o.then(owner.UpdateReleaseLease, owner.ReleaseRequest{Fence: 1, RunID: "1"}, ended("other run's release"))
	o.then(owner.UpdateReleaseLease, owner.ReleaseRequest{Fence: 1}, ended("release"))
	o.then(owner.UpdateReleaseLease, owner.ReleaseRequest{Fence: 1}, ended("release repeated"))
	o.then(owner.UpdateBeginRun, slice, ended("slice beside a run"))
	o.then(owner.UpdateFinishRun, owner.FinishRequest{Fence: 2, Record: owner.RunRecord{RunID: "1"}}, ended("finish"))
	o.then(owner.UpdateBeginRun, slice, ended("next slice"))
	o.then(owner.UpdateReleaseLease, owner.ReleaseRequest{Fence: 3}, ended("next release"))
	o.run()
	require.Equal(t, []string{
		"slice", "slice repeated", "other slice TableBusy", "other run's release LeaseLost", "release", "run",
		"release repeated", "slice beside a run TableBusy", "finish", "next slice", "next release",
	}, events)
	require.Nil(t, o.state().Lease)
	require.Len(t, o.state().LastRuns, 1, "a slice is no run")
}

// A slice whose worker is gone keeps no run for long, and finds its lease lost.
func TestTableStateTakesTheLeaseOfASliceThatDoesNotEnd(t *testing.T) {
	o := newStateHarness(t)
	var waited time.Duration
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "verify", RunID: "1", Slice: true},
		func(_ any, err error) { require.NoError(t, err) })
	asked := o.env.Now().Add(2 * time.Second)
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "run", RunID: "2"}, func(reply any, err error) {
		require.NoError(t, err)
		require.Equal(t, "run", reply.(owner.State).Lease.WorkflowID)
		waited = o.env.Now().Sub(asked)
	})
	o.delay += time.Minute
	o.then(owner.UpdateReleaseLease, owner.ReleaseRequest{Fence: 1}, func(_ any, err error) {
		requireType(t, err, failure.LeaseLost)
	})
	o.run()
	require.InDelta(t, 20, waited.Seconds(), 2)
	require.Equal(t, "run", o.state().Lease.WorkflowID)
}

// A watermark that is set by hand waits for a slice, and is not refused as beside a run.
func TestTableStateSetsTheWatermarkAfterASlice(t *testing.T) {
	o := newStateHarness(t)
	ok := func(_ any, err error) { require.NoError(t, err) }
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "verify", RunID: "1", Slice: true}, ok)
	o.then(owner.UpdateSetWatermark, owner.SetRequest{Watermark: "7", Cursor: "id"}, func(_ any, err error) {
		require.NoError(t, err)
		require.Nil(t, o.state().Lease)
	})
	o.then(owner.UpdateReleaseLease, owner.ReleaseRequest{Fence: 1}, ok)
	o.run()
	require.Equal(t, "7", o.state().Watermark)
}

// underSlices is a workflow of two slices, the second of which may write.
func underSlices(ctx workflow.Context) (calls int, err error) {
	for range 2 {
		err = workflows.UnderLease(ctx, "shop.orders", func(ctx workflow.Context, slice activities.Slice) error {
			calls++
			return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
				StartToCloseTimeout: time.Minute,
			}), "Do", slice.Fence).Get(ctx, nil)
		})
		if err != nil {
			return calls, err
		}
	}
	return calls, nil
}

// A slice whose lease was lost is done again with a new fence; one that fails gives its lease back.
func TestASliceThatLostItsLeaseIsDoneAgain(t *testing.T) {
	lost := failure.New(failure.LeaseLost, "table shop.orders was taken over by a newer run", "")
	refused := failure.New(failure.RowRejected, "no", "")
	for name, c := range map[string]struct {
		do, end func(fence int64) error
		calls   int
		typ     string
	}{
		"nothing fails":        {calls: 2},
		"found at the end":     {end: failOn(lost, 1), calls: 3},
		"found by a write":     {do: failOn(lost, 2), end: failOn(lost, 2), calls: 3},
		"lost each time":       {end: func(int64) error { return lost }, typ: failure.LeaseLost},
		"another failure":      {do: failOn(refused, 1), typ: failure.RowRejected},
		"another failure, end": {do: failOn(refused, 1), end: failOn(lost, 1), typ: failure.RowRejected},
	} {
		t.Run(name, func(t *testing.T) {
			env := newEnvironment()
			env.RegisterWorkflow(underSlices)
			var fence int64
			var ended []int64
			begin := func(context.Context, activities.BeginSliceInput) (activities.Slice, error) {
				fence++
				return activities.Slice{Fence: fence}, nil
			}
			env.RegisterActivityWithOptions(begin, activity.RegisterOptions{Name: "BeginSlice"})
			env.RegisterActivityWithOptions(func(_ context.Context, in activities.EndSliceInput) error {
				ended = append(ended, in.Fence)
				if c.end == nil {
					return nil
				}
				return c.end(in.Fence)
			}, activity.RegisterOptions{Name: "EndSlice"})
			env.RegisterActivityWithOptions(func(_ context.Context, fence int64) error {
				if c.do == nil {
					return nil
				}
				return c.do(fence)
			}, activity.RegisterOptions{Name: "Do"})
			env.ExecuteWorkflow(underSlices)
			require.True(t, env.IsWorkflowCompleted())
			require.Len(t, ended, int(fence), "each slice gives its lease back")
			if c.typ != "" {
				requireType(t, env.GetWorkflowError(), c.typ)
				require.LessOrEqual(t, fence, int64(5))
				return
			}
			require.NoError(t, env.GetWorkflowError())
			var calls int
			require.NoError(t, env.GetWorkflowResult(&calls))
			require.Equal(t, c.calls, calls)
		})
	}
}

// failOn fails for one fence.
func failOn(err error, fence int64) func(int64) error {
	return func(of int64) error {
		if of == fence {
			return err
		}
		return nil
	}
}
