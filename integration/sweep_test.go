package integration_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/app"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/temporalopts"
	"github.com/tablehaul/tablehaul/workflows"
)

// startSweeping is startFaulty with a worker that sweeps what is an hour old.
func startSweeping(t *testing.T, o options) *product {
	t.Helper()
	return startFaulty(t, o, func(cfg *config.Config) { cfg.Staging.SweepAfter = time.Hour })
}

// age makes files as old as if the runs had been the day before.
func (p *product) age(files ...string) {
	p.t.Helper()
	yesterday := time.Now().Add(-24 * time.Hour)
	for _, f := range files {
		require.NoError(p.t, os.Chtimes(f, yesterday, yesterday))
	}
}

// sweep triggers the schedule that the worker has made, and waits for what comes of it.
func (p *product) sweep() workflows.SweepStagingResult {
	p.t.Helper()
	id := workflows.SweepID(activities.HostQueue(p.queue, "here"))
	schedule := p.client.ScheduleClient().GetHandle(p.t.Context(), id)
	require.Eventually(p.t, func() bool {
		_, err := schedule.Describe(p.t.Context())
		return err == nil
	}, timeout, poll, "the worker makes the schedule")
	before, err := schedule.Describe(p.t.Context())
	require.NoError(p.t, err)
	require.NoError(p.t, schedule.Trigger(p.t.Context(), client.ScheduleTriggerOptions{}))
	var started string
	require.Eventually(p.t, func() bool {
		d, err := schedule.Describe(p.t.Context())
		if err != nil || len(d.Info.RecentActions) == len(before.Info.RecentActions) {
			return false
		}
		started = d.Info.RecentActions[len(d.Info.RecentActions)-1].StartWorkflowResult.WorkflowID
		return true
	}, timeout, poll)
	var out workflows.SweepStagingResult
	require.NoError(p.t, p.client.GetWorkflow(p.t.Context(), started, "").Get(p.t.Context(), &out), p.pending(started))
	return out
}

// terminateWhilePlanning ends a run, beyond any cleanup, in the moment in which its plan is staged.
func (p *product) terminateWhilePlanning(name string) {
	p.t.Helper()
	id := workflows.SyncTableID(p.queue, p.table(name))
	p.onWritten(func(path string) error {
		if filepath.Base(path) != "plan.json" {
			return nil
		}
		return p.client.TerminateWorkflow(context.Background(), id, "", "test")
	})
	require.Error(p.t, p.launch(workflows.SyncTableInput{Table: p.table(name)}, id).Get(p.t.Context(), nil))
	require.Equal(p.t, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, requireClosed(p.t, p, id))
	p.onWritten(nil)
}

// What terminated runs have left goes when it is old; what is young, lives, is needed, or is not
// ours, stays.
func TestSweepRemovesWhatEndedRunsHaveLeft(t *testing.T) {
	t.Parallel()
	p := startSweeping(t, options{
		defaults: ", tuning: { chunkRows: 100, rangeRows: 1000, chunksInFlight: 2, rangesInFlight: 1 }",
		tables: "- { name: FROM.t, target: TO.t, cursor: updated_at }\n- { name: FROM.dead, target: TO.dead }\n" +
			"- { name: FROM.young, target: TO.young }\n- { name: FROM.undone, target: TO.undone, cursor: updated_at }",
	})
	small := func(name string) string { return strings.Replace(createT, "CREATE TABLE t", "CREATE TABLE "+name, 1) }
	exec(t, p.src, createT, insertT(1, 3000), old, small("dead"), small("young"), small("undone"),
		"INSERT INTO dead SELECT * FROM t LIMIT 10", "INSERT INTO young SELECT * FROM t LIMIT 10",
		"INSERT INTO undone SELECT * FROM t", "ANALYZE TABLE t, undone")
	exec(t, p.dst, createT, small("undone"))
	p.closeGate("t", "undone")

	p.terminateWhilePlanning("dead")
	dead := p.staged()
	require.Equal(t, []string{"plan.json"}, baseNames(dead), "left behind by a terminated run")
	foreign := filepath.Join(filepath.Dir(dead[0]), "notes.txt")
	unnamed := filepath.Join(p.staging(), "shop.strange", "run", "00000", "part-00000-x.parquet")
	require.NoError(t, os.MkdirAll(filepath.Dir(unnamed), 0o700))
	for _, f := range []string{foreign, unnamed} {
		require.NoError(t, os.WriteFile(f, []byte("mine"), 0o600))
	}
	temp := filepath.Join(p.staging(), ".tmp", "left-by-a-dead-worker")
	require.NoError(t, os.MkdirAll(filepath.Dir(temp), 0o700))
	require.NoError(t, os.WriteFile(temp, []byte("half"), 0o600))

	undone := p.launch(workflows.SyncTableInput{Table: p.table("undone")},
		workflows.SyncTableID(p.queue, p.table("undone")))
	p.gate.open(300)
	holds(t, p.dst, "SELECT COUNT(*) >= 100 FROM undone")
	require.NoError(t, p.client.CancelWorkflow(t.Context(), undone.GetID(), ""))
	require.Error(t, undone.Get(t.Context(), nil))
	require.NotNil(t, p.state("undone").FirstLoad, "the next run goes on with it")

	live := p.run("t")
	p.waitForRows(100)
	p.age(p.staged()...)
	p.terminateWhilePlanning("young")
	before := p.staged()
	out := p.sweep()
	require.Equal(t, workflows.SweepStagingResult{Runs: 1, Files: 2, Kept: 2, Young: 1, Unnamed: 1}, out, "of %q",
		before)

	require.NoFileExists(t, dead[0])
	require.NoFileExists(t, temp)
	require.FileExists(t, foreign)
	require.FileExists(t, unnamed)
	p.gate.release()
	require.EqualValues(t, 3000, live().RowsExtracted, "a run that lives keeps its files, however old")
	p.equal("t", []string{"id"}, columnsT...)

	p.age(p.staged()...)
	require.Equal(t, workflows.SweepStagingResult{Runs: 1, Files: 1, Kept: 1, Unnamed: 1}, p.sweep(),
		"the young one is old now")
	require.Less(t, p.sync("undone").RowsExtracted, int64(3001))
	p.equal("undone", []string{"id"}, columnsT...)
	require.ElementsMatch(t, []string{"notes.txt", "part-00000-x.parquet"}, baseNames(p.staged()))
}

