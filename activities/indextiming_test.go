package activities_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// newEstimated has a table with two indexes. large makes auto take its source for one of many rows, or of few; MariaDB
// counts by itself, and is given what auto comes to.
func newEstimated(t *testing.T, s *servers.Server) (b *bench, large func(is bool)) {
	t.Helper()
	b = newBench(t, s)
	admin := dbtest.Lenient(t, s, b.From)
	dbtest.Exec(t, admin, "ALTER TABLE t ADD KEY by_v (v), STATS_PERSISTENT = 1, STATS_AUTO_RECALC = 0",
		"ANALYZE TABLE t")
	return b, func(is bool) {
		t.Helper()
		if s.Flavor == servers.FlavorMariaDB {
			b.settings.IndexesAfterLoad = map[bool]table.IndexTiming{
				true: table.IndexesAfterLoad, false: table.IndexesFirst,
			}[is]
			return
		}
		b.settings.IndexesAfterLoad = table.IndexesAuto
		rows := map[bool]int{true: 2_000_000, false: 5000}[is]
		dbtest.Exec(t, admin, fmt.Sprintf("UPDATE mysql.innodb_table_stats SET n_rows = %d WHERE database_name = '%s' "+
			"AND table_name = 't'", rows, b.From), "FLUSH TABLE t")
		require.EqualValues(t, rows, dbtest.Introspect(t, b.Src, b.From, "t").RowsEstimate)
	}
}

// What a first load has chosen holds for it, also where the estimate or the configuration is another one when a step is
// repeated, or when the next run goes on.
func TestAFirstLoadKeepsItsChoiceOfIndexes(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b, large := newEstimated(t, s)
		indexes := func() []string {
			return dbtest.Texts(t, s.DB(t, b.To), "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS "+
				"WHERE TABLE_SCHEMA = '"+b.To+"' AND TABLE_NAME = 't' ORDER BY INDEX_NAME")
		}
		large(true)
		plan, _ := b.plan()
		require.Equal(t, 2, plan.IndexesLater)
		require.Equal(t, []string{"PRIMARY"}, indexes())

		large(false)
		again, in := b.plan()
		require.Equal(t, 2, again.IndexesLater)
		b.settings.IndexesAfterLoad = table.IndexesFirst
		b.restart()
		var next activities.PlanRunResult
		require.NoError(t, b.step("PlanRun", activities.PlanRunInput{
			Table: in.Table, Run: "run-2", State: owner.State{FirstLoad: &owner.FirstLoad{
				Run: "run-1", PlanSum: again.PlanSum, Done: again.Done, IndexesLater: true,
			}},
		}, &next))
		require.Equal(t, "run-1", next.Run)
		require.Equal(t, 2, next.IndexesLater)
		in.PlanSum = next.PlanSum
		var added activities.AddIndexesResult
		require.NoError(t, b.step("AddIndexes", in, &added))
		require.Equal(t, 2, added.Indexes)
		require.Equal(t, []string{"by_v", "PRIMARY", "updated_at"}, indexes())
	})
}

// A first load that starts over, because it is of other rows now, adds the indexes that the load before it has left
// out. A target of another name is none of that load's.
func TestAFirstLoadThatStartsOverAddsTheIndexes(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newBench(t, s)
		b.settings.IndexesAfterLoad = table.IndexesAfterLoad
		state := owner.State{ID: "state-1", Lease: &owner.Lease{Fence: 7}}
		var plan activities.PlanRunResult
		in := activities.PlanRunInput{Table: b.settings.Table.String(), Run: "run-1", State: state}
		require.NoError(t, b.step("PlanRun", in, &plan))
		require.Equal(t, 1, plan.IndexesLater)
		in.State.FirstLoad = &owner.FirstLoad{
			Run: "run-1", PlanSum: plan.PlanSum, Done: plan.Done, IndexesLater: true,
		}
		in.State.Identity, in.State.Lease, in.Run = plan.Identity, &owner.Lease{Fence: 17}, "run-2"
		b.settings.Write = table.WriteAppend
		var next activities.PlanRunResult
		require.NoError(t, b.step("PlanRun", in, &next))
		require.Equal(t, "run-2", next.Run)
		require.Contains(t, strings.Join(next.Warnings, "; "), "the unfinished first load starts over")
		require.NotContains(t, strings.Join(next.Warnings, "; "), "lacks indexes")
		require.Equal(t, 1, next.IndexesLater)

		b.AtTarget("CREATE TABLE other (id INT PRIMARY KEY, v VARCHAR(20), updated_at TIMESTAMP(6) NOT NULL)")
		b.settings.Target.Table, in.Run = "other", "run-3"
		var elsewhere activities.PlanRunResult
		require.NoError(t, b.step("PlanRun", in, &elsewhere))
		require.Contains(t, strings.Join(elsewhere.Warnings, "; "), "lacks indexes")
		require.Zero(t, elsewhere.IndexesLater)
	})
}

