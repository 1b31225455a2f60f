package integration_test

import (
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/devserver"
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
	for name, c := range map[string]struct {
		defaults string
		first    bool
	}{
		"one range, from where it was":         {", chunkRows: 100, chunksInFlight: 2", false},
		"one range, from the beginning":        {", chunkRows: 100, chunksInFlight: 2", true},
		"several ranges, from where they were": {", chunkRows: 100, rangeRows: 500, chunksInFlight: 2, rangesInFlight: 2", false},
		"several ranges, from the beginning":   {", chunkRows: 100, rangeRows: 500, chunksInFlight: 2, rangesInFlight: 2", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, options{defaults: c.defaults})
			exec(t, p.src, createT, insertT(1, 3000), old, "ANALYZE TABLE t")
			exec(t, p.dst, createT, slowTarget)
			id := workflows.SyncTableID(p.table("t"))
			p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
			p.waitForRows(500)
			var r workflows.SyncTableResult
			again := p.reset(id, c.first)
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
	p := interruptible(t, false)
	id := workflows.SyncTableID(p.table("t"))
	p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
	p.waitForRows(300)
	again := p.reset(id, false)
	err := p.launch(workflows.SyncTableInput{Table: p.table("t")}, "another-"+p.from).Get(t.Context(), nil)
	requireFailure(t, err, "TableBusy", id)
	require.NoError(t, again.Get(t.Context(), nil))
	p.equal("t", []string{"id"}, columnsT...)
}

// onPrivateTemporal moves a product that has no worker yet to a Temporal server of its own.
func (p *product) onPrivateTemporal() {
	p.t.Helper()
	p.temporal = devserver.Private(p.t)
	var err error
	p.client, err = client.Dial(client.Options{HostPort: p.temporal.Address, Logger: silent{}})
	require.NoError(p.t, err)
	p.t.Cleanup(p.client.Close)
	p.startWorker()
}

// Temporal is killed while a run writes, and comes back: nobody has to do anything.
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
	wait()
	p.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, p.staged())
}
