package main

import (
	"bytes"
	"context"
	"crypto/rand"
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
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/temporaltest"
	"github.com/tablehaul/tablehaul/workflows"
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
