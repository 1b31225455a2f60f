package integration_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
	"github.com/tablehaul/tablehaul/workflows"
)

// updateState sends an update to the table's state workflow.
func (p *product) updateState(name, update string, req any) (s owner.State, err error) {
	p.t.Helper()
	handle, err := p.client.UpdateWorkflow(p.t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: workflows.TableStateID(p.queue, p.table(name)), UpdateName: update, Args: []any{req},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(p.t.Context(), &s)
	}
	return s, err
}

// holdSlice begins a slice of a comparison that does not end before the returned function is called.
func (p *product) holdSlice(name string) (release func()) {
	p.t.Helper()
	id := workflows.TableStateID(p.queue, p.table(name)) // a workflow that is open
	d, err := p.client.DescribeWorkflowExecution(p.t.Context(), id, "")
	require.NoError(p.t, err)
	run := d.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	s, err := p.updateState(name, owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: id, RunID: run, Slice: true})
	require.NoError(p.t, err)
	return func() {
		p.t.Helper()
		_, err := p.updateState(name, owner.UpdateReleaseLease, owner.ReleaseRequest{Fence: s.Lease.Fence, RunID: run})
		require.NoError(p.t, err)
	}
}

// waitsFor waits until a step of a workflow says by its heartbeat what it waits for.
func (p *product) waitsFor(id, step, what string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		d, err := p.client.DescribeWorkflowExecution(p.t.Context(), id, "")
		if err != nil {
			return false
		}
		for _, a := range d.GetPendingActivities() {
			for _, beat := range a.GetHeartbeatDetails().GetPayloads() {
				if a.GetActivityType().GetName() == step && strings.Contains(string(beat.GetData()), what) {
					return true
				}
			}
		}
		return false
	}, timeout, poll)
}

// A scheduled run that meets a slice of a comparison is not skipped: it waits. So does a watermark that is set by hand.
func TestAScheduledRunWaitsForASlice(t *testing.T) {
	t.Parallel()
	p := start(t, options{})
	exec(t, p.src, createT, insertT(1, 3), old)
	p.settled("t")
	release := p.holdSlice("t")
	run := p.launch(workflows.SyncTableInput{Table: p.table("t"), IfBusy: api.IfBusySkip}, "scheduled")
	p.waitsFor("scheduled", "BeginRun", "waiting for a slice of ")
	release()
	var r workflows.SyncTableResult
	require.NoError(t, run.Get(t.Context(), &r))
	require.False(t, r.Skipped)
	require.Equal(t, api.ModeIncremental, r.Mode)

	release = p.holdSlice("t")
	set := make(chan error, 1)
	go func() {
		_, err := p.updateState("t", owner.UpdateSetWatermark, owner.SetRequest{
			Watermark: r.Watermark, Cursor: "updated_at",
		})
		set <- err
	}()
	release()
	require.NoError(t, <-set)
}

// A table without a cursor is compared while no run writes it: the comparison waits for the run that does.
func TestVerifyOfATableWithoutACursor(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: "- { name: FROM.t, target: TO.t }"})
		exec(t, p.src, "CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
		p.sync("t")
		require.False(t, p.verify("t", "").Differs)
		exec(t, p.src, "UPDATE t SET v = 20 WHERE id = 2", "DELETE FROM t WHERE id = 3", "INSERT INTO t VALUES (4, 4)")
		exec(t, p.dst, "INSERT INTO t VALUES (5, 5)")
		require.Equal(t, map[verify.Verdict]int64{verify.Missing: 1, verify.Silent: 1, verify.Deleted: 2},
			p.verify("t", "").Verdicts)

		exec(t, p.dst, "DELETE FROM t")
		exec(t, p.src, "INSERT INTO t VALUES (3, 3), (5, 5)")
		p.closeGate("t")
		run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, workflows.SyncTableID(p.queue, p.table("t")))
		p.gate.waitForOne(p)
		done := make(chan workflows.VerifyTableResult, 1)
		go func() { done <- p.verify("t", "") }()
		p.waitsFor(workflows.VerifyTableID(p.queue, p.table("t")), "CompareRange", run.GetID())
		p.gate.release()
		found := <-done
		require.False(t, found.Differs, "%v", found.Verdicts)
		require.EqualValues(t, 5, found.Equal)
		require.NoError(t, run.Get(t.Context(), nil))
		require.Len(t, p.state("t").LastRuns, 2, "a comparison is no run")
	})
}
