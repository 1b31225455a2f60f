package activities_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// newHistory is a history of three rows, of which the second has two versions, whose deletes are soft.
func newHistory(t *testing.T, s *servers.Server) *repairBench {
	t.Helper()
	b := newRepairBench(t, s, "id INT, v VARCHAR(20), updated_at DATETIME(6) NOT NULL, PRIMARY KEY (id, updated_at), "+
		"KEY (updated_at)", "", "id, v, updated_at", "1, 'a', '2024-01-01'", "2, 'B', '2024-01-02'",
		"3, 'c', '2024-01-01'")
	b.AtSource("ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id)")
	b.AtTarget("INSERT INTO t VALUES (2, 'b', '2024-01-01')")
	b.settings.Write = table.WriteHistory
	b.restart()
	return b
}

// markDeletes gives the target the column of marks, and the table soft deletes.
func (b *repairBench) markDeletes() *sweeping {
	b.t.Helper()
	b.AtTarget("ALTER TABLE t ADD COLUMN gone DATETIME(6) NULL")
	b.settings.Deletes = activities.Deletes{Mode: api.DeletesSoft, Column: "gone", MaxShare: 1, OwnsAll: true}
	b.restart()
	return &sweeping{comparing: &comparing{bench: b.bench, state: b.state}, server: b.server}
}

func (b *repairBench) versions() string {
	b.t.Helper()
	return strings.Join(dbtest.Texts(b.t, b.server.DB(b.t, b.To), "SELECT CONCAT(id, v, ' ', DAY(updated_at), "+
		"IF(gone IS NULL, '', '-')) FROM t ORDER BY id, updated_at"), ", ")
}

// A sweep marks the newest version of a row that is gone, and no other. A row that comes back is a version beside it,
// or, with the same cursor, the same version without the mark. The view leaves marked rows out, and an undo of the
// sweep takes the marks back.
func TestADeleteEndsTheNewestVersionOfAHistory(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newHistory(t, s)
		c := b.markDeletes()
		b.AtSource("DELETE FROM t WHERE id IN (2, 3)")
		in := c.look()
		require.EqualValues(t, 2, in.Found)
		swept, err := c.act(in)
		require.NoError(t, err)
		require.EqualValues(t, 2, swept.Deleted)
		const marked = "1a 1, 2b 1, 2B 2-, 3c 1-"
		require.Equal(t, marked, b.versions())
		again, err := c.act(in)
		require.NoError(t, err)
		require.Equal(t, swept, again, "a batch that is repeated counts what it has marked")
		require.Equal(t, marked, b.versions(), "and marks nothing else")
		require.Zero(t, c.look().Found)
		c.requireEqual(1)

		for _, f := range b.previewed().Findings {
			if strings.HasPrefix(f.Remedy, "CREATE VIEW") {
				b.AtTarget(f.Remedy)
			}
		}
		require.Equal(t, "1a", c.onTarget("SELECT GROUP_CONCAT(id, v) FROM t_current"))

		b.AtSource("INSERT INTO t VALUES (2, 'b3', '2024-01-03'), (3, 'c', '2024-01-01')")
		b.moved("back", b.stateAt("2023-12-31 00:00:00.000000"), -1)
		require.Equal(t, "1a 1, 2b 1, 2B 2-, 2b3 3, 3c 1", b.versions())
		require.Equal(t, activities.FinishUndoResult{Restored: 1, Changed: 1}, b.undone(in.Run, false))
		c.requireEqual(3)
	})
}

// An undo of a sweep brings the versions back as they were.
func TestAnUndoTakesMarksOfAHistoryBack(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newHistory(t, s)
		c := b.markDeletes()
		before := b.versions()
		b.AtSource("DELETE FROM t WHERE id = 2")
		in := c.look()
		_, err := c.act(in)
		require.NoError(t, err)
		require.NotEqual(t, before, b.versions())
		require.Equal(t, activities.FinishUndoResult{Restored: 1}, b.undone(in.Run, false))
		require.Equal(t, before, b.versions())
	})
}

