package integration_test

import (
	"crypto/rand"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/testenv/temporaltest"
	"github.com/tablehaul/tablehaul/workflows"
)

// reset resets a workflow to its latest completed workflow task, or to its first, as people
// do in the Web UI, and returns the new run.
func (p *product) reset(id string, first bool) client.WorkflowRun {
	p.t.Helper()
	run := p.client.GetWorkflow(p.t.Context(), id, "").GetRunID()
	var at int64
	it := p.client.GetWorkflowHistory(p.t.Context(), id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for it.HasNext() && (at == 0 || !first) {
		e, err := it.Next()
		require.NoError(p.t, err)
		if e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			at = e.GetEventId()
		}
	}
	resp, err := p.client.ResetWorkflowExecution(p.t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: "default", WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: run},
		Reason: "test", RequestId: rand.Text(), WorkflowTaskFinishEventId: at,
	})
	require.NoError(p.t, err)
	return p.client.GetWorkflow(p.t.Context(), id, resp.GetRunId())
}

// A run that is reset while it writes ends well, and the table is not left locked.
func TestAResetRunEndsWell(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		defaults string
		first    bool
	}{
		"one range, from where it was":  {", tuning: { chunkRows: 100, chunksInFlight: 2 }", false},
		"one range, from the beginning": {", tuning: { chunkRows: 100, chunksInFlight: 2 }", true},
		"several ranges, from where they were": {", tuning: { chunkRows: 100, rangeRows: 500, chunksInFlight: 2, " +
			"rangesInFlight: 2 }", false},
		"several ranges, from the beginning": {", tuning: { chunkRows: 100, rangeRows: 500, chunksInFlight: 2, " +
			"rangesInFlight: 2 }", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, options{defaults: c.defaults})
			exec(t, p.src, createT, insertT(1, 3000), old, "ANALYZE TABLE t")
			exec(t, p.dst, createT)
			p.closeGate("t")
			id := workflows.SyncTableID(p.queue, p.table("t"))
			p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
			p.waitForRows(100)
			var r workflows.SyncTableResult
			again := p.reset(id, c.first)
			p.gate.release()
			require.NoError(t, again.Get(t.Context(), &r), "%s", p.pending(id))
			p.equal("t", []string{"id"}, columnsT...)
			require.Nil(t, p.state("t").Lease)
			require.NotEmpty(t, p.state("t").Watermark)
			exec(t, p.src, "UPDATE t SET n = -1, updated_at = NOW(6) WHERE id < 50")
			p.settled("t")
			p.equal("t", []string{"id"}, columnsT...)
		})
	}
}

// While a reset run goes on, its table is still taken.
func TestAResetRunKeepsItsTable(t *testing.T) {
	t.Parallel()
	p := interruptible(t, false)
	id := workflows.SyncTableID(p.queue, p.table("t"))
	p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
	p.waitForRows(300)
	again := p.reset(id, false)
	err := p.launch(workflows.SyncTableInput{Table: p.table("t")}, "another-"+p.from).Get(t.Context(), nil)
	requireFailure(t, err, "TableBusy", id)
	p.gate.release()
	require.NoError(t, again.Get(t.Context(), nil))
	p.equal("t", []string{"id"}, columnsT...)
}

// onPrivateTemporal moves a product that has no worker yet to a Temporal server of its own.
func (p *product) onPrivateTemporal() {
	p.t.Helper()
	p.temporal = temporaltest.Private(p.t)
	p.connect()
	p.startWorker()
}

// Temporal is killed while a run writes, and comes back: no person has to do anything.
func TestTemporalKilledInTheMiddleOfARun(t *testing.T) {
	t.Parallel()
	p := interruptible(t, true)
	p.onPrivateTemporal()
	wait := p.run("t")
	for _, rows := range []int{300, 1200} {
		p.waitForRows(rows)
		require.NoError(t, p.temporal.Kill())
		require.NoError(t, p.temporal.Restart(t.Context()))
	}
	p.gate.release()
	wait()
	p.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, p.staged())
}

// A run that is terminated cannot clean up after itself: the next one does.
func TestATerminatedRunLeavesNothing(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: bare, defaults: ", tuning: { chunkRows: 50, chunksInFlight: 2 }"})
		exec(t, p.src, createT, insertT(1, 100), old)
		p.sync("t")
		before := p.state("t").Watermark
		p.closeGate("t")
		exec(t, p.src, insertT(101, 2000))
		id := workflows.SyncTableID(p.queue, p.table("t"))
		holds(t, p.src, "SELECT MAX(updated_at) < NOW(6) - INTERVAL 1 SECOND FROM t")
		p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
		p.waitForRows(200)
		require.NoError(t, p.client.TerminateWorkflow(t.Context(), id, "", "test"))
		require.NotEmpty(t, p.staged())
		require.Equal(t, before, p.state("t").Watermark)
		p.gate.release()
		p.settled("t")
		p.equal("t", []string{"id"}, columnsT...)
		// The terminated run's own steps hear of it with their next heartbeat, and end.
		require.Eventually(t, func() bool { return len(p.staged()) == 0 }, timeout, poll, "%v", p.staged())
	})
}

// A worker that is killed while it reads leaves files that are in no manifest.
func TestAWorkerKilledWhileItReadsLosesNothing(t *testing.T) {
	t.Parallel()
	s := servers.MySQL(t)
	source := proxy.Start(t, s.Addr())
	p := start(t, options{
		source: s, idle: true, tables: bare, sourceDSN: source.DSN(s.DSN("")),
		defaults: ", tuning: { pageRows: 200, pageBytes: 64KiB, chunkRows: 200, partBytes: 64KiB }",
	})
	exec(t, p.src, strings.Replace(createT, "VARCHAR(60)", "VARCHAR(600)", 1), insertT(1, 4000),
		"UPDATE t SET name = CONCAT(SHA2(id, 512), SHA2(id + 1, 512))", old)
	first := p.startProcess()
	reads := pageReads(s)
	source.Pass(5, reads) // a part has three pages, and the first slice six
	held := source.Hold(1, reads)
	wait := p.run("t")
	require.Eventually(t, func() bool { return slices.ContainsFunc(p.staged(), isPart) }, timeout, 10*time.Millisecond,
		"no part yet")
	require.NoError(t, first.Process.Kill())
	_ = first.Wait()
	require.False(t, slices.ContainsFunc(p.staged(),
		func(f string) bool { return filepath.Base(f) == "manifest.json" }))
	held.Release()
	p.startProcess()
	require.EqualValues(t, 4000, wait().RowsExtracted)
	p.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, slices.DeleteFunc(p.staged(), func(f string) bool { return strings.Contains(f, "/.tmp/") }))
}

// isPart reports whether a staged file is one of rows.
func isPart(path string) bool { return strings.HasSuffix(path, ".parquet") }
