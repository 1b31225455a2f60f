package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

const (
	spelledTable = "k VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY, v INT, updated_at TIMESTAMP(6) NOT NULL " +
		"DEFAULT '2024-01-01', KEY (updated_at)"
	toldApart = "ALTER TABLE t MODIFY k VARCHAR(20) COLLATE utf8mb4_bin NOT NULL"
)

// A key that has another spelling at the source gets it on the target. Where the target takes both for one, its row is
// changed; where it tells them apart, the new row comes first, and then the old one goes. An undo takes both back.
func TestARepairSpellsKeysAsTheSourceDoes(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, alter := range map[string]string{"for one": "SELECT 1", "apart": toldApart} {
			t.Run(name, func(t *testing.T) {
				b := newRepairBench(t, s, spelledTable, ", note INT NOT NULL DEFAULT 0",
					"k, v", "'aa', 1", "'bb', 2", "'cc', 3")
				b.AtTarget(alter, "UPDATE t SET note = v")
				before := b.target("k v updated_at note")
				b.AtSource("UPDATE t SET k = 'AA' WHERE k = 'aa'", "UPDATE t SET k = 'BB', v = 22 WHERE k = 'bb'",
					"UPDATE t SET v = 33 WHERE k = 'cc'")
				done, undo := b.repaired(false)
				require.EqualValues(t, 4, done.Repaired[verify.Respelled]+done.Repaired[verify.Missing])
				require.EqualValues(t, 1, done.Repaired[verify.Silent])
				require.Empty(t, done.Left)
				require.Equal(t, b.source("k v updated_at"), b.target("k v updated_at"))
				_, left := b.compared()
				require.Empty(t, left)
				undone := b.undone(undo, false)
				require.Zero(t, undone.Changed)
				require.Equal(t, before, b.target("k v updated_at note"))
			})
		}
	})
}

// The old spelling of a key stays as long as the new one is not on the target.
func TestTheOldSpellingGoesLast(t *testing.T) {
	b := newRepairBench(t, servers.MariaDB(t), spelledTable, "", "k, v", "'aa', 1")
	b.AtTarget(toldApart)
	b.AtSource("UPDATE t SET k = 'AA'")
	found, _ := b.compared()
	in, plan := b.planned(activities.PlanRepairInput{RangeInput: found})
	require.Equal(t, 1, plan.Batches)
	var staged activities.ExtractResult
	require.NoError(t, b.step("StageRepair", in, &staged))
	require.EqualValues(t, 1, staged.Rows)
	var out activities.FinishRepairResult
	require.NoError(t, b.step("FinishRepair", in, &out)) // nothing was written
	require.Zero(t, out.Removed)
	require.Len(t, b.target("k v"), 1)
	b.AtSource("DELETE FROM t")
	_, err := b.write(in)
	require.NoError(t, err)
	require.NoError(t, b.step("FinishRepair", in, &out))
	require.Zero(t, out.Removed, "the source has neither spelling by now: that is not a repair's to decide")
	require.Len(t, b.target("k v"), 2)
}
