package integration_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/workflows"
)

// A busy target is waited for, visibly, and the counters stay facts: nothing was written while waiting.
func TestThreadsRunningPausesARun(t *testing.T) {
	p := start(t, options{defaults: ", maxThreadsRunning: 4"})
	exec(t, p.src, createT, insertT(1, 300), "UPDATE t SET updated_at = '2024-01-01'")
	busy := session(t, p.dst)
	say(t, busy, "DO GET_LOCK('"+p.to+"', 0)")
	done := make(chan struct{})
	for range 6 {
		go func() {
			_, _ = p.dst.ExecContext(context.WithoutCancel(t.Context()), "DO GET_LOCK('"+p.to+"', 600) + "+
				"RELEASE_LOCK('"+p.to+"')")
			done <- struct{}{}
		}()
	}
	holds(t, p.dst, "SELECT COUNT(*) = 6 FROM information_schema.processlist WHERE state = 'User lock' AND info LIKE "+
		"'%"+p.to+"%'")
	id := workflows.SyncTableID(p.queue, p.table("t"))
	run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
	p.requireWaitsFor(id, "threads are running on")
	leave(busy)
	for range 6 {
		<-done
	}
	var r workflows.SyncTableResult
	require.NoError(t, run.Get(t.Context(), &r))
	require.EqualValues(t, 300, r.Inserted)
	p.requireExact(r, "t", "nothing was written a second time")
}

// Outside its hours a run waits at its first page, and says until when.
func TestHoursPauseARun(t *testing.T) {
	t.Parallel()
	from := time.Now().UTC().Add(2 * time.Hour)
	p := start(t, options{defaults: `, hours: "` + from.Format("15:04") + "-" + from.Add(time.Hour).Format("15:04") +
		`"`})
	exec(t, p.src, createT, insertT(1, 10), "UPDATE t SET updated_at = '2024-01-01'")
	id := workflows.SyncTableID(p.queue, p.table("t"))
	run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
	p.requireWaitsFor(id, "outside the hours")
	require.Zero(t, p.targetRows())
	require.NoError(t, p.client.CancelWorkflow(t.Context(), id, ""))
	require.Error(t, run.Get(t.Context(), nil))
}

// A replica that does not replicate is as good as one that is far behind.
func TestReplicaThatDoesNotReplicatePausesARun(t *testing.T) {
	t.Parallel()
	p := start(t, options{defaults: ", maxReplicaLag: 5s, replicas: [shop]"})
	exec(t, p.src, createT, insertT(1, 10), "UPDATE t SET updated_at = '2024-01-01'")
	id := workflows.SyncTableID(p.queue, p.table("t"))
	p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
	p.requireWaitsFor(id, "replica shop does not say")
	require.NoError(t, p.client.CancelWorkflow(t.Context(), id, ""))
	requireClosed(t, p, id)
}

// requireWaitsFor waits until a pending step of the run says reason, in its last failure or its
// heartbeat: this is what people see.
func (p *product) requireWaitsFor(id, reason string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		d, err := p.client.DescribeWorkflowExecution(p.t.Context(), id, "")
		if err != nil {
			return false
		}
		for _, a := range d.GetPendingActivities() {
			said := a.GetLastFailure().GetMessage()
			for _, details := range a.GetHeartbeatDetails().GetPayloads() {
				said += string(details.GetData())
			}
			if strings.Contains(said, reason) {
				return true
			}
		}
		return false
	}, timeout, poll)
}
