package integration_test

import (
	"bytes"
	"io"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/workflows"
)

// startProcess runs the worker binary as a process of its own, which a test may kill.
func (p *product) startProcess() *osexec.Cmd {
	p.t.Helper()
	return p.startLogging(os.Stderr)
}

// startLogging is startProcess with the log elsewhere.
func (p *product) startLogging(log io.Writer) *osexec.Cmd {
	p.t.Helper()
	path, err := workerBinary()
	require.NoError(p.t, err)
	return p.startCommand(path, log, "--config", p.config())
}

// startProcessOf is startProcess with a configuration and flags of its own.
func (p *product) startProcessOf(config string, flags ...string) *osexec.Cmd {
	p.t.Helper()
	path, err := workerBinary()
	require.NoError(p.t, err)
	return p.startCommand(path, os.Stderr, append([]string{"--config", config}, flags...)...)
}

func (p *product) startCommand(path string, log io.Writer, flags ...string) *osexec.Cmd {
	p.t.Helper()
	cmd := osexec.Command(path, append(flags, "--task-queue", p.queue, "--nice", "0")...)
	cmd.Env = append(os.Environ(), "TEMPORAL_ADDRESS="+p.temporal.Address)
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(p.t, cmd.Start())
	p.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// interruptible is a first load of 3,000 rows in chunks of 100, which goes on as far as waitForRows
// lets it, and ends once the gate is released.
func interruptible(t *testing.T, idle bool) *product {
	p := start(t, options{idle: idle, defaults: ", tuning: { chunkRows: 100, rangeRows: 1000, chunksInFlight: 2, " +
		"rangesInFlight: 1 }"})
	exec(t, p.src, createT, insertT(1, 3000), "UPDATE t SET updated_at = '2024-01-01 00:00:00' + INTERVAL id SECOND",
		"ANALYZE TABLE t")
	exec(t, p.dst, createT)
	p.closeGate("t")
	return p
}

func (p *product) targetRows() int {
	var n int
	require.NoError(p.t, p.dst.QueryRowContext(p.t.Context(), "SELECT COUNT(*) FROM t").Scan(&n))
	return n
}

// waitForRows waits until the target has n rows. A closed gate lets two chunks of 100 more in, so that
// no chunk with one of the n rows waits.
func (p *product) waitForRows(n int) {
	p.t.Helper()
	if p.gate != nil {
		p.gate.open(n + 299)
	}
	require.Eventually(p.t, func() bool { return p.targetRows() >= n }, timeout, poll)
}

func TestKilledWorkerLosesNothing(t *testing.T) {
	t.Parallel()
	p := interruptible(t, true)
	first := p.startProcess()
	run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, workflows.SyncTableID(p.queue, p.table("t")))
	p.waitForRows(500)
	require.NoError(t, first.Process.Kill())
	_ = first.Wait()
	p.startProcess()
	p.gate.release()
	var r workflows.SyncTableResult
	require.NoError(t, run.Get(t.Context(), &r), p.pending(run.GetID()))
	require.EqualValues(t, 3000, r.RowsExtracted)
	p.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, p.staged())
}

func TestSIGTERMLetsChunksEnd(t *testing.T) {
	t.Parallel()
	p := interruptible(t, true)
	var log bytes.Buffer
	first := p.startLogging(&log)
	run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, workflows.SyncTableID(p.queue, p.table("t")))
	p.waitForRows(500)
	second := p.startProcess()
	require.NoError(t, first.Process.Signal(syscall.SIGTERM))
	p.gate.release()
	require.NoError(t, first.Wait(), "an orderly stop is exit code 0")
	var r workflows.SyncTableResult
	require.NoError(t, run.Get(t.Context(), &r), p.pending(run.GetID()))
	require.NotContains(t, log.String(), "level=ERROR")
	// A task that reaches a worker in the very moment in which it stops is dropped by the SDK, says
	// the log, and is begun by another when its heartbeat is missed: it is unknown then that
	// it never was begun. No other is torn from a worker that stops.
	if !strings.Contains(log.String(), `Error="worker stopping"`) {
		require.False(t, r.Approximate, "no chunk was torn from the worker that stopped")
	}
	p.equal("t", []string{"id"}, columnsT...)
	require.NotNil(t, second.Process)
}

