package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// A row that the source has again loses its mark, whether its values are the same or not, and an undo brings it back.
func TestARepairClearsTheMarksOfRowsThatAreBack(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newRepairBench(t, s, "id INT PRIMARY KEY, v VARCHAR(20), updated_at TIMESTAMP(6) NULL, KEY (updated_at)",
			", deleted_at DATETIME(6) NULL", "id, v, updated_at",
			"1, 'a', '2024-01-01'", "2, 'b', '2024-01-01'", "3, 'c', '2024-01-01'")
		b.settings.Deletes.Mode, b.settings.Deletes.Column = api.DeletesSoft, "deleted_at"
		b.restart()
		b.AtTarget("UPDATE t SET deleted_at = '2024-01-05', updated_at = updated_at WHERE id < 3",
			"UPDATE t SET v = 'old', updated_at = updated_at WHERE id = 2",
			"INSERT INTO t VALUES (9, 'gone', '2024-01-01', '2024-01-05')")
		before := b.target("id v updated_at deleted_at")
		done, undo := b.repaired(false)
		require.Equal(t, map[verify.Verdict]int64{verify.Missing: 2}, done.Repaired)
		require.Empty(t, done.Left)
		b.AtTarget("DELETE FROM t WHERE id = 9")
		require.Equal(t, b.source("id v updated_at"), b.target("id v updated_at"))
		require.Equal(t, []string{"31|NULL", "32|NULL", "33|NULL"}, b.target("id deleted_at"))
		b.AtTarget("INSERT INTO t VALUES (9, 'gone', '2024-01-01', '2024-01-05')")
		require.Equal(t, activities.FinishUndoResult{Restored: 2}, b.undone(undo, false))
		require.Equal(t, before, b.target("id v updated_at deleted_at"))
	})
}

// An attempt that dies before its manifest leaves its rows to the next one, and the moment at which it has read them:
// marks that are older than that go, and later ones stay with their rows.
func TestARepairThatIsTakenUpClearsMarks(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newRepairBench(t, s, "id INT PRIMARY KEY, v VARCHAR(20), updated_at TIMESTAMP(6) NULL, KEY (updated_at)",
			", deleted_at DATETIME(6) NULL", "id, v, updated_at", "1, 'a', '2024-01-01'", "2, 'b', '2024-01-01'")
		b.settings.Deletes.Mode, b.settings.Deletes.Column = api.DeletesSoft, "deleted_at"
		b.restart()
		b.AtTarget("UPDATE t SET deleted_at = '2024-01-05', v = 'old' WHERE id = 1",
			"UPDATE t SET deleted_at = '2100-01-01', v = 'old' WHERE id = 2")
		in, _ := b.batch()
		b.stageTwice(in)
		_, err := b.write(in)
		require.NoError(t, err)
		require.Equal(t, []string{"1a", "2old 2100-01-01"}, b.targetTexts(
			"SELECT CONCAT(id, v, IFNULL(CONCAT(' ', DATE(deleted_at)), '')) FROM t ORDER BY id"))
	})
}

// The columns of the target's key may be in another order than those of the source.
func TestARepairOfAKeyInAnotherOrder(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newRepairBench(t, s,
			"a INT, b INT, v VARCHAR(20), updated_at TIMESTAMP(6) NULL, PRIMARY KEY (a, b), KEY (updated_at)", "",
			"a, b, v, updated_at", "1, 2, 'x', '2024-01-01'", "2, 1, 'y', '2024-01-01'", "3, 4, 'z', '2024-01-01'")
		b.AtTarget("ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (b, a)",
			"UPDATE t SET v = 'old' WHERE a = 1", "DELETE FROM t WHERE a = 3")
		b.restart()
		before := b.target("a b v updated_at")
		done, undo := b.repaired(false)
		require.Equal(t, map[verify.Verdict]int64{verify.Silent: 1, verify.Missing: 1}, done.Repaired)
		require.Equal(t, b.source("a b v updated_at"), b.target("a b v updated_at"))
		require.Equal(t, activities.FinishUndoResult{Restored: 2}, b.undone(undo, false))
		require.Equal(t, before, b.target("a b v updated_at"))
	})
}