// A repair of a history adds the newest versions that are missing, and writes those of equal cursors as the source has
// them. It removes none, and neither does its undo.
func TestARepairOfAHistoryAddsVersions(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newHistory(t, s)
		b.AtSource("INSERT INTO t VALUES (4, 'd', '2024-01-04'), (5, 'e', '2024-01-05')")
		b.AtTarget("DELETE FROM t WHERE updated_at = '2024-01-02'", "UPDATE t SET v = 'spoiled' WHERE id = 3",
			"INSERT INTO t VALUES (5, 'later', '2024-01-06'), (6, 'gone', '2024-01-06')",
			"ALTER TABLE t ADD COLUMN gone INT NULL")
		found, _ := b.compared()
		err := b.step("PlanRepair", activities.PlanRepairInput{RangeInput: found, OverwriteNewer: true}, nil)
		require.ErrorContains(t, err, "keeps newer versions")
		done, undo := b.repaired(false)
		require.Equal(t, activities.FinishRepairResult{
			Repaired: map[verify.Verdict]int64{verify.Missing: 1, verify.Stale: 1, verify.Silent: 1},
			Left:     map[verify.Verdict]int64{verify.Newer: 1, verify.Deleted: 1},
		}, done)
		const rest = "4d 4, 5later 6, 6gone 6"
		require.Equal(t, "1a 1, 2b 1, 2B 2, 3c 1, "+rest, b.versions())
		again, _ := b.repaired(false)
		require.Empty(t, again.Repaired)
		require.Equal(t, activities.FinishUndoResult{Restored: 1}, b.undone(undo, false))
		require.Equal(t, "1a 1, 2b 1, 2B 2, 3spoiled 1, "+rest, b.versions())
	})
}

// Where a repair only adds versions, it has nothing to undo and names nothing.
func TestARepairThatOnlyAddsVersionsNamesNoUndo(t *testing.T) {
	s := servers.MySQL(t)
	b := newHistory(t, s)
	b.AtTarget("DELETE FROM t WHERE updated_at = '2024-01-02'", "ALTER TABLE t ADD COLUMN gone INT NULL")
	done, undo := b.repaired(false)
	require.EqualValues(t, 1, done.Repaired[verify.Stale])
	require.Empty(t, undo)
	require.Equal(t, "1a 1, 2b 1, 2B 2, 3c 1", b.versions())
}

// Where the cursor is part of the source's key, each row is the only version of its key: comparisons and sweeps see all
// of them, and no view is offered.
func TestAHistoryWhoseKeyHasTheCursor(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newRepairBench(t, s, "id INT, v VARCHAR(20), updated_at DATETIME(6) NOT NULL, "+
			"PRIMARY KEY (id, updated_at), KEY (updated_at)", "", "id, v, updated_at", "1, 'a', '2024-01-01'",
			"2, 'b', '2024-01-01'", "2, 'B', '2024-01-02'")
		b.settings.Write = table.WriteHistory
		c := b.markDeletes()
		c.requireEqual(3)
		b.AtSource("DELETE FROM t WHERE id = 2 AND updated_at = '2024-01-01'")
		in := c.look()
		require.EqualValues(t, 1, in.Found)
		swept, err := c.act(in)
		require.NoError(t, err)
		require.EqualValues(t, 1, swept.Deleted)
		require.Equal(t, "1a 1, 2b 1-, 2B 2", b.versions())
		c.requireEqual(2)

		b.AtTarget("DELETE FROM t WHERE id = 1", "UPDATE t SET v = 'spoiled' WHERE updated_at = '2024-01-02'")
		done, _ := b.repaired(false)
		require.Equal(t, map[verify.Verdict]int64{verify.Missing: 1, verify.Silent: 1}, done.Repaired)
		require.Equal(t, "1a 1, 2b 1-, 2B 2", b.versions())
		for _, f := range b.previewed().Findings {
			require.NotContains(t, f.Remedy, "CREATE VIEW")
		}
	})
}

// The same where the cursor is the whole key.
func TestAHistoryWhoseKeyIsTheCursor(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newRepairBench(t, s, "id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20)", "", "id, v", "1, 'a'", "2, 'b'")
		b.settings.Write, b.settings.Cursor = table.WriteHistory, "id"
		b.state.state.Cursor, b.state.state.Watermark = "id", "2"
		c := b.markDeletes()
		c.requireEqual(2)
		b.AtSource("DELETE FROM t WHERE id = 1")
		in := c.look()
		require.EqualValues(t, 1, in.Found)
		_, err := c.act(in)
		require.NoError(t, err)
		require.Equal(t, "2", c.onTarget("SELECT GROUP_CONCAT(id) FROM t WHERE gone IS NULL"))
		c.requireEqual(1)
	})
}
