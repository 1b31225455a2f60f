package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// A table whose only key is a unique one is created, loaded, changed and compared by that key, in each mode of writing.
func TestATableWithoutAPrimaryKeyIsSyncedByItsUniqueKey(t *testing.T) {
	eachPair(t, func(t *testing.T, source, target *servers.Server) {
		for _, mode := range []table.WriteMode{table.WriteUpsert, table.WriteAppend} {
			b := emptyBench(t, source, target)
			b.settings.Write, b.settings.ChunkRows = mode, 2
			b.AtSource("CREATE TABLE t (tenant INT NOT NULL, code VARCHAR(20) NOT NULL, v INT, updated_at DATETIME(6) "+
				"NOT NULL, UNIQUE KEY by_code (tenant, code), KEY (updated_at))",
				"INSERT INTO t VALUES (1, 'a', 1, '2024-01-01'), (1, 'b', 1, '2024-01-01'), (2, 'a', 1, '2024-01-01')")
			require.EqualValues(t, 3, b.moved("load", owner.State{}, -1).sum.Inserted)
			b.AtSource("UPDATE t SET v = 2, updated_at = '2024-01-02' WHERE tenant = 1 AND code = 'b'",
				"INSERT INTO t VALUES (2, 'c', 2, '2024-01-02')")
			state := b.stateAt("2024-01-01 00:00:00.000000")
			for range 2 {
				b.moved("next", state, -1)
				b.restart()
				want := map[table.WriteMode][]string{
					table.WriteUpsert: {"1a1", "1b2", "2a1", "2c2"}, table.WriteAppend: {"1a1", "1b1", "2a1", "2c2"},
				}[mode]
				require.Equal(t, want, b.targetTexts("SELECT CONCAT(tenant, code, v) FROM t ORDER BY 1"), mode)
			}
		}
	})
}

// A comparison, and a repair, go by the unique key that the configuration names, beside other unique ones.
func TestVerifyAndRepairByANamedKey(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newRepairBench(t, s, "id INT NOT NULL PRIMARY KEY, code VARCHAR(20) NOT NULL UNIQUE, v INT, "+cursorColumn+
			", KEY (updated_at)", "", "id, code, v", "1, 'a', 1", "2, 'b', 1", "3, 'c', 1")
		b.settings.Key = []string{"code"}
		b.restart()
		b.AtTarget("DELETE FROM t WHERE code = 'a'", "UPDATE t SET v = 9 WHERE code = 'b'",
			"UPDATE t SET id = 7 WHERE code = 'c'", "INSERT INTO t (id, code, v) VALUES (8, 'x', 1)")
		done, undo := b.repaired(false)
		require.Equal(t, map[verify.Verdict]int64{verify.Missing: 1, verify.Silent: 2}, done.Repaired)
		all := "SELECT CONCAT(id, code, v) FROM t ORDER BY code"
		require.Equal(t, []string{"1a1", "2b1", "3c1", "8x1"}, b.targetTexts(all))
		b.undone(undo, false)
		require.Equal(t, []string{"2b9", "7c1", "8x1"}, b.targetTexts(all))
	})
}

// Of several keys the plan says which one it takes, and which others key: may name. A key that the source does not
// have, a target without it, and a table without any key are refused by name.
func TestWhichKeyThePlanTakes(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := emptyBench(t, s, s)
		b.deps.Client = &stateClient{state: owner.State{Version: 1, Table: b.settings.Table.String()}}
		b.settings.Cursor = ""
		b.restart()
		plan := func() string {
			out := b.previewed()
			text := out.Verdict
			for _, f := range out.Findings {
				if f.Topic == table.TopicKey {
					text += "; " + f.Text + " → " + f.Remedy
				}
			}
			return text
		}
		b.AtSource("CREATE TABLE t (a INT NOT NULL, b INT NOT NULL, c INT NOT NULL, UNIQUE KEY ab (a, b), " +
			"UNIQUE KEY z (c), UNIQUE KEY y (b))")
		require.Equal(t, "ready; rows are matched by the unique key y (b), since the table has no primary key: of "+
			"several keys, the one with the fewest columns, then the first by name → key: names another one of y (b); "+
			"z (c); ab (a, b)", plan())
		b.settings.Key = []string{"b", "a"}
		require.Equal(t, "ready; rows are matched by the unique key ab (a, b) → ", plan())
		b.settings.Key = []string{"a"}
		require.Equal(t, "refused; key: there is no unique key of whole, NOT NULL columns (a) → write one of these "+
			"keys: y (b); z (c); ab (a, b)", plan())
		b.settings.Key = nil
		b.AtTarget("CREATE TABLE t (a INT NOT NULL, b INT NOT NULL PRIMARY KEY, c INT NOT NULL)")
		require.Contains(t, plan(), "ready", "any unique key of these columns will do")
		b.AtTarget("ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (a)")
		require.Contains(t, plan(), "refused; ")
		require.Contains(t, plan(), "rows have the key (b), and the target has the key (a) → give the target that key")
		b.AtSource("DROP TABLE t", "CREATE TABLE t (a INT, UNIQUE KEY (a))")
		require.Contains(t, plan(), "refused; the table has no primary key, and no unique key of whole columns that "+
			"are NOT NULL → add a primary key, or make the columns of a unique key NOT NULL")
	})
}