// A table without a cursor goes on from no earlier run: nothing would add what a plan that was lost has left out.
func TestALostPlanLeavesNoIndexOut(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newBench(t, s)
		b.settings.Cursor, b.settings.IndexesAfterLoad = "", table.IndexesAfterLoad
		in := activities.PlanRunInput{Table: b.settings.Table.String(), Run: "run-1"}
		var first, again activities.PlanRunResult
		require.NoError(t, b.step("PlanRun", in, &first))
		in.Run, in.Lost, in.Plan = "run-1.1", "run-1", 1
		require.NoError(t, b.step("PlanRun", in, &again))
		require.Equal(t, api.ModeWhole, again.Mode)
		if again.IndexesLater == 0 {
			require.Contains(t, b.targetTexts("SELECT INDEX_NAME FROM information_schema.STATISTICS WHERE "+
				"TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 't'"), "updated_at")
		}
	})
}

// Where the state of a first load is lost, or a run is cut off before it records one, no run adds the indexes that the
// target lacks. They are named: by the next first load, and by each plan.
func TestIndexesThatNoLoadAddsAreNamed(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newBench(t, s)
		b.settings.IndexesAfterLoad = table.IndexesAfterLoad
		b.deps.Client = &stateClient{}
		b.restart()
		plan, _ := b.plan()
		require.Equal(t, 1, plan.IndexesLater)
		require.Empty(t, plan.Warnings)
		var next activities.PlanRunResult
		in := activities.PlanRunInput{Table: b.settings.Table.String(), Run: "run-2"}
		require.NoError(t, b.step("PlanRun", in, &next))
		require.Zero(t, next.IndexesLater)
		require.Contains(t, strings.Join(next.Warnings, "; "), "the target lacks indexes of the source")
		named := func() (remedy string) {
			for _, f := range b.previewed().Findings {
				if strings.Contains(f.Text, "the target lacks indexes") {
					remedy = f.Remedy
				}
			}
			return remedy
		}
		b.AtTarget(named())
		require.Empty(t, named())
	})
}

// Where tables share a target, the load of one may go on and add them at its end: the other one's plan names them, and
// does not warn.
func TestIndexesThatAnotherTablesLoadAddsAreNoWarning(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := emptyBench(t, s, s)
		b.AtSource("CREATE TABLE eu (id INT PRIMARY KEY, updated_at DATETIME(6) NOT NULL, KEY (updated_at))",
			"CREATE TABLE us LIKE eu", "INSERT INTO eu VALUES (1, '2024-01-01')",
			"INSERT INTO us VALUES (2, '2024-01-01')")
		b.settings.IndexesAfterLoad, b.settings.KeysDisjoint = table.IndexesAfterLoad, true
		b.deps.Client = &stateClient{}
		b.settings.Table.Table = "eu"
		b.restart()
		first, _ := b.plan()
		require.Equal(t, 1, first.IndexesLater)
		b.settings.Table.Table = "us"
		b.restart()
		second, _ := b.plan()
		require.Zero(t, second.IndexesLater)
		require.NotContains(t, strings.Join(second.Warnings, "; "), "lacks indexes")
		var levels []table.Level
		for _, f := range b.previewed().Findings {
			if strings.Contains(f.Text, "the first load of another table of this target goes on") {
				levels = append(levels, f.Level)
			}
		}
		require.Equal(t, []table.Level{table.LevelInfo}, levels)
	})
}

// The table beside a target that is replaced gets them as one that is created does.
func TestAReplacementAddsIndexesByItsTiming(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b, large := newEstimated(t, s)
		r := &replacing{bench: b}
		r.settings.Replace = &activities.ReplaceSettings{}
		r.lower(activities.Sizes{SwapPatience: 1})
		for _, is := range []bool{true, true, false} { // the first one makes the target, the others a copy of it
			large(is)
			plan, in := r.begun()
			require.Equal(t, map[bool]int{true: 2, false: 0}[is], plan.IndexesLater)
			var found activities.CheckReplacementResult
			require.NoError(t, r.step("CheckReplacement", r.loaded(plan, in), &found))
			r.swap(in)
			require.Contains(t, r.create("t"), "KEY `by_v`")
		}
	})
}