// Two deployments that use one folder or bucket do not know each other's runs, and leave each
// other's files alone, however old.
func TestSweepLeavesAnotherDeploymentsFilesAlone(t *testing.T) {
	t.Parallel()
	p := startSweeping(t, options{defaults: ", tuning: { chunkRows: 100, chunksInFlight: 2 }"})
	exec(t, p.src, createT, insertT(1, 1500), old)
	exec(t, p.dst, createT)
	held, err := p.dst.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = held.Rollback() }()
	_, err = held.ExecContext(t.Context(), insertT(1000, 1000))
	require.NoError(t, err)
	live := p.run("t") // it waits for the row that is held, so its files stay
	p.waitForRows(100)
	p.age(p.staged()...)

	other := start(t, options{
		idle: true, stagingURL: "file://" + p.staging(),
		tables: "- { name: FROM.dead, target: TO.dead }",
	})
	namespace := "elsewhere-" + other.from[3:]
	_, err = p.client.WorkflowService().RegisterNamespace(t.Context(), &workflowservice.RegisterNamespaceRequest{
		Namespace: namespace, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	})
	require.NoError(t, err)
	opts := temporalopts.At(p.temporal.Address)
	opts.Namespace, opts.Logger = namespace, silent{}
	other.client, err = client.Dial(opts)
	require.NoError(t, err)
	defer other.client.Close()
	other.queue = p.queue // the same everything, but for the namespace
	require.Eventually(t, func() bool {
		_, err := other.client.ScheduleClient().List(t.Context(), client.ScheduleListOptions{})
		_, describeErr := other.client.DescribeTaskQueue(t.Context(), other.queue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
		return err == nil && describeErr == nil
	}, timeout, poll, "Temporal knows the namespace")
	cfg, err := config.LoadFile(other.config(), os.Getenv)
	require.NoError(t, err)
	cfg.Staging.SweepAfter = time.Hour
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- app.RunWorker(ctx, app.WorkerOptions{
			Config: cfg, Getenv: os.Getenv, Client: other.client,
			Namespace: namespace, TaskQueue: other.queue,
		})
	}()
	defer func() {
		stop()
		require.NoError(t, <-done)
	}()
	require.Equal(t, workflows.SweepStagingResult{Others: 1}, other.sweep())
	require.NotEmpty(t, p.staged())
	require.NoError(t, held.Rollback())
	require.EqualValues(t, 1500, live().RowsExtracted)
	p.equal("t", []string{"id"}, columnsT...)
}

// The next run removes what a terminated one has left: its plan, its files, and the record of a
// full load that no run will go on with.
func TestTheNextRunRemovesWhatATerminatedOneHasLeft(t *testing.T) {
	t.Parallel()
	p := startFaulty(t, options{defaults: ", tuning: { chunkRows: 50, rangeRows: 300 }"})
	exec(t, p.src, createT, insertT(1, 900), old, "ANALYZE TABLE t")
	exec(t, p.dst, createT)
	p.terminateWhilePlanning("t")
	require.Equal(t, []string{"plan.json"}, baseNames(p.staged()))
	p.settled("t")
	require.Empty(t, p.staged())

	p.closeGate("t")
	exec(t, p.src, "UPDATE t SET n = n + 1")
	id := workflows.SyncTableID(p.queue, p.table("t"))
	run := p.launch(workflows.SyncTableInput{Table: p.table("t"), Full: true}, id)
	p.gate.waitForOne(p)
	require.NoError(t, p.client.TerminateWorkflow(t.Context(), id, run.GetRunID(), "test"))
	require.Error(t, run.Get(t.Context(), nil))
	require.NotEmpty(t, p.staged())
	p.gate.release()
	p.settled("t")
	p.equal("t", []string{"id"}, columnsT...)
	require.Nil(t, p.state("t").FirstLoad)
	// The terminated run's own steps hear of it with their next heartbeat, and end.
	require.Eventually(t, func() bool { return len(p.staged()) == 0 }, timeout, poll, "%v", p.staged())
}
