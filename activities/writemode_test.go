package activities_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mapping"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// moving is what a run has done so far.
type moving struct {
	plan activities.PlanRunResult
	in   activities.RangeInput
	sum  activities.UpsertChunkResult
}

// moved runs the steps of a run after a state, at most most of them: as far as a worker comes that is killed then, and
// whose run is not gone on with. A negative most runs all.
func (b *bench) moved(run string, state owner.State, most int) moving {
	b.t.Helper()
	return b.movedAs(activities.PlanRunInput{Run: run, State: state}, most)
}

// movedAs is moved by a run that is asked for more.
func (b *bench) movedAs(in activities.PlanRunInput, most int) moving {
	b.t.Helper()
	var m moving
	step := func(name string, in, out any) bool {
		if most == 0 {
			return false
		}
		most--
		require.NoError(b.t, b.step(name, in, out), name)
		return true
	}
	in.Table = b.settings.Table.String()
	if !step("PlanRun", in, &m.plan) {
		return m
	}
	m.in = activities.RangeInput{Table: in.Table, Run: m.plan.Run, PlanSum: m.plan.PlanSum}
	for ; m.in.Range < m.plan.Ranges; m.in.Range++ {
		var extracted activities.ExtractResult
		var verified activities.WaitForFilesResult
		if !step("ExtractIncremental", m.in, &extracted) || !step("WaitForFiles", m.in, &verified) {
			return m
		}
		var page activities.ListChunksResult
		if !step("ListChunks", activities.ListChunksInput{RangeInput: m.in, Limit: 1000}, &page) {
			return m
		}
		for _, c := range page.Chunks {
			var r activities.UpsertChunkResult
			if !step("UpsertChunk", activities.UpsertChunkInput{RangeInput: m.in, ChunkRef: c}, &r) {
				return m
			}
			m.sum.Inserted, m.sum.Updated = m.sum.Inserted+r.Inserted, m.sum.Updated+r.Updated
			m.sum.Unchanged, m.sum.Existing = m.sum.Unchanged+r.Unchanged, m.sum.Existing+r.Existing
		}
		if !step("Cleanup", m.in, &activities.CleanupResult{}) {
			return m
		}
	}
	return m
}

// targetTexts are the texts of a query of one column on the target.
func (b *bench) targetTexts(query string) []string {
	b.t.Helper()
	return dbtest.Texts(b.t, b.Target.DB(b.t, b.To), query)
}

// stateAt is the state of a table whose runs have promised all up to a watermark.
func (b *bench) stateAt(watermark string) owner.State {
	return owner.State{
		Version: 1, Table: b.settings.Table.String(), Watermark: watermark, Cursor: b.settings.Cursor,
		Identity: nil, Adopt: true,
	}
}

// changedBench is a target that holds a first load in a mode, and a source that has changed since.
func changedBench(t *testing.T, s *servers.Server, mode table.WriteMode) *bench {
	t.Helper()
	b := emptyBench(t, s, s)
	b.settings.Write, b.settings.ChunkRows = mode, 2
	b.AtSource("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20), updated_at DATETIME(6) NOT NULL, "+
		"KEY (updated_at))", "INSERT INTO t VALUES (1, 'a', '2024-01-01'), (2, 'b', '2024-01-01'), "+
		"(3, 'c', '2024-01-01')")
	require.EqualValues(t, 3, b.moved("load", owner.State{}, -1).sum.Inserted)
	b.AtSource("UPDATE t SET v = 'B', updated_at = '2024-01-02' WHERE id = 2",
		"INSERT INTO t VALUES (4, 'd', '2024-01-02'), (5, 'e', '2024-01-02')")
	return b
}

// A run that is killed after any of its steps, and another one after it, leave what one run leaves. A third one changes
// nothing.
func TestAppendKilledAtEachStep(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for most := range 8 {
			b := changedBench(t, s, table.WriteAppend)
			state := b.stateAt("2024-01-01 00:00:00.000000")
			b.moved("killed", state, most)
			b.restart()
			done := b.moved("next", state, -1)
			require.Equal(t, api.ModeIncremental, done.plan.Mode)
			require.False(t, done.plan.TailLast)
			sum := b.moved("third", state, -1).sum
			require.Zero(t, sum.Inserted+sum.Updated)
			require.EqualValues(t, 3, sum.Existing)
			got := b.targetTexts("SELECT CONCAT(id, v) FROM t ORDER BY 1")
			require.Equal(t, []string{"1a", "2b", "3c", "4d", "5e"}, got, "after %d steps", most)
		}
	})
}

