package activities_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mapping"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// shards are two tables with the same keys that go into one target, whose key has the column origin.
type shards struct {
	*bench
	server *servers.Server
	key    []string
	marks  string
}

func newShards(t *testing.T, s *servers.Server, key ...string) *shards {
	t.Helper()
	b := &shards{bench: emptyBench(t, s, s), server: s, key: key}
	b.settings.ChunkRows = 2
	b.AtSource("CREATE TABLE eu (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20) UNIQUE, updated_at DATETIME(6) "+
		"NOT NULL, KEY (updated_at))", "CREATE TABLE us LIKE eu",
		"INSERT INTO eu VALUES (1, 'a', '2024-01-01'), (2, 'b', '2024-01-01'), (3, 'c', '2024-01-01')",
		"INSERT INTO us VALUES (1, 'a', '2024-01-01'), (2, 'x', '2024-01-01'), (4, 'y', '2024-01-01')")
	return b
}

// use turns to the entry of one of the two.
func (b *shards) use(name string) *shards {
	b.t.Helper()
	b.settings.Table.Table, b.settings.Key, b.settings.Overlap = name, []string{"id"}, time.Second
	b.settings.Mapping = &mapping.Settings{
		Add: []mapping.Pair{{Column: "origin", Value: "'" + name + "'"}}, Key: b.key,
		Rename: []mapping.Pair{{Column: "id", Value: "number"}},
	}
	b.restart()
	return b
}

// compared turns to the entry, and to the steps of its comparisons.
func (b *shards) compared(name string) *comparing {
	b.t.Helper()
	b.use(name)
	c := &comparing{bench: b.bench, state: &stateClient{state: b.stateAt(watermark)}}
	b.deps.Client = c.state
	b.settings.Deletes.OwnsAll = true
	b.restart()
	return c
}

// rows are those of one origin on the target.
func (b *shards) rows(origin string) string {
	b.t.Helper()
	return strings.Join(b.targetTexts("SELECT CONCAT(number, v"+b.marks+") FROM t WHERE origin = '"+origin+
		"' ORDER BY number"), " ")
}

// Two sources with the same keys share a target whose key tells them apart: loads, changes, comparisons, repairs,
// undos and sweeps of one touch no row of the other.
func TestSourcesWithTheSameKeysShareATarget(t *testing.T) {
	for name, key := range map[string][]string{"origin first": {"origin", "id"}, "origin last": {"ID", "origin"}} {
		t.Run(name, func(t *testing.T) {
			servers.Each(t, func(t *testing.T, s *servers.Server) { newShards(t, s, key...).goThroughAll() })
		})
	}
}

func (b *shards) goThroughAll() {
	t := b.t
	require.True(t, b.use("eu").moved("load-eu", owner.State{}, -1).plan.Identity.Target.Owned)
	require.True(t, b.use("us").moved("load-us", owner.State{}, -1).plan.Identity.Target.Owned)
	require.Equal(t, "1a 2b 3c", b.rows("eu"))
	require.Equal(t, "1a 2x 4y", b.rows("us"))
	want := strings.Replace(strings.ToLower(strings.Join(b.key, ",")), "id", "number", 1)
	require.Equal(t, []string{want}, b.targetTexts("SELECT GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX) FROM "+
		"information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 't' AND NON_UNIQUE = 0 "+
		"GROUP BY INDEX_NAME"))

	b.AtSource("UPDATE eu SET v = 'B', updated_at = '2024-01-02' WHERE id = 2")
	sum := b.use("eu").moved("next", b.stateAt(firstDay), -1).sum
	require.EqualValues(t, 1, sum.Updated)
	require.Equal(t, "1a 2x 4y", b.rows("us"))
	b.compared("eu").requireEqual(3)
	b.compared("us").requireEqual(3)

	b.AtTarget("UPDATE t SET v = 'spoiled' WHERE number = 1 AND origin = 'eu'", "DELETE FROM t WHERE v = 'B'")
	b.compared("us").requireEqual(3)
	state := b.compared("eu").state
	repair := &repairBench{bench: b.bench, t: t, server: b.server, state: state}
	done, undo := repair.repaired(false)
	require.Equal(t, map[verify.Verdict]int64{verify.Missing: 1, verify.Silent: 1}, done.Repaired)
	require.Equal(t, "1a 2B 3c", b.rows("eu"))
	repair.undone(undo, false)
	require.Equal(t, "1spoiled 3c", b.rows("eu"))
	require.Equal(t, "1a 2x 4y", b.rows("us"))

	b.AtSource("DELETE FROM us WHERE id IN (1, 4)")
	sweep := &sweeping{comparing: b.compared("us"), server: b.server}
	b.settings.Deletes = activities.Deletes{Mode: api.DeletesHard, MaxShare: 1, OwnsAll: true}
	b.restart()
	in := sweep.look()
	swept, err := sweep.act(in)
	require.NoError(t, err)
	require.EqualValues(t, 2, swept.Deleted)
	require.Equal(t, "1spoiled 3c", b.rows("eu"))
	require.Equal(t, "2x", b.rows("us"))
	repair = &repairBench{bench: b.bench, t: t, server: b.server, state: sweep.state}
	repair.undone(in.Run, false)
	require.Equal(t, "1spoiled 3c", b.rows("eu"))
	require.Equal(t, "1a 2x 4y", b.rows("us"))
}

