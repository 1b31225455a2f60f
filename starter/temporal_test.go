package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/temporaltest"
	"github.com/tablehaul/tablehaul/workflows"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := temporaltest.StopShared(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// What the stand-in for SyncTable does, by the table's name in the schema "act".
const (
	actDone   = "done"
	actRefuse = "refuse"
	actHold   = "hold"
	actStall  = "stall"
	actPanic  = "panic"
)

// syncTable replaces workflows.SyncTable: the same messages, without MySQL.
func syncTable(ctx workflow.Context, in api.SyncTableInput) (api.SyncTableResult, error) {
	status := api.Status{Table: in.Table, Phase: api.PhaseUpsert, RowsWritten: 70, RowsExtracted: 100}
	err := workflow.SetQueryHandler(ctx, api.QueryStatus, func() (api.Status, error) { return status, nil })
	if err != nil {
		return api.SyncTableResult{}, err
	}
	switch {
	case strings.HasSuffix(in.Table, actRefuse):
		options := workflow.ActivityOptions{StartToCloseTimeout: time.Minute}
		return api.SyncTableResult{}, workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options),
			"PlanRun").Get(ctx, nil)
	case strings.HasSuffix(in.Table, actStall):
		return stall(ctx, in)
	case strings.HasSuffix(in.Table, actPanic):
		panic("a decision that cannot be taken")
	case strings.HasSuffix(in.Table, actHold):
		signal := workflow.GetSignalChannel(ctx, "go")
		workflow.NewSelector(ctx).AddReceive(signal, func(workflow.ReceiveChannel, bool) {}).AddReceive(ctx.Done(),
			func(workflow.ReceiveChannel, bool) {}).Select(ctx)
		if ctx.Err() != nil {
			return api.SyncTableResult{}, ctx.Err()
		}
	}
	return api.SyncTableResult{
		Table: in.Table, Target: "dw.copy", Mode: "incremental",
		Window: table.Window{Lo: in.From, Hi: in.To},
	}, nil
}

func planTable(_ workflow.Context, in api.PlanTableInput) (api.PlanTableResult, error) {
	return api.PlanTableResult{
		Table: in.Table, Target: "dw.copy", Verdict: api.VerdictReady,
		Window: table.Window{Lo: in.From},
	}, nil
}

// listTables is the answer of a worker whose file has no table.
func listTables(workflow.Context) (api.ListTablesResult, error) {
	return api.ListTablesResult{}, nil
}

func planRun(context.Context) error {
	return temporal.NewApplicationErrorWithOptions("look at act.refuse (connection shop): it has no primary key: "+
		"add one", failure.UnsupportedTable,
		temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{failure.Details{
			Doing: "look at act.refuse", Connection: "shop", What: "it has no primary key", Remedy: "add one",
		}}})
}

// world is a Temporal with a worker on a task queue of the test's own.
type world struct {
	client client.Client
	queue  string
	getenv func(string) string
	// healthy lets the steps of stalled runs succeed.
	healthy atomic.Bool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server := temporaltest.Start(t)
	env := map[string]string{"TEMPORAL_ADDRESS": server.Address}
	// Temporal remembers for minutes who has polled a task queue: one that had a worker is not one without.
	queue := "starter-" + t.Name() + "-" + rand.Text()[:8]
	w := &world{queue: queue, getenv: func(name string) string { return env[name] }}
	c, err := client.Dial(client.Options{HostPort: server.Address})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	w.client = c
	return w
}

func (w *world) startWorker(t *testing.T) {
	t.Helper()
	wk := worker.New(w.client, w.queue, worker.Options{
		WorkerStopTimeout: time.Second, DeadlockDetectionTimeout: time.Minute,
	})
	wk.RegisterWorkflowWithOptions(syncTable, workflow.RegisterOptions{Name: api.SyncTableName})
	wk.RegisterWorkflowWithOptions(planTable, workflow.RegisterOptions{Name: api.PlanTableName})
	wk.RegisterWorkflowWithOptions(listTables, workflow.RegisterOptions{Name: api.ListTablesName})
	wk.RegisterWorkflowWithOptions(workflows.TableState, workflow.RegisterOptions{Name: owner.WorkflowType})
	wk.RegisterWorkflowWithOptions(syncRange, workflow.RegisterOptions{Name: api.SyncRangeName})
	wk.RegisterActivityWithOptions(w.extract, activity.RegisterOptions{Name: "ExtractIncremental"})
	wk.RegisterActivityWithOptions(w.upsert, activity.RegisterOptions{Name: "UpsertChunk"})
	wk.RegisterActivityWithOptions(planRun, activity.RegisterOptions{Name: "PlanRun"})
	require.NoError(t, wk.Start())
	t.Cleanup(wk.Stop)
}

