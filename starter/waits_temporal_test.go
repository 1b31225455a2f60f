package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// stall writes two chunks to a server that is away, while a range of its own extracts.
func stall(ctx workflow.Context, in api.SyncTableInput) (api.SyncTableResult, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    100 * time.Millisecond,
			BackoffCoefficient: 1,
		},
	})
	child := workflow.ExecuteChildWorkflow(ctx, api.SyncRangeName)
	chunks := []workflow.Future{
		workflow.ExecuteActivity(ctx, "UpsertChunk"),
		workflow.ExecuteActivity(ctx, "UpsertChunk"),
	}
	for _, f := range append(chunks, child) {
		if err := f.Get(ctx, nil); err != nil {
			return api.SyncTableResult{}, err
		}
	}
	return api.SyncTableResult{Table: in.Table, Target: "dw.copy", Mode: "incremental"}, nil
}

func syncRange(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute,
		HeartbeatTimeout:    30 * time.Second,
	})
	return workflow.ExecuteActivity(ctx, "ExtractIncremental").Get(ctx, nil)
}

func (w *world) extract(ctx context.Context) error {
	for !w.healthy.Load() && ctx.Err() == nil {
		activity.RecordHeartbeat(ctx, activities.ExtractProgress{Rows: 23, Bytes: 5})
		select {
		case <-time.After(20 * time.Millisecond):
		case <-activity.GetWorkerStopChannel(ctx):
			return nil
		}
	}
	return ctx.Err()
}

func (w *world) upsert(context.Context) error {
	if w.healthy.Load() {
		return nil
	}
	return temporal.NewApplicationError("write a chunk (connection warehouse): connection refused",
		failure.ServerUnavailable)
}

// lend makes a run the holder of the table's lease, as BeginRun does.
func (w *world) lend(t *testing.T, table string, e remote.Execution) {
	t.Helper()
	handle, err := w.client.UpdateWithStartWorkflow(t.Context(), client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: w.client.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
			ID: owner.WorkflowID(w.queue, table), TaskQueue: w.queue,
			WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		}, owner.WorkflowType, owner.State{Version: 1, Table: table}),
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: owner.UpdateBeginRun, WaitForStage: client.WorkflowUpdateStageCompleted,
			Args: []any{owner.BeginRequest{WorkflowID: e.WorkflowID, RunID: e.RunID}},
		},
	})
	require.NoError(t, err)
	require.NoError(t, handle.Get(t.Context(), nil))
	w.endAfter(t, owner.WorkflowID(w.queue, table))
}

// endAfter terminates a workflow that would outlive the test; one that has ended stays as it is.
func (w *world) endAfter(t *testing.T, id string) {
	t.Cleanup(func() { _ = w.client.TerminateWorkflow(context.Background(), id, "", "the test has ended") })
}

// launch starts a run without following it.
func (w *world) launch(t *testing.T, table string) remote.Execution {
	t.Helper()
	got := w.call(t, "run", table, "--no-wait", "--output", "json")
	require.Equal(t, exitOK, got.code, got.stderr)
	var o outcome
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &o))
	w.endAfter(t, o.WorkflowID)
	return o.Execution
}

func (w *world) status(t *testing.T, table string) tableStatus {
	t.Helper()
	var one tableStatus
	got := w.call(t, "status", table, "--output", "json")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &one))
	return one
}

func TestStatusShowsWhatARunWaitsFor(t *testing.T) {
	w := newWorld(t)
	w.startWorker(t)
	before := time.Now()
	table := "status." + actStall
	w.lend(t, table, w.launch(t, table))
	var run *remote.Progress
	eventually(t, func() bool {
		run = w.status(t, table).Run
		return run != nil && len(run.Waits) == 1 && run.Waits[0].Steps == 2 && run.Waits[0].Attempt > 2 &&
			run.RowsExtracted > 100
	})
	require.Equal(t, int64(123), run.RowsExtracted, "what the run knows, and the range's heartbeat")
	got := run.Waits[0]
	require.Equal(t, "UpsertChunk", got.Step)
	require.Equal(t, failure.ServerUnavailable, got.Type)
	require.Equal(t, "write a chunk (connection warehouse): connection refused", got.Reason)
	require.WithinRange(t, got.Since, before, time.Now(), "the first try, not the latest")

	text := w.call(t, "status", table)
	require.Regexp(t, `now:        upsert; 70 rows written, 123 read; waiting .*: ServerUnavailable\n`, text.stdout)
	require.Regexp(t, `\n  waiting for .*: UpsertChunk × 2, try \d+ .*; ServerUnavailable: write a chunk`, text.stdout)
	eventually(t, func() bool { // the list of tables is a moment behind
		return strings.Contains(w.call(t, "status").stdout, "waiting ")
	})

	w.healthy.Store(true)
	eventually(t, func() bool { return w.status(t, table).Ended == "completed" })
	require.Contains(t, w.call(t, "status", table).stdout, "idle; the last run was completed, and the next run "+
		"takes over")
}

func TestStatusShowsARunThatCannotDecide(t *testing.T) {
	w := newWorld(t)
	w.startWorker(t)
	table := "status." + actPanic
	e := w.launch(t, table)
	s, err := dialTemporal(t.Context(), w.getenv, w.queue)
	require.NoError(t, err)
	defer s.Close()
	var got remote.Pending
	eventually(t, func() bool {
		got, err = s.Pending(t.Context(), e)
		return err == nil && len(got.Waits) == 1
	})
	require.Equal(t, "workflow task", got.Waits[0].Step)
	require.Contains(t, got.Waits[0].Reason, "every attempt fails")
}

func TestPendingOfARunThatHasEnded(t *testing.T) {
	w := newWorld(t)
	w.startWorker(t)
	e := w.launch(t, "pending."+actHold)
	s, err := dialTemporal(t.Context(), w.getenv, w.queue)
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, w.client.TerminateWorkflow(t.Context(), e.WorkflowID, "", "test"))
	got, err := s.Pending(t.Context(), e)
	require.NoError(t, err)
	require.Equal(t, remote.Pending{Closed: "terminated"}, got)
}

// A worker that is older than a table's state leaves it alone, and the command line says which versions these are.
func TestAStateOfALaterVersionAgainstTemporal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startWorker(t)
	later := owner.State{Version: owner.StateVersion + 1, Table: "shop.orders"}
	run, err := w.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: owner.WorkflowID(w.queue, later.Table), TaskQueue: w.queue,
	}, owner.WorkflowType, later)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = w.client.TerminateWorkflow(context.Background(), run.GetID(), run.GetRunID(), "the test has ended")
	})
	s, err := remote.Dial(t.Context(), w.getenv, w.queue)
	require.NoError(t, err)
	defer s.Close()
	eventually(t, func() bool { // two attempts have to fail before that is no accident
		steps, err := s.Pending(t.Context(), remote.Execution{WorkflowID: run.GetID()})
		return err == nil && len(steps.Waits) > 0
	})
	const why = "the state workflow of shop.orders does not answer: the state of shop.orders is of version 2, and " +
		"this worker reads up to 1: start workers of the version that wrote it"
	got := w.call(t, "status", "shop.*")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stdout, "shop.orders gives no answer: "+why)
	require.Contains(t, got.stderr, "tablehaul: "+why)
}