// A unique value that two sources of disjoint keys have removes no row of the other one, which no run would bring back.
func TestAUniqueValueOfTwoSourcesRemovesNoRow(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newShards(t, s)
		b.AtSource("UPDATE us SET id = id + 1000, updated_at = '2024-02-01'")
		b.settings.KeysDisjoint = true
		b.use("eu").moved("load-eu", owner.State{}, -1)
		b.settings.UniqueConflicts = "replace"
		err := b.use("us").planned(activities.PlanRunInput{})
		require.ErrorContains(t, err, "keysDisjoint and uniqueConflicts: replace")
		b.settings.UniqueConflicts = "fail"
		_, in := b.use("us").plan()
		_, err = b.write(in)
		requireType(t, err, failure.RowRejected)
		require.Equal(t, "1a 2b 3c", b.rows("eu"))
	})
}

// sharedTarget is a target that is there before the first run.
const sharedTarget = "CREATE TABLE t (number INT, v VARCHAR(20), updated_at DATETIME(6) NOT NULL, origin VARCHAR(64) " +
	"COLLATE utf8mb4_bin, n INT, CHECK (v NOT LIKE 'bad%'), KEY (updated_at), "

// A row that the target refuses is set aside, written later, and never in the place of the other source's row.
func TestAQuarantineOfASharedTarget(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newShards(t, s, "origin", "id")
		b.AtTarget(sharedTarget + "PRIMARY KEY (number, origin))")
		b.settings.Quarantine = &activities.QuarantineSettings{MaxRows: 5, MaxShare: 1}
		b.use("us").moved("load-us", owner.State{}, -1)
		b.AtSource("UPDATE eu SET v = 'bad' WHERE id = 1")
		_, in := b.use("eu").plan()
		sum, err := b.write(in)
		require.NoError(t, err)
		require.EqualValues(t, 1, sum.Quarantined)
		require.Equal(t, "2b 3c", b.rows("eu"))
		_, in = b.plan()
		b.AtSource("UPDATE eu SET v = 'good' WHERE id = 1")
		require.Equal(t, "0 0 1 0 0", b.settle(activities.SettleQuarantineInput{RangeInput: in}))
		require.Equal(t, "1good 2b 3c", b.rows("eu"))
		require.Equal(t, "1a 2x 4y", b.rows("us"))
	})
}

