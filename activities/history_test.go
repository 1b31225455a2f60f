package activities_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

const (
	allVersions = "SELECT CONCAT(id, v, ' ', DAY(updated_at)) FROM t ORDER BY id, updated_at"
	firstDay    = "2024-01-01 00:00:00.000000"
)

// A run that is killed after any of its steps, and another one after it, leave each version once, of equal cursors too.
func TestHistoryKilledAtEachStep(t *testing.T) {
	for most := range 8 {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			servers.Some(t, func(t *testing.T, s *servers.Server) {
				b := changedBench(t, s, table.WriteHistory)
				state := b.stateAt(firstDay)
				b.moved("killed", state, most)
				b.restart()
				done := b.moved("next", state, -1)
				require.Equal(t, api.ModeIncremental, done.plan.Mode)
				require.False(t, done.plan.TailLast)
				want := []string{"1a 1", "2b 1", "2B 2", "3c 1", "4d 2", "5e 2"}
				require.Equal(t, want, b.targetTexts(allVersions), "after %d steps", most)
				require.EqualValues(t, 3, b.moved("third", state, -1).sum.Unchanged)
				require.Equal(t, want, b.targetTexts(allVersions), "after %d steps", most)
			})
		})
	}
}

// On each pair of servers a history is created whose only unique key is (key, cursor): a row whose unique value was
// another row's comes beside it. A full run, and a backfill, add what is missing, and keep every version.
func TestAHistoryIsCreatedOnEachPair(t *testing.T) {
	eachPair(t, func(t *testing.T, source, target *servers.Server) {
		b := emptyBench(t, source, target)
		b.settings.Write = table.WriteHistory
		b.AtSource("CREATE TABLE parent (id INT PRIMARY KEY)", "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, "+
			"v VARCHAR(20) NOT NULL UNIQUE, updated_at DATETIME(6) NOT NULL, p INT, KEY (updated_at), FOREIGN KEY (p) "+
			"REFERENCES parent (id))",
			"INSERT INTO t VALUES (1, 'a', '2024-01-01', NULL), (2, 'b', '2024-01-01', NULL)")
		b.moved("load", owner.State{}, -1)
		b.AtSource("UPDATE t SET v = 'c', updated_at = '2024-01-02' WHERE id = 1",
			"UPDATE t SET v = 'a', updated_at = '2024-01-02' WHERE id = 2")
		b.moved("next", b.stateAt(firstDay), -1)
		want := []string{"1a 1", "1c 2", "2b 1", "2a 2"}
		require.Equal(t, want, b.targetTexts(allVersions))
		require.Equal(t, []string{"PRIMARY"}, b.targetTexts("SELECT DISTINCT INDEX_NAME FROM "+
			"information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 't' AND NON_UNIQUE = 0"))
		require.Empty(t, b.targetTexts("SELECT CONSTRAINT_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS "+
			"WHERE CONSTRAINT_SCHEMA = DATABASE()"))
		b.AtTarget("DELETE FROM t WHERE id = 1 AND v = 'c'")
		b.moved("again", b.stateAt(firstDay), -1)
		require.Equal(t, want, b.targetTexts(allVersions))
	})
}

// A comparison takes the newest version of each key. The view that the plan offers shows the current rows.
func TestTheCurrentRowsOfAHistory(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		const columns = "(id INT, v VARCHAR(20), " + cursorColumn + ", KEY (updated_at), "
		c := newComparing(t, s, s, "CREATE TABLE t "+columns+"PRIMARY KEY (id, updated_at))",
			"INSERT INTO t (id, v) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')").copied()
		c.AtSource("ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id)")
		c.settings.Write = table.WriteHistory
		c.restart()
		c.requireEqual(4)
		c.AtSource("UPDATE t SET v = 'B', updated_at = '2024-02-01' WHERE id = 2")
		c.AtTarget("INSERT INTO t VALUES (2, 'B', '2024-02-01'), (1, 'old', '2023-01-01')")
		c.requireEqual(4)
		c.AtSource("UPDATE t SET v = 'C', updated_at = '2024-02-01' WHERE id = 3", "DELETE FROM t WHERE id = 4",
			"UPDATE t SET v = 'A' WHERE id = 1")
		c.requireFound(map[verify.Verdict]int64{verify.Stale: 1, verify.Deleted: 1, verify.Silent: 1})

		plan := c.previewed()
		require.Contains(t, plan.Write, "history: each version")
		for _, f := range plan.Findings {
			if strings.HasPrefix(f.Remedy, "CREATE VIEW") {
				c.AtTarget(f.Remedy)
			}
		}
		require.Equal(t, []string{"1a", "2B", "3c", "4d"},
			c.targetTexts("SELECT CONCAT(id, v) FROM t_current ORDER BY id"))

		c.AtTarget("ALTER TABLE t ADD UNIQUE KEY one (updated_at, id, v)")
		plan = c.previewed()
		require.Equal(t, api.VerdictRefused, plan.Verdict)
		require.Contains(t, plan.Findings[0].Text, "unique key one")
		c.AtTarget("ALTER TABLE t DROP KEY one, DROP PRIMARY KEY, ADD KEY (id)")
		plan = c.previewed()
		require.Contains(t, plan.Findings[0].Text, "rows have the key (id, updated_at)")
	})
}

// Settings that no check of the configuration has seen are refused by name, with what to write: no target is created,
// and no sweep begins.
func TestWhatAHistoryCannotDoIsRefused(t *testing.T) {
	s := servers.MySQL(t)
	for name, c := range map[string]struct {
		change       func(*activities.Settings)
		text, remedy string
	}{
		"no cursor": {func(s *activities.Settings) { s.Cursor = "" }, "a cursor tells versions apart", "set cursor"},
		"hard": {
			func(s *activities.Settings) { s.Deletes = activities.Deletes{Mode: api.DeletesHard} },
			"deletes.mode hard would remove versions", "mode: soft",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := emptyBench(t, s, s)
			b.AtSource("CREATE TABLE t (id INT PRIMARY KEY, v INT, updated_at DATETIME(6) NOT NULL, KEY (updated_at))")
			b.settings.Write = table.WriteHistory
			c.change(&b.settings)
			tbl := b.settings.Table.String()
			b.deps.Client = &stateClient{state: owner.State{Version: 1, Table: tbl}}
			b.restart()
			refused := func(err error) {
				requireType(t, err, failure.UnsupportedTable)
				require.ErrorContains(t, err, c.text)
				require.ErrorContains(t, err, c.remedy)
			}
			refused(b.step("PlanRun", activities.PlanRunInput{Table: tbl, Run: "run-1"}, nil))
			require.Empty(t, b.targetTexts("SHOW TABLES"))
			if b.settings.Deletes.Mode != "" {
				in := activities.PlanVerifyInput{Table: tbl, Run: "sweep-1", Depth: api.DepthKeys, Deletes: true}
				refused(b.step("PlanVerify", in, nil))
			}
		})
	}
}
