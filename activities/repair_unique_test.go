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

const uniqueTable = "id INT PRIMARY KEY, u VARCHAR(20) UNIQUE, v INT, updated_at TIMESTAMP(6) NOT NULL DEFAULT " +
	"'2024-01-01', KEY (updated_at)"

// newSwap has two rows that have exchanged their unique values at the source, and one that has taken the value of a row
// which is equal on both sides otherwise.
func newSwap(t *testing.T, s *servers.Server) *repairBench {
	b := newRepairBench(t, s, uniqueTable, "", "id, u, v", "1, 'a', 1", "2, 'b', 2", "3, 'c', 3", "4, 'd', 4")
	b.AtSource("UPDATE t SET u = NULL WHERE id = 1", "UPDATE t SET u = 'a' WHERE id = 2",
		"UPDATE t SET u = 'b' WHERE id = 1")
	return b
}

// Two rows that have exchanged a unique value are refused by name, or written in one transaction, as the policy says.
// An undo takes the exchange back.
func TestAUniqueSwapDuringARepair(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newSwap(t, s)
		before := b.target("id u v")
		in, _ := b.batch()
		var staged activities.ExtractResult
		require.NoError(t, b.step("StageRepair", in, &staged))
		_, err := b.write(in)
		requireType(t, err, failure.RowRejected)
		require.Equal(t, before, b.target("id u v"))

		b.settings.UniqueConflicts = "replace"
		done, undo := b.repaired(false)
		require.Equal(t, map[verify.Verdict]int64{verify.Silent: 2}, done.Repaired)
		require.Equal(t, b.source("id u v"), b.target("id u v"))
		require.Equal(t, activities.FinishUndoResult{Restored: 2}, b.undone(undo, false))
		require.Equal(t, before, b.target("id u v"))
	})
}

// A row of the target that a repair does not write is never deleted for its unique value, also where the policy of runs
// is to replace it: no undo would have it. The row that wants the value is left.
func TestARepairDeletesNoRowThatItDoesNotWrite(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newSwap(t, s)
		b.settings.UniqueConflicts = "replace"
		b.AtSource("DELETE FROM t WHERE id = 3", "UPDATE t SET u = 'c' WHERE id = 4")
		done, _ := b.repaired(false)
		require.Equal(t, map[verify.Verdict]int64{verify.Silent: 2}, done.Repaired)
		require.Equal(t, map[verify.Verdict]int64{verify.Deleted: 1, verify.Silent: 1}, done.Left)
		require.Equal(t, []string{"1|b", "2|a", "3|c", "4|d"}, dbtest.Texts(t, s.DB(t, b.To),
			"SELECT CONCAT(id, '|', u) FROM t ORDER BY id"))
	})
}