// A sweep that marks rows, and a backfill, leave the other source's rows of the same keys as they are.
func TestMarksAndABackfillOfASharedTarget(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newShards(t, s, "origin", "id")
		b.AtTarget(sharedTarget + "deleted_at DATETIME(6), PRIMARY KEY (origin, number))")
		for _, name := range []string{"eu", "us"} {
			b.use(name).moved("load-"+name, owner.State{}, -1)
		}
		b.marks = ", IFNULL(n, ''), IF(deleted_at IS NULL, '', '-')"
		b.AtSource("DELETE FROM us WHERE id = 2")
		sweep := &sweeping{comparing: b.compared("us"), server: b.server}
		b.settings.Deletes = activities.Deletes{
			Mode: api.DeletesSoft, Column: "deleted_at", MaxShare: 1, OwnsAll: true,
		}
		b.restart()
		swept, err := sweep.act(sweep.look())
		require.NoError(t, err)
		require.EqualValues(t, 1, swept.Deleted)
		require.Equal(t, "1a 2x- 4y", b.rows("us"))
		require.Equal(t, "1a 2b 3c", b.rows("eu"))

		b.settings.Deletes = activities.Deletes{}
		b.AtSource("ALTER TABLE eu ADD COLUMN n INT", "UPDATE eu SET n = 7")
		require.Equal(t, activities.UpsertChunkResult{Updated: 3}, b.compared("eu").fill(false))
		require.Equal(t, "1a7 2b7 3c7", b.rows("eu"))
		require.Equal(t, "1a 2x- 4y", b.rows("us"))
	})
}

// A target whose key does not tell the sources apart, or that has a further unique key, is refused by name. One that
// loses its key during a run is not written.
func TestATargetWithoutTheWiderKeyIsRefused(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newShards(t, s, "origin", "id")
		name := b.use("eu").settings.Table.String()
		for key, want := range map[string]string{
			"PRIMARY KEY (number))":                                       "rows have the key (origin, number), and",
			"PRIMARY KEY (number, origin), UNIQUE one (v))":               "the target has the unique key one",
			"PRIMARY KEY (origin, number), UNIQUE b (number, origin, v))": "the target has the unique key b",
		} {
			b.AtTarget("DROP TABLE IF EXISTS t", sharedTarget+key)
			err := b.step("PlanRun", activities.PlanRunInput{Table: name, Run: "run-1"}, nil)
			require.ErrorContains(t, err, want)
		}
		b.AtTarget("DROP TABLE t", sharedTarget+"PRIMARY KEY (number, origin))")
		b.use("us").moved("load-us", owner.State{}, -1)
		_, in := b.use("eu").plan()
		b.AtTarget("DELETE FROM t WHERE origin <> 'us'", "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (number)")
		b.restart()
		_, err := b.write(in)
		require.ErrorContains(t, err, "has no key (origin, number) any more")
		require.Equal(t, "1a 2x 4y", b.rows("us"))
	})
}

// A comparison of what has changed since the last one, and one of a target that is appended to, see the rows of one
// source, also where many of both have one cursor value.
func TestChangesAndAppendsOfASharedTarget(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newShards(t, s, "origin", "id")
		b.settings.PageRows, b.settings.Write = 7, table.WriteAppend
		for _, name := range []string{"eu", "us"} {
			b.AtSource("INSERT INTO " + name + " SELECT n, CONCAT('v', n), '2024-02-01' FROM (WITH RECURSIVE seq (n) " +
				"AS (SELECT 10 UNION ALL SELECT n + 1 FROM seq WHERE n < 59) SELECT n FROM seq) seq")
			require.EqualValues(t, 53, b.use(name).moved("load-"+name, owner.State{}, -1).sum.Inserted)
			require.EqualValues(t, 53, b.moved("again-"+name, owner.State{}, -1).sum.Existing)
		}
		b.AtTarget("DELETE FROM t WHERE origin = 'us' AND number = 20")
		b.compared("eu").requireEqual(53)
		b.compared("us").requireFound(map[verify.Verdict]int64{verify.Missing: 1})

		b.settings.Write = table.WriteUpsert
		c := b.compared("eu")
		c.all(c.planInput())
		c.state.state.Watermark = "2024-07-01 00:00:00.000000"
		b.AtSource("UPDATE eu SET updated_at = '2024-06-10' WHERE id > 9")
		b.AtTarget("UPDATE t SET updated_at = '2024-06-10' WHERE number > 9",
			"UPDATE t SET v = 'spoiled' WHERE number = 30 AND origin = 'us'")
		got, _, _ := c.changes()
		require.Empty(t, got.verdicts)
		require.Equal(t, verify.Tally{SourceRows: 50, TargetRows: 50, Equal: 50}, got.Tally)
	})
}