// call runs the program as main does, but for its environment.
func (w *world) call(t *testing.T, args ...string) invocation {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), append(args, "--task-queue", w.queue), w.getenv, &stdout, &stderr)
	return invocation{code, stdout.String(), stderr.String()}
}

// eventually polls until ok; Temporal's answers may lag behind what was asked of it.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, 3*time.Minute, 50*time.Millisecond)
}

func TestRunAgainstTemporal(t *testing.T) {
	w := newWorld(t)
	w.startWorker(t)
	got := w.call(t, "run", "act.done", "--from", "5", "--to", "9")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "act.done → dw.copy done: incremental")
	require.Contains(t, got.stdout, "(5, 9]")

	got = w.call(t, "run", "act.refuse")
	require.Equal(t, exitFailed, got.code)
	require.Regexp(t, `(?s)act.refuse failed: UnsupportedTable
  what:   look at act.refuse: it has no primary key
  where:  connection shop, step PlanRun, workflow tablehaul/sync/act.refuse@starter-TestRunAgainstTemporal-[A-Z2-7]+, run [0-9a-f-]{36}
  remedy: add one
$`, got.stderr)

	got = w.call(t, "plan", "act.done")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "act.done → dw.copy: ready")
}

func TestBusyAndStoppedRunsAgainstTemporal(t *testing.T) {
	w := newWorld(t)
	w.startWorker(t)
	got := w.call(t, "run", "act.hold", "--no-wait")
	require.Equal(t, exitOK, got.code, got.stderr)
	t.Cleanup(func() {
		_ = w.client.TerminateWorkflow(context.Background(), api.SyncTableID(w.queue, "act.hold"), "",
			"the test has ended")
	}) // closed already when the test passes

	got = w.call(t, "run", "act.hold")
	require.Equal(t, exitBusy, got.code)
	require.Contains(t, got.stderr, "act.hold is already being synced by workflow "+api.SyncTableID(w.queue,
		"act.hold")+", run ")
	got = w.call(t, "run", "act.hold", "--if-busy", "skip", "--output", "json")
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.stdout, `"outcome":"skipped"`)

	s, err := dialTemporal(t.Context(), w.getenv, w.queue)
	require.NoError(t, err)
	defer s.Close()
	status, err := s.Status(t.Context(), remote.Execution{WorkflowID: api.SyncTableID(w.queue, "act.hold")})
	require.NoError(t, err)
	require.Equal(t, int64(70), status.RowsWritten)

	waiter := make(chan invocation, 1)
	go func() { waiter <- w.call(t, "run", "act.hold", "--if-busy", "wait") }()
	require.NoError(t, w.client.CancelWorkflow(t.Context(), api.SyncTableID(w.queue, "act.hold"), ""))
	// The waiting call starts a run of its own now: end that one well.
	eventually(t, func() bool {
		_ = w.client.SignalWorkflow(t.Context(), api.SyncTableID(w.queue, "act.hold"), "", "go",
			nil) // refused between the two runs
		return len(waiter) == 1
	})
	got = <-waiter
	require.Equal(t, exitOK, got.code, got.stderr)
}

// Temporal ends a run that was started with a time limit of its own.
func TestATimedOutRunAgainstTemporal(t *testing.T) {
	w := newWorld(t)
	w.startWorker(t)
	id := api.SyncTableID(w.queue, "timedout."+actHold)
	_, err := w.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: id, TaskQueue: w.queue, WorkflowExecutionTimeout: time.Second,
	}, api.SyncTableName, api.SyncTableInput{Table: "timedout." + actHold})
	require.NoError(t, err)
	s, err := dialTemporal(t.Context(), w.getenv, w.queue)
	require.NoError(t, err)
	defer s.Close()
	_, err = s.Wait(t.Context(), remote.Execution{WorkflowID: id})
	var failed *remote.FailedError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, failure.EndTimedOut, failed.Type)
	require.NotEmpty(t, remedyOf(failure.EndTimedOut, ""))
}

