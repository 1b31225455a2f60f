package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// A repair makes each difference equal, but for rows that are newer on the target or gone at the source. The target's
// own columns keep what they hold, and an undo makes every row what it was, bit by bit.
func TestARepairMakesRowsEqualAndAnUndoTakesItBack(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newOrders(t, s)
		before := b.target(ordersAll)
		done, undo := b.repaired(false)
		require.Equal(t, activities.FinishRepairResult{
			Repaired: map[verify.Verdict]int64{verify.Missing: 2, verify.Stale: 2, verify.Silent: 4},
			Left:     map[verify.Verdict]int64{verify.Newer: 1, verify.Deleted: 1},
		}, done)
		b.AtTarget("DELETE FROM t WHERE id = 99")
		b.AtSource("DELETE FROM t WHERE id = 9")
		kept := b.target("id note")
		require.Len(t, kept, 20)
		b.AtTarget("DELETE FROM t WHERE id = 9")
		require.Equal(t, b.source(ordersShared), b.target(ordersShared))
		require.Equal(t, []string{"17"}, dbtest.Texts(t, s.DB(t, b.To),
			"SELECT COUNT(*) FROM t WHERE note = CONCAT('note ', id)"), "the target's own column stays")
		b.AtTarget("INSERT INTO t (id, v, f, d, updated_at, note, touched) VALUES (99, 'gone', NULL, NULL, " +
			"'2024-01-01', 'none', '2000-01-01'), (9, 'later', 9 / 7, 9, '2024-02-01', 'note 9', '2001-01-01')")

		require.Equal(t, activities.FinishUndoResult{Restored: 8}, b.undone(undo, true))
		require.NotEqual(t, before, b.target(ordersAll), "a dry run writes nothing")
		require.Equal(t, activities.FinishUndoResult{Restored: 8}, b.undone(undo, false))
		require.Equal(t, before, b.target(ordersAll))
		require.Equal(t, activities.FinishUndoResult{Restored: 8}, b.undone(undo, false), "twice")
		require.Equal(t, before, b.target(ordersAll))
	})
}

// Rows that are newer on the target are written over only where that is asked for, and come back with an undo, newer
// ones too.
func TestNewerRowsAreOverwrittenOnlyWhenAsked(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newOrders(t, s)
		before := b.target(ordersAll)
		done, undo := b.repaired(true)
		require.EqualValues(t, 1, done.Repaired[verify.Newer])
		require.Equal(t, map[verify.Verdict]int64{verify.Deleted: 1}, done.Left)
		b.undone(undo, false)
		require.Equal(t, before, b.target(ordersAll))
	})
}

// An undo touches only rows that are what the repair has left: what was changed, deleted or written since stays.
func TestAnUndoLeavesRowsThatHaveChangedSince(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newOrders(t, s)
		_, undo := b.repaired(false)
		b.AtTarget(
			"UPDATE t SET v = 'since' WHERE id IN (1, 3)",
			"UPDATE t SET note = 'since' WHERE id = 4", // the target's own column
			"DELETE FROM t WHERE id IN (2, 5)",
		)
		require.Equal(t, activities.FinishUndoResult{Restored: 4, Changed: 4}, b.undone(undo, false))
		require.Equal(t, []string{"1|since", "3|since", "4|v4"}, dbtest.Texts(t, s.DB(t, b.To),
			"SELECT CONCAT(id, '|', v) FROM t WHERE id < 6 ORDER BY id"),
			"row 2 was not there before the repair, and row 5 was deleted after it: neither comes back")
	})
}

// A row that another client changes between the look and the write stays as that client left it.
func TestARepairNeverWritesOverARowThatItHasNotKept(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newOrders(t, s)
		found, _ := b.compared()
		in, _ := b.planned(activities.PlanRepairInput{RangeInput: found})
		var staged activities.ExtractResult
		require.NoError(t, b.step("StageRepair", in, &staged))
		require.EqualValues(t, 8, staged.Rows)
		b.AtTarget("UPDATE t SET v = 'mine' WHERE id = 3", "UPDATE t SET note = 'mine' WHERE id = 5",
			"INSERT INTO t (id, v, updated_at) VALUES (1, 'mine', '2020-01-01')")
		sum, err := b.write(in)
		require.NoError(t, err)
		require.EqualValues(t, 3, sum.Changed)
		require.EqualValues(t, 1, sum.Inserted)
		require.EqualValues(t, 4, sum.Updated)
		again, err := b.write(in)
		require.NoError(t, err)
		require.EqualValues(t, 5, again.Unchanged, "what an earlier try has written is not a row of another client")
		require.EqualValues(t, 3, again.Changed)
		var out activities.FinishRepairResult
		require.NoError(t, b.step("FinishRepair", in, &out))
		require.Equal(t, map[verify.Verdict]int64{verify.Stale: 2, verify.Silent: 1}, out.Left)
		require.Equal(t, []string{"1|mine", "3|mine", "5|V5"}, dbtest.Texts(t, s.DB(t, b.To),
			"SELECT CONCAT(id, '|', v) FROM t WHERE v IN ('mine', 'V5') AND id < 6 ORDER BY id"))
	})
}

// What the source changes meanwhile is written as it is then; what is gone is not written, and what lies above the
// watermark is left to the next run.
func TestARepairWritesWhatTheSourceHasNow(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newOrders(t, s)
		found, _ := b.compared()
		b.AtSource("DELETE FROM t WHERE id IN (1, 3)",
			"UPDATE t SET v = 'now', updated_at = '2024-05-01' WHERE id = 2",
			"UPDATE t SET v = 'unsettled', updated_at = '2024-07-01' WHERE id = 4")
		in, _ := b.planned(activities.PlanRepairInput{RangeInput: found})
		var staged activities.ExtractResult
		require.NoError(t, b.step("StageRepair", in, &staged))
		_, err := b.write(in)
		require.NoError(t, err)
		var out activities.FinishRepairResult
		require.NoError(t, b.step("FinishRepair", in, &out))
		require.Equal(t, map[verify.Verdict]int64{verify.Missing: 1, verify.Silent: 4}, out.Repaired)
		require.Equal(t, map[verify.Verdict]int64{verify.Settled: 1, verify.Deleted: 1, verify.Pending: 1}, out.Left)
		require.Equal(t, []string{"2|now", "3|old", "4|old"}, dbtest.Texts(t, s.DB(t, b.To),
			"SELECT CONCAT(id, '|', v) FROM t WHERE id < 5 ORDER BY id"))
	})
}

// An undo that is off keeps nothing, and says so.
func TestAnUndoMayBeOff(t *testing.T) {
	b := newOrders(t, servers.MySQL(t))
	b.settings.UndoOff = true
	done, undo := b.repaired(false)
	require.Empty(t, undo)
	require.EqualValues(t, 2, done.Repaired[verify.Missing])
	var ignored any
	requireType(t, b.step("PlanUndo", activities.PlanUndoInput{
		Table: b.settings.Table.String(), Undo: "verify-1", Run: "undo",
	}, &ignored), failure.InvalidInput)
}