func TestCancelCleansUpAndTheNextRunResumes(t *testing.T) {
	t.Parallel()
	p := interruptible(t, false)
	id := workflows.SyncTableID(p.queue, p.table("t"))
	p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
	p.waitForRows(1500) // the first range of three is loaded
	require.NoError(t, p.client.CancelWorkflow(t.Context(), id, ""))
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED, requireClosed(t, p, id))
	require.Equal(t, []string{"plan.json"}, baseNames(p.staged()), "the plan stays, so that the load can go on")

	p.gate.release()
	r := p.sync("t")
	require.Less(t, r.RowsExtracted, int64(3000), "loaded ranges are not read again")
	p.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, p.staged())
}

func TestTerminatedRunIsTakenOver(t *testing.T) {
	t.Parallel()
	p := interruptible(t, false)
	id := workflows.SyncTableID(p.queue, p.table("t"))
	p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
	p.waitForRows(300)
	require.NoError(t, p.client.TerminateWorkflow(t.Context(), id, "", "test"))
	p.gate.release()
	p.sync("t")
	p.equal("t", []string{"id"}, columnsT...)
}

func TestSecondRunIsTurnedAwayByName(t *testing.T) {
	t.Parallel()
	p := interruptible(t, false)
	id := workflows.SyncTableID(p.queue, p.table("t"))
	first := p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
	p.waitForRows(100)

	err := p.launch(workflows.SyncTableInput{Table: p.table("t")}, "another").Get(t.Context(), nil)
	requireFailure(t, err, failure.TableBusy, id, first.GetRunID())

	var skipped workflows.SyncTableResult
	require.NoError(t, p.launch(workflows.SyncTableInput{Table: p.table("t"), IfBusy: "skip"},
		"another").Get(t.Context(), &skipped))
	require.True(t, skipped.Skipped)
	require.Equal(t, id, skipped.HolderID)

	var waited workflows.SyncTableResult
	waiting := p.launch(workflows.SyncTableInput{Table: p.table("t"), IfBusy: "wait"}, "another")
	p.gate.release()
	require.NoError(t, waiting.Get(t.Context(), &waited))
	require.Equal(t, api.ModeIncremental, waited.Mode, "it ran after the first load")
	require.NoError(t, first.Get(t.Context(), nil))
	begun := 0
	for id, h := range p.histories() {
		if !strings.HasPrefix(id, workflows.TableStateID(p.queue, p.table("t"))+" ") {
			continue
		}
		for _, e := range h.GetEvents() {
			accepted := e.GetWorkflowExecutionUpdateAcceptedEventAttributes()
			if accepted.GetAcceptedRequest().GetInput().GetName() == owner.UpdateBeginRun {
				begun++
			}
		}
	}
	require.Equal(t, 2, begun, "a run that is refused, skipped or waits writes nothing to the state workflow's history")
	p.equal("t", []string{"id"}, columnsT...)
}

func TestStatusShowsProgress(t *testing.T) {
	t.Parallel()
	p := interruptible(t, false)
	id := workflows.SyncTableID(p.queue, p.table("t"))
	run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
	p.waitForRows(1500) // a range is loaded
	var seen workflows.Status
	require.Eventually(t, func() bool {
		value, err := p.client.QueryWorkflow(t.Context(), id, "", workflows.QueryStatus)
		return err == nil && value.Get(&seen) == nil && seen.RowsWritten > 0 && seen.RowsWritten < 3000
	}, timeout, 10*time.Millisecond)
	require.Equal(t, api.ModeFirstLoad, seen.Mode)
	require.EqualValues(t, 3, seen.Ranges)
	p.gate.release()
	require.NoError(t, run.Get(t.Context(), nil))
}

func baseNames(paths []string) []string {
	names := make([]string, len(paths))
	for i, p := range paths {
		names[i] = filepath.Base(p)
	}
	return names
}