func TestCancelledAndTerminatedRunsAgainstTemporal(t *testing.T) {
	w := newWorld(t)
	w.startWorker(t)
	for end, f := range map[string]func(context.Context, string) error{
		failure.EndCancelled: func(_ context.Context, id string) error {
			got := w.call(t, "cancel", api.TableOfSyncID(w.queue, id))
			require.Equal(t, exitOK, got.code, got.stderr)
			require.Contains(t, got.stdout, "cancelled; the watermark stays")
			return nil
		},
		failure.EndTerminated: func(ctx context.Context, id string) error {
			return w.client.TerminateWorkflow(ctx, id, "", "test")
		},
	} {
		name := end + "." + actHold
		t.Cleanup(func() {
			_ = w.client.TerminateWorkflow(context.Background(), api.SyncTableID(w.queue, name), "",
				"the test has ended")
		}) // closed already when the test passes
		require.Equal(t, exitOK, w.call(t, "run", name, "--no-wait").code)
		s, err := dialTemporal(t.Context(), w.getenv, w.queue)
		require.NoError(t, err)
		defer s.Close()
		require.NoError(t, f(t.Context(), api.SyncTableID(w.queue, name)))
		_, err = s.Wait(t.Context(), remote.Execution{WorkflowID: api.SyncTableID(w.queue, name)})
		var failed *remote.FailedError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, end, failed.Type)
		require.NotEmpty(t, remedyOf(end, ""))
	}
}

func TestWatermarkAndStatusAgainstTemporal(t *testing.T) {
	w := newWorld(t)
	// A state workflow never ends, and TEMPORAL_ADDRESS may name a server that outlives the test.
	name := fmt.Sprintf("state.t%d", time.Now().UnixNano())
	got := w.call(t, "watermark", "show", name)
	require.Equal(t, invocation{exitOK, "none\n", ""}, got)

	w.startWorker(t)
	t.Cleanup(func() {
		_ = w.client.TerminateWorkflow(context.Background(), owner.WorkflowID(w.queue, name), "", "the test has ended")
	}) // fails where nothing was started
	got = w.call(t, "watermark", "set", name, "2024-05-01 12:00:00")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, name+": the watermark is 2024-05-01 12:00:00\n", got.stdout)
	require.Equal(t, "2024-05-01 12:00:00\n", w.call(t, "watermark", "show", name).stdout)

	var one tableStatus
	require.NoError(t, json.Unmarshal([]byte(w.call(t, "status", name, "--output", "json").stdout), &one))
	require.Equal(t, "2024-05-01 12:00:00", one.State.Watermark)
	eventually(t, func() bool { return strings.Contains(w.call(t, "status").stdout, name) })
}

func TestNoWorkerAgainstTemporal(t *testing.T) {
	w := newWorld(t)
	name := "nobody.home"
	got := w.call(t, "run", name, "--no-wait")
	require.Equal(t, exitOK, got.code, got.stderr)
	defer func() {
		_ = w.client.TerminateWorkflow(context.Background(), api.SyncTableID(w.queue, name), "", "the test has ended")
	}()
	s, err := dialTemporal(t.Context(), w.getenv, w.queue)
	require.NoError(t, err)
	defer s.Close()
	_, err = s.Status(t.Context(), remote.Execution{WorkflowID: api.SyncTableID(w.queue, name)})
	require.True(t, remote.IsUnreachable(err), "%v", err)
	there, err := s.HasWorker(t.Context())
	require.NoError(t, err)
	require.False(t, there)
}

func TestUnknownNamespaceIsASetting(t *testing.T) {
	w := newWorld(t)
	address := w.getenv("TEMPORAL_ADDRESS")
	w.getenv = func(name string) string {
		return map[string]string{"TEMPORAL_ADDRESS": address, "TEMPORAL_NAMESPACE": "nowhere"}[name]
	}
	got := w.call(t, "run", "act.done")
	require.Equal(t, exitUsage, got.code, got.stderr)
	require.Contains(t, got.stderr, "namespace nowhere does not exist")
}
