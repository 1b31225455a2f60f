package integration_test

import (
	"os"
	osexec "os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/workflows"
)

// Limits of a Temporal server's defaults: a history beyond them is ended by the server.
const (
	maxEvents       = 51_200
	maxHistoryBytes = 50 << 20
)

// startQuietly is startProcess without the log, which has a line for each chunk.
func (p *product) startQuietly() {
	p.t.Helper()
	path, err := workerBinary()
	require.NoError(p.t, err)
	cmd := osexec.Command(path, "--config", p.config(), "--task-queue", p.queue)
	cmd.Env = append(os.Environ(), "TEMPORAL_ADDRESS="+p.temporal.Address)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(p.t, cmd.Start())
	p.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// A window of 5,000 chunks goes through one workflow: 50 million rows at the usual size.
func TestFiveThousandChunksStayWithinLimits(t *testing.T) {
	// The worker as it ships: the race detector would take three times as long.
	p := start(t, options{idle: true, tables: bare, defaults: ", chunkRows: 1, chunksInFlight: 32"})
	exec(t, p.src, createT, insertT(1, 5000), old)
	// The window, not the key space, so that no ranges share the load. The rows are there
	// already: what is measured is the number of chunks.
	exec(t, p.dst, createT, insertT(1, 5000), old)
	p.startQuietly()
	id := workflows.SyncTableID(p.table("t"))
	r, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2023-01-01"})
	require.NoError(t, err)
	require.Equal(t, activities.ModeBackfill, r.Mode)
	require.EqualValues(t, 5000, r.Chunks)
	require.EqualValues(t, 5000, r.Unchanged)
	d, err := p.client.DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
	info := d.GetWorkflowExecutionInfo()
	t.Logf("%d events, %d bytes, %.0f s", info.GetHistoryLength(), info.GetHistorySizeBytes(), r.Seconds[workflows.PhaseTotal])
	require.Less(t, info.GetHistoryLength(), int64(maxEvents))
	require.Less(t, info.GetHistorySizeBytes(), int64(maxHistoryBytes))
	require.Empty(t, p.staged())
}
