package activities_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// resuming is a lake of three files, each a range and a load of its own, of which a run has loaded some.
func resuming(t *testing.T, s *servers.Server, change func(*lake)) (*lake, activities.PlanRunResult) {
	t.Helper()
	l := newLake(t, s, lakeTable)
	l.lower(activities.Sizes{FilesRange: 1})
	l.put("1.csv", 3*time.Hour, header, l.row(1, "one", "01"), l.row(9, "one", "01"))
	l.put("2.csv", 2*time.Hour, header, l.row(2, "two", "02"), l.row(9, "two", "02"))
	l.put("3.csv", time.Hour, header, l.row(3, "three", "03"), l.row(9, "three", "03"))
	if change != nil {
		change(l)
	}
	plan, err := l.discover()
	require.NoError(t, err)
	require.Equal(t, "000", plan.Done)
	return l, plan
}

func noCursor(l *lake) { l.settings.Cursor = "" }

func TestARunOfFilesGoesOnWhereItStopped(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, change := range map[string]func(*lake){
			"with a cursor": nil, "without": noCursor,
			"into a new target": func(l *lake) {
				l.AtTarget("DROP TABLE t")
				l.settings.CreateTarget = true
				l.settings.Key = []string{"id"}
				l.settings.Files.Create = []activities.ColumnType{
					{Name: "id", Type: "int"}, {Name: "v", Type: "json"}, {Name: "updated_at", Type: "datetime(6)"},
				}
				for i, v := range []string{"1", "2", "3"} {
					l.put(v+".csv", time.Duration(3-i)*time.Hour, header, l.row(i+1, v, "0"+v), l.row(9, v, "0"+v))
				}
			},
		} {
			t.Run(name, func(t *testing.T) {
				l, plan := resuming(t, s, change)
				require.EqualValues(t, 2, l.stop(plan, 0).RowsExtracted)
				l.put("4.csv", 2*time.Minute, header, l.row(4, "4", "04"), l.row(9, "4", "04"))
				require.NoError(t, os.Remove(filepath.Join(l.dir, "1.csv")), "all of it is loaded")
				plan, sum := l.run()
				require.Equal(t, "100", plan.Done)
				require.Equal(t, "run-1", plan.TakenFrom)
				require.Empty(t, plan.Warnings)
				require.EqualValues(t, 4, sum.RowsExtracted, "what is left, and what was frozen")
				require.Len(t, l.state.Files.Done, 3)
				l.holds("SELECT id FROM t ORDER BY id", "1", "2", "3", "9")
				plan, sum = l.run()
				require.EqualValues(t, 2, sum.RowsExtracted, "what has come meanwhile")
				require.False(t, plan.Resumable, "one range is begun again")
				l.holds("SELECT v FROM t WHERE id = 9", "4")
			})
		}
	})
}

// Without a cursor, a range counts as done only if all before it are: rows would go back else.
func TestRangesWithoutACursorAreDoneInOrder(t *testing.T) {
	l, plan := resuming(t, servers.MySQL(t), noCursor)
	require.Equal(t, 1, plan.RangesInFlight)
	l.stop(plan, 0, 1, 2)
	l.AtTarget("UPDATE tablehaul_state SET done = '101'")
	plan, sum := l.run()
	require.Equal(t, "100", plan.Done)
	require.EqualValues(t, 4, sum.RowsExtracted)
	l.holds("SELECT v FROM t WHERE id = 9", "three")
}

// startingOver is what comes between two runs, and how many rows the second one reads of the six that there were.
var startingOver = map[string]struct {
	change  func(*lake)
	in      func(*activities.PlanRunInput)
	warning string
	rows    int
}{
	"other columns": {change: func(l *lake) {
		l.settings.Files.Columns = []string{"id", "updated_at", "v"}
	}, warning: "the configuration has changed since (files)", rows: 6},
	"another cursor": {change: noCursor, warning: "(cursor)", rows: 6},
	"a column more on the target": {change: func(l *lake) {
		l.AtTarget("ALTER TABLE t ADD extra INT")
	}, warning: "", rows: 4},
	"a target that was emptied": {
		change:  func(l *lake) { l.AtTarget("DELETE FROM t") },
		warning: "the target has lost rows", rows: 6,
	},
	"a target that was restored": {change: func(l *lake) {
		l.AtTarget("UPDATE tablehaul_state SET fence = fence - 1")
	}, warning: "the target has lost rows", rows: 6},
	"full":  {in: func(in *activities.PlanRunInput) { in.Full = true }, rows: 6},
	"force": {in: force, warning: "it was begun without force", rows: 6},
	"the plan lost": {
		change:  func(l *lake) { l.state.FirstLoad.PlanSum = "x" },
		warning: "its staged plan is lost", rows: 6,
	},
	"a smaller chunk, and files that are moved": {change: func(l *lake) {
		l.settings.ChunkRows, l.settings.Files.After = 1, "move:done"
	}, rows: 4},
}

