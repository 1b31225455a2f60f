package integration_test

import (
	osexec "os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/verify"
	"github.com/tablehaul/tablehaul/workflows"
)

// replaced kills a worker, lets another one take over, and opens the gate.
func (p *product) replaced(worker *osexec.Cmd) {
	p.t.Helper()
	p.gate.waitForOne(p)
	require.NoError(p.t, worker.Process.Kill())
	_ = worker.Wait()
	p.startProcess()
	p.gate.release()
}

// A worker that is killed while it splits a chunk at a refused row leaves a part of it written. Another one writes the
// rest, and the row is in quarantine once.
func TestAWorkerKilledWhileItSplitsAChunkLosesNothing(t *testing.T) {
	t.Parallel()
	p := start(t, options{
		idle: true, tables: quarantining, defaults: ", tuning: { chunkRows: 300, chunksInFlight: 1 }",
	})
	exec(t, p.src, createT, insertT(1, 300), "UPDATE t SET n = -200 WHERE id = 10", old, "ANALYZE TABLE t")
	exec(t, p.dst, strings.TrimSuffix(createT, ")")+", CONSTRAINT small CHECK (n > -100))")
	p.closeGate("t")
	p.gate.open(100) // the row that is refused is before the gate, so what waits at the gate is a part
	worker := p.startProcess()
	run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, workflows.SyncTableID(p.queue, p.table("t")))
	p.replaced(worker)
	var r workflows.SyncTableResult
	require.NoError(t, run.Get(t.Context(), &r), p.pending(run.GetID()))
	require.EqualValues(t, 1, r.Quarantined)
	require.EqualValues(t, 1, p.state("t").Quarantine.Open)
	require.Equal(t, 299, p.targetRows())
	require.Equal(t, "0", scalar(t, p.dst, "SELECT COUNT(*) FROM t WHERE id = 10"))
	exec(t, p.src, "UPDATE t SET n = 1 WHERE id = 10")
	p.settled("t")
	require.Nil(t, p.state("t").Quarantine)
	p.equal("t", []string{"id"}, columnsT...)
}

// A worker that is killed in the middle of a repair leaves a part of it written. Another one repairs the rest, and
// undoing it leads back to the beginning.
func TestAWorkerKilledInTheMiddleOfARepairLosesNothing(t *testing.T) {
	t.Parallel()
	p := start(t, options{idle: true, tables: verified, defaults: ", tuning: { chunkRows: 100, chunksInFlight: 1 }"})
	exec(t, p.src, createT, insertT(1, 300), old)
	worker := p.startProcess()
	p.settled("t")
	exec(t, p.dst, "DELETE FROM t WHERE id BETWEEN 51 AND 290")
	p.closeGate("t")
	p.gate.open(200)
	id := workflows.VerifyTableID(p.queue, p.table("t"))
	run, err := p.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: p.queue},
		workflows.VerifyTableName, workflows.VerifyTableInput{Table: p.table("t"), Repair: true})
	require.NoError(t, err)
	p.replaced(worker)
	var r workflows.VerifyTableResult
	require.NoError(t, run.Get(t.Context(), &r), p.pending(id))
	require.False(t, r.Differs)
	require.Equal(t, map[verify.Verdict]int64{verify.Missing: 240}, r.Repaired)
	p.equal("t", []string{"id"}, columnsT...)
	for i := range r.Undo {
		p.cli("undo " + p.table("t") + " " + r.Undo[len(r.Undo)-1-i])
	}
	require.Equal(t, "60 0", scalar(t, p.dst, "SELECT CONCAT(COUNT(*), ' ', SUM(id BETWEEN 51 AND 290)) FROM t"))
}
