package integration_test

import (
	"fmt"
	"os"
	osexec "os/exec"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// maxEvents is what every history of ours stays below: Temporal suggests a new one at 4,096
// events, and ends a workflow at 51,200.
const maxEvents = 4000

// startQuietly is startProcess without the log, which has a line for each chunk.
func (p *product) startQuietly() {
	p.t.Helper()
	path, err := workerBinary()
	require.NoError(p.t, err)
	cmd := osexec.Command(path, "--config", p.config(), "--task-queue", p.queue, "--nice", "0")
	cmd.Env = append(os.Environ(), "TEMPORAL_ADDRESS="+p.temporal.Address)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(p.t, cmd.Start())
	p.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// A window of many chunks, 5,000 where tests are thorough, is one range here: its first slices are in the run's own
// history, and the others in those of a child.
func TestManyChunksStayWithinLimits(t *testing.T) {
	t.Parallel()
	// The worker as it ships: the race detector would take three times as long.
	p := start(t, options{idle: true, tables: bare, defaults: ", tuning: { chunkRows: 1, chunksInFlight: 32 }"})
	chunks, least := 1500, 2
	if servers.Thorough() {
		chunks, least = 5000, 5
	}
	exec(t, p.src, createT, insertT(1, chunks), old)
	// The window, not the key space, so that no ranges share the load. The rows are there
	// already: what is measured is the number of chunks.
	exec(t, p.dst, createT, insertT(1, chunks), old)
	p.startQuietly()
	id := workflows.SyncTableID(p.queue, p.table("t"))
	r, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2023-01-01"})
	require.NoError(t, err)
	require.Equal(t, api.ModeBackfill, r.Mode)
	require.EqualValues(t, chunks, r.Chunks)
	require.EqualValues(t, chunks, r.Unchanged)
	var executions []*workflowpb.WorkflowExecutionInfo
	require.Eventually(t, func() bool {
		executions = p.executions(id)
		return len(executions) > least
	}, timeout, poll, "the list of executions lags behind")
	for _, e := range executions {
		t.Logf("%s: %d events, %d bytes", e.GetExecution().GetWorkflowId(), e.GetHistoryLength(),
			e.GetHistorySizeBytes())
		require.Less(t, e.GetHistoryLength(), int64(maxEvents))
	}
	require.Empty(t, p.staged())
}

// executions are the run and all executions of its ranges.
func (p *product) executions(id string) (all []*workflowpb.WorkflowExecutionInfo) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { // the list lags behind a little
		reply, err := p.client.ListWorkflow(p.t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: fmt.Sprintf("WorkflowId STARTS_WITH '%s' AND ExecutionStatus != 'Running'", id),
		})
		all = reply.GetExecutions()
		return err == nil && slices.ContainsFunc(all,
			func(e *workflowpb.WorkflowExecutionInfo) bool { return e.GetExecution().GetWorkflowId() == id })
	}, timeout, poll)
	return all
}