func TestWhatMakesARunOfFilesStartOver(t *testing.T) {
	s := servers.MySQL(t)
	all := func(*activities.PlanRunInput) {}
	for name, c := range startingOver {
		t.Run(name, func(t *testing.T) {
			l, plan := resuming(t, s, nil)
			l.stop(plan, 0)
			if c.change != nil {
				c.change(l)
			}
			if c.in == nil {
				c.in = all
			}
			plan, sum := l.run(c.in)
			text := strings.Join(plan.Warnings, "\n")
			require.Contains(t, text, c.warning)
			require.Equal(t, c.warning != "", strings.Contains(text, "the unfinished run starts over"), text)
			require.EqualValues(t, c.rows, sum.RowsExtracted)
			l.holds("SELECT v FROM t WHERE id = 9", "three")
			require.True(t, plan.Resumable, "the record of the unfinished run goes")
			again, err := l.discover()
			require.NoError(t, err)
			require.Zero(t, again.Ranges)
		})
	}
}

// Files that a person names are loaded beside an unfinished run where the cursor decides; else that one starts over.
func TestNamedFilesAndAnUnfinishedRun(t *testing.T) {
	s := servers.MySQL(t)
	l, plan := resuming(t, s, nil)
	l.stop(plan, 0)
	named, sum := l.run(only("2.csv"))
	require.False(t, named.Resumable)
	require.EqualValues(t, 2, sum.RowsExtracted)
	require.NotNil(t, l.state.FirstLoad)
	plan, sum = l.run()
	require.Equal(t, "100", plan.Done)
	require.EqualValues(t, 4, sum.RowsExtracted)
	require.Len(t, l.state.Files.Done, 3)
	require.Nil(t, l.state.FirstLoad)

	l, plan = resuming(t, s, noCursor)
	l.stop(plan, 0, 1)
	_, sum = l.run(only("1.csv"))
	require.EqualValues(t, 2, sum.RowsExtracted)
	l.holds("SELECT v FROM t WHERE id = 9", "one")
	_, sum = l.run()
	require.EqualValues(t, 4, sum.RowsExtracted, "the loads that are newer")
	l.holds("SELECT v FROM t WHERE id = 9", "three")

	l, _ = resuming(t, s, nil)
	plan, err := l.discover(only("3.csv", "2.csv"))
	require.NoError(t, err)
	l.stop(plan, 0)
	_, sum = l.run(only("3.csv", "2.csv"))
	require.EqualValues(t, 2, sum.RowsExtracted, "what is left of the named files")
}

// Loads that a target has lost are forgotten before they are loaded again: a run that fails meanwhile does not make
// the next one believe that they are there.
func TestLostLoadsComeAgainAfterARunThatFails(t *testing.T) {
	l, _ := resuming(t, servers.MySQL(t), nil)
	l.run()
	l.AtTarget("DELETE FROM t")
	plan, err := l.discover()
	require.NoError(t, err)
	l.stop(plan, 0)
	l.state.FirstLoad.PlanSum = "x"
	_, sum := l.run()
	require.EqualValues(t, 6, sum.RowsExtracted)
	l.holds("SELECT COUNT(*) FROM t", "4")
}

// Deletes and versions of dlt come out as with dlt's own merge, wherever a run stops: after some ranges, or in the
// middle of one.
func TestLoadsOfDLTMergeWhereverARunStops(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(dltFolders, "merges", "expected.txt"))
	require.NoError(t, err)
	want := strings.Split(strings.TrimSpace(string(text)), "\n")
	s := servers.MySQL(t)
	for table, c := range map[string]struct {
		create, columns string
		want            []string
	}{
		"items":  {itemsTable, "id, version, name", want[:3]},
		"firsts": {"CREATE TABLE t (id BIGINT PRIMARY KEY, seq BIGINT)", "id, seq", want[3:]},
	} {
		for whole, ranges := 0, 1; whole < ranges; whole++ {
			l := newLake(t, s, c.create)
			l.lower(activities.Sizes{FilesRange: 1})
			l.dlt("merges")
			l.settings.Cursor, l.settings.Files.Table = "", table
			if table == "items" {
				l.settings.Deletes = activities.Deletes{Mode: "hard"}
			}
			plan, err := l.discover()
			require.NoError(t, err)
			require.Greater(t, plan.Ranges, 1)
			ranges = plan.Ranges
			for i := range whole {
				l.stop(plan, i)
				plan.Done = l.state.FirstLoad.Done
			}
			l.stop(plan)
			l.move(plan, whole) // and it fails before it says so
			require.Empty(t, l.putAway("delete"), "what is done stays until the run has ended")
			plan, _ = l.run()
			require.Equal(t, whole, strings.Count(plan.Done, "1"))
			l.holds("SELECT CONCAT_WS(' ', "+c.columns+") FROM t ORDER BY id", c.want...)
		}
	}
}

// putAway is away, and says how many files went.
func (l *lake) putAway(after string) int {
	l.t.Helper()
	l.settings.Files.After = after
	out, err := l.away()
	require.NoError(l.t, err)
	return out.Files
}

func TestThePlanSaysWithWhichRunItGoesOn(t *testing.T) {
	l, plan := resuming(t, servers.MySQL(t), nil)
	l.stop(plan, 0)
	out, err := l.preview()
	require.NoError(t, err)
	require.Equal(t, "1 of 3 ranges loaded", out.Resumes)
	require.Equal(t, 3, out.Ranges)
	require.Equal(t, 3, out.Files.Files)
	l.put("2.csv", 30*time.Minute, header, l.row(9, "changed", "04"))
	out, err = l.preview()
	require.NoError(t, err)
	require.Equal(t, "1 of 3 ranges loaded", out.Resumes)
	require.Contains(t, out.Findings[len(out.Findings)-1].Text, "load 2.csv has changed since")
}
