package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// A row in quarantine is known by its key, also where the target's key has more digits than the source's.
func TestARowInQuarantineIsKnownUnderAKeyWithMoreDigits(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newComparing(t, s, s, "CREATE TABLE t (id DECIMAL(6,2) PRIMARY KEY, v INT, "+cursorColumn+
			", KEY (updated_at))", "INSERT INTO t (id, v) VALUES (1.1, 1), (2.2, -1)")
		c.AtTarget("ALTER TABLE t MODIFY id DECIMAL(9,4) NOT NULL, ADD CONSTRAINT good CHECK (v >= 0)")
		c.settings.Quarantine = &activities.QuarantineSettings{MaxRows: 5, MaxShare: 1}
		var plan activities.PlanRunResult
		in := activities.RangeInput{Table: c.settings.Table.String(), Run: "load-1"}
		require.NoError(t, c.step("PlanRun", activities.PlanRunInput{Table: in.Table, Run: in.Run}, &plan))
		in.PlanSum = plan.PlanSum
		done, err := c.write(in)
		require.NoError(t, err)
		require.EqualValues(t, 1, done.Quarantined)
		found := c.requireFound(map[verify.Verdict]int64{verify.Quarantined: 1})
		require.EqualValues(t, 1, found.Equal)
	})
}

// The old spelling of a key goes, also where another part of the key has more digits on the target.
func TestTheOldSpellingOfAKeyWithMoreDigitsGoes(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newRepairBench(t, s, "k VARCHAR(20) COLLATE utf8mb4_general_ci, n DECIMAL(6,2), v INT, "+cursorColumn+
			", PRIMARY KEY (k, n), KEY (updated_at)", "", "k, n, v", "'aa', 1.1, 1", "'bb', 1.1, 2")
		b.AtTarget(toldApart, "ALTER TABLE t MODIFY n DECIMAL(9,4) NOT NULL")
		b.AtSource("UPDATE t SET k = 'AA' WHERE k = 'aa'")
		done, _ := b.repaired(false)
		require.EqualValues(t, 1, done.Removed)
		require.Empty(t, done.Left)
		require.Equal(t, b.source("k v"), b.target("k v"))
	})
}
