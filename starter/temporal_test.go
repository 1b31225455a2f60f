package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/testenv/temporaltest"
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