// A target that is appended to is compared by its keys alone: rows that have changed since are no difference, and a
// repair brings those that are missing.
func TestVerifyAndRepairOfAppend(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newComparing(t, s, s, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), "+cursorColumn+
			", KEY (updated_at))", "INSERT INTO t (id, v) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')").copied()
		c.settings.Write = table.WriteAppend
		c.restart()
		c.requireEqual(4)
		c.AtSource("UPDATE t SET v = 'A', updated_at = '2024-02-01' WHERE id = 1", "UPDATE t SET v = 'B' WHERE id = 2",
			fmt.Sprintf("UPDATE t SET v = 'C', updated_at = '%s' WHERE id = 3", above))
		c.requireEqual(4)
		c.AtTarget("DELETE FROM t WHERE id = 4", "INSERT INTO t (id, v) VALUES (9, 'i')")
		c.requireFound(map[verify.Verdict]int64{verify.Missing: 1, verify.Deleted: 1})
		plan, _ := c.planned(api.DepthDigest)
		require.Equal(t, api.DepthKeys, plan.Depth)
		require.True(t, plan.KeysOnly)
	})
}

// A repair of a target that is appended to inserts what is missing, and writes over nothing.
func TestARepairOfAppendInsertsOnly(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newOrders(t, s)
		b.settings.Write = table.WriteAppend
		b.restart()
		before := b.targetTexts("SELECT CONCAT_WS(' ', id, v, f, d, updated_at) FROM t ORDER BY id")
		done, undo := b.repaired(true)
		require.Equal(t, activities.FinishRepairResult{
			Repaired: map[verify.Verdict]int64{verify.Missing: 2}, Left: map[verify.Verdict]int64{verify.Deleted: 1},
		}, done)
		require.Subset(t, b.targetTexts("SELECT CONCAT_WS(' ', id, v, f, d, updated_at) FROM t ORDER BY id"), before)
		b.undone(undo, false)
		require.Equal(t, before, b.targetTexts("SELECT CONCAT_WS(' ', id, v, f, d, updated_at) FROM t ORDER BY id"))
	})
}

// A state of another write mode says nothing of this one: the run asks for a person.
func TestAnotherWriteModeIsNeverSilent(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := changedBench(t, s, table.WriteAppend)
		state := b.stateAt("2024-01-01 00:00:00.000000")
		state.Adopt = false
		state.Identity = b.moved("bound", b.stateAt("2024-01-01 00:00:00.000000"), -1).plan.Identity
		require.Equal(t, table.WriteAppend, state.Identity.Write)
		b.settings.Write = table.WriteUpsert
		b.restart()
		err := b.step("PlanRun", activities.PlanRunInput{Table: b.settings.Table.String(), Run: "x", State: state}, nil)
		require.ErrorContains(t, err, "it is of write: append, the configuration says write: upsert")
		require.ErrorContains(t, err, "--full")
	})
}

// The state of a table without a cursor has no watermark: another mode, key or mapping asks for a person there, too.
// A full run and an adopted target are taken, and so is a target without rows.
func TestAChangeOfATableWithoutACursorIsNeverSilent(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := emptyBench(t, s, s)
		b.settings.Cursor, b.settings.Write = "", table.WriteAppend
		b.AtSource("CREATE TABLE t (id INT PRIMARY KEY, code INT NOT NULL UNIQUE, v VARCHAR(20))",
			"INSERT INTO t VALUES (1, 1, 'a'), (2, 2, 'b')")
		bound := b.moved("load", owner.State{}, -1).plan.Identity
		state := owner.State{Version: 1, Table: b.settings.Table.String(), Loaded: true, Identity: bound}
		next := func(in activities.PlanRunInput) error {
			in.Table, in.Run = state.Table, "next"
			return b.step("PlanRun", in, &activities.PlanRunResult{})
		}
		was := b.settings
		require.NoError(t, next(activities.PlanRunInput{State: state}))
		for changed, change := range map[string]func(){
			"it is of write: append, the configuration says write: upsert": func() { b.settings.Write = "" },
			"it is of the key (id), the source now has (code)": func() {
				b.settings.Key = []string{"code"}
			},
			"where or columns have changed since": func() {
				b.settings.Mapping = &mapping.Settings{Where: "id > 1"}
			},
		} {
			b.settings = was
			change()
			b.restart()
			err := next(activities.PlanRunInput{State: state})
			requireType(t, err, failure.IdentityChanged)
			require.ErrorContains(t, err, changed)
			require.ErrorContains(t, err, "--full")
			require.ErrorContains(t, err, "where the target holds what it is to hold, `tablehaul watermark adopt")
			require.NoError(t, next(activities.PlanRunInput{State: state, Full: true}), changed)
			adopted := state
			adopted.Adopt, adopted.Identity = true, nil
			require.NoError(t, next(activities.PlanRunInput{State: adopted}), changed)
		}
		b.AtTarget("DELETE FROM t")
		require.NoError(t, next(activities.PlanRunInput{State: state}))
	})
}
