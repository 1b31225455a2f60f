package integration_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// replaceGrantsAll are those of a target with write: replace: tables beside it are made, renamed and dropped.
var replaceGrantsAll = []string{"SELECT, INSERT, UPDATE, CREATE, ALTER, DROP ON TO.*", "SELECT ON performance_schema.*"}

// A table is replaced by each run, with the documented grants. A worker that is killed while the swap waits for a
// lock of the target is followed by another one, which swaps; the former table is kept, and verify finds both sides
// equal. An undo brings the former table back. All of it replays.
func TestAReplacedTargetSurvivesAKilledWorker(t *testing.T) {
	t.Parallel()
	o := options{idle: true, tables: "- { name: FROM.t, target: TO.t, cursor: updated_at, write: replace }"}
	p := start(t, o)
	o.targetDSN = p.login(servers.MySQL(t), replaceGrantsAll...)
	p.writeConfig(options{
		sourceDSN: servers.MySQL(t).DSN(""), targetDSN: o.targetDSN, tables: o.tables, stagingURL: "file://" + p.staging(),
	})
	exec(t, p.src, createT, insertT(1, 300), old)
	worker := p.startProcess()
	first := p.sync("t")
	require.Equal(t, api.ModeReplace, first.Mode)
	require.Zero(t, first.Swap.KeptSeconds)
	p.equal("t", []string{"id"}, columnsT...)

	reader := dbtest.Session(t, p.dst)
	dbtest.Run(t, reader, "BEGIN", "SELECT * FROM t")
	exec(t, p.src, "DELETE FROM t WHERE id <= 100")
	id := workflows.SyncTableID(p.queue, p.table("t"))
	run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
	p.waitFor(id, "SwapTable")
	require.NoError(t, worker.Process.Kill())
	_ = worker.Wait()
	require.Equal(t, 300, p.targetRows())
	p.startProcess()
	dbtest.Run(t, reader, "COMMIT")
	var r workflows.SyncTableResult
	require.NoError(t, run.Get(t.Context(), &r), p.pending(id))
	require.EqualValues(t, 3600, r.Swap.KeptSeconds)
	require.NotEmpty(t, r.Watermark)
	p.equal("t", []string{"id"}, columnsT...)
	require.Equal(t, "300", scalar(t, p.dst, "SELECT COUNT(*) FROM tablehaul_old_t"))
	require.Contains(t, p.cli("plan "+p.table("t")), "RENAME TABLE")
	require.Contains(t, p.cli("verify "+p.table("t")), "equal")

	// The undo gives the former table and its watermark back; the next run loads the table again.
	require.Contains(t, p.cli("undo --dry-run "+p.table("t")), "would be the table again")
	require.Equal(t, 200, p.targetRows())
	require.Contains(t, p.cli("undo "+p.table("t")), "is the table again that it was before the swap")
	require.Equal(t, 300, p.targetRows())
	require.Equal(t, first.Watermark, p.state("t").Watermark)
	require.NotNil(t, p.sync("t").Swap)
	p.equal("t", []string{"id"}, columnsT...)

	// Rows that others write while a run waits to swap would be lost with the former table: the run ends.
	dbtest.Run(t, reader, "BEGIN", "SELECT * FROM t")
	run = p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
	p.waitFor(id, "SwapTable")
	dbtest.NextSecond(t, p.dst)
	exec(t, p.dst, "UPDATE t SET name = 'mine' WHERE id = 300")
	dbtest.Run(t, reader, "COMMIT")
	requireFailure(t, run.Get(t.Context(), nil), failure.TargetWritten)
	require.Equal(t, "mine", scalar(t, p.dst, "SELECT name FROM t WHERE id = 300"))
	p.replays("replaced_", workflows.SyncTableName, api.DropOldTableName, api.UndoTableName)
}
