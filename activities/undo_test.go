package activities_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// batch plans the repair of what differs, and returns its only batch.
func (b *repairBench) batch() (activities.RangeInput, string) {
	b.t.Helper()
	found, _ := b.compared()
	in, plan := b.planned(activities.PlanRepairInput{RangeInput: found})
	require.Equal(b.t, 1, plan.Batches)
	return in, plan.Undo
}

// kept are the files of undos in staging.
func (b *repairBench) kept(pattern string) []string {
	b.t.Helper()
	files, err := filepath.Glob(filepath.Join(b.folder, "undo", "*", "*", pattern))
	require.NoError(b.t, err)
	return files
}

// A batch whose staged rows are lost in the middle is staged again. What it replaces then is another entry of the log,
// and an undo of both leads back to the beginning.
func TestAnUndoOfABatchThatWasStagedTwice(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newOrders(t, s)
		b.settings.ChunkRows = 3
		before := b.target(ordersAll)
		in, undo := b.batch()
		var staged activities.ExtractResult
		require.NoError(t, b.step("StageRepair", in, &staged))
		require.Equal(t, 3, staged.Chunks)
		var written activities.UpsertChunkResult
		require.NoError(t, b.step("UpsertChunk", activities.UpsertChunkInput{
			RangeInput: in, ChunkRef: activities.ChunkRef{Rows: 3},
		}, &written))
		var removed activities.CleanupResult
		require.NoError(t, b.step("Cleanup", in, &removed))

		require.NoError(t, b.step("StageRepair", in, &staged))
		require.EqualValues(t, 5, staged.Rows, "what was written is equal, and is not staged again")
		require.Len(t, b.kept("*.json"), 3, "the note, and two indexes")
		sum, err := b.write(in)
		require.NoError(t, err)
		require.Zero(t, sum.Changed)
		var out activities.FinishRepairResult
		require.NoError(t, b.step("FinishRepair", in, &out))
		require.Equal(t, map[verify.Verdict]int64{verify.Missing: 2, verify.Stale: 2, verify.Silent: 4}, out.Repaired)
		require.Equal(t, activities.FinishUndoResult{Restored: 8}, b.undone(undo, true), "each row counts once")
		require.Equal(t, activities.FinishUndoResult{Restored: 8}, b.undone(undo, false))
		require.Equal(t, before, b.target(ordersAll))
	})
}

// stageTwice stages a repair by two attempts, of which the first one dies between the undo and the manifest.
func (b *repairBench) stageTwice(in activities.RangeInput) {
	b.t.Helper()
	var first, second activities.ExtractResult
	require.NoError(b.t, b.step("StageRepair", in, &first))
	manifests, err := filepath.Glob(filepath.Join(b.folder, "*", in.Run+"*", "*", "manifest.json"))
	require.NoError(b.t, err)
	require.Len(b.t, manifests, 1)
	require.NoError(b.t, os.Remove(manifests[0]))
	b.restart()
	require.NoError(b.t, b.step("StageRepair", in, &second))
	require.Equal(b.t, first.Bytes, second.Bytes)
}

// An attempt that dies between the undo and the manifest leaves both to the next one: nothing was written, and there is
// one entry of the log.
func TestAnAttemptThatDiesBeforeItsManifestIsTakenUp(t *testing.T) {
	b := newOrders(t, servers.MariaDB(t))
	before := b.target(ordersAll)
	in, undo := b.batch()
	b.stageTwice(in)
	require.Len(t, b.kept("*.json"), 2, "the note, and one index")
	_, err := b.write(in)
	require.NoError(t, err)
	b.undone(undo, false)
	require.Equal(t, before, b.target(ordersAll))
}

// What cannot be undone is refused before anything is written, with the reason.
func TestUndosThatAreRefused(t *testing.T) {
	b := newOrders(t, servers.MySQL(t))
	_, undo := b.repaired(false)
	in := activities.PlanUndoInput{Table: b.settings.Table.String(), Undo: undo, Run: "undo-1"}
	var plan activities.PlanUndoResult
	refused := func(in activities.PlanUndoInput, typ, text string) {
		t.Helper()
		err := b.step("PlanUndo", in, &plan)
		requireType(t, err, typ)
		require.ErrorContains(t, err, text)
	}
	none := in
	none.Undo = "no-such-run"
	refused(none, failure.InvalidInput, "no-such-run")
	b.settings.Target.Table = "other"
	refused(in, failure.InvalidInput, "now goes to")
	b.settings.Target.Table = "t"
	b.AtTarget("ALTER TABLE t ADD COLUMN more INT")
	require.NoError(t, b.step("PlanUndo", in, &plan), "a column more does no harm")
	b.AtTarget("ALTER TABLE t MODIFY v VARCHAR(21)")
	refused(in, failure.TableChanged, "column v has another type")
	b.AtTarget("ALTER TABLE t MODIFY v VARCHAR(20), DROP COLUMN note")
	refused(in, failure.TableChanged, "column note is gone")
	b.AtTarget("ALTER TABLE t ADD COLUMN note VARCHAR(20) NOT NULL DEFAULT 'none'")
	require.NoError(t, b.step("PlanUndo", in, &plan))
	range0 := activities.RangeInput{Table: in.Table, Run: plan.Run, PlanSum: plan.PlanSum}
	for _, file := range b.kept("*") {
		require.NoError(t, os.Remove(file))
	}
	var ignored any
	requireType(t, b.step("StageUndo", range0, &ignored), failure.InvalidInput)
	refused(in, failure.InvalidInput, "is kept for")
}
