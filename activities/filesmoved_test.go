package activities_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// moveFirst writes load 1, runs it, moves its files, and writes load 2.
func (l *lake) moveFirst(into string, write func(load int)) {
	l.t.Helper()
	write(1)
	l.run()
	require.Positive(l.t, l.putAway("move:"+into))
	write(2)
}

// movedLayouts write a load of a lake by the rules of what is complete.
var movedLayouts = map[string]func(l *lake, load int){
	"settled": func(l *lake, load int) {
		l.put(fmt.Sprintf("%d.csv", load), time.Hour, header, l.row(load, "v", "01"))
	},
	"a marker of a folder": func(l *lake, load int) {
		l.settings.Files.Complete = "marker:_SUCCESS"
		l.put(fmt.Sprintf("day/%d.csv", load), time.Hour, header, l.row(load, "v", "01"))
		l.put("day/_SUCCESS", time.Hour)
	},
	"a marker of all": func(l *lake, load int) {
		l.settings.Files.Complete = "marker:_SUCCESS"
		l.put(fmt.Sprintf("%d.csv", load), time.Hour, header, l.row(load, "v", "01"))
		l.put("_SUCCESS", time.Hour)
	},
	"a marker of a file": func(l *lake, load int) {
		l.settings.Files.Complete = "marker:*.done"
		l.put(fmt.Sprintf("%d.csv", load), time.Hour, header, l.row(load, "v", "01"))
		l.put(fmt.Sprintf("%d.done", load), time.Hour)
	},
	"a marker that lists files": func(l *lake, load int) {
		l.settings.Files.Complete = "marker:*.list"
		l.put(fmt.Sprintf("%d.csv", load), time.Hour, header, l.row(load, "v", "01"))
		l.put(fmt.Sprintf("%d.list", load), time.Hour, fmt.Sprintf("%d.csv", load))
	},
}

// Files that a run has moved stay out of sight when files.after changes: they are neither loaded again nor removed. A
// person loads them by name.
func TestFilesThatWereMovedStayOutOfSight(t *testing.T) {
	s := servers.MySQL(t)
	for layout, write := range movedLayouts {
		for _, after := range []string{"keep", "delete", "move:archive/"} {
			t.Run(layout+", "+after, func(t *testing.T) {
				l := newLake(t, s, lakeTable)
				l.moveFirst("done", func(load int) { write(l, load) })
				moved := filesOf(t, filepath.Join(l.dir, "done"))
				require.NotEmpty(t, moved)
				l.settings.Files.After = after
				plan, err := l.preview()
				require.NoError(t, err)
				require.Equal(t, 1, plan.Files.Files)
				require.Contains(t, strings.Join(texts(plan), "\n"), "files below done/ are left out")
				for _, in := range []func(*activities.PlanRunInput){nothing, full} {
					plan, _ := l.run(in)
					require.Equal(t, 1, plan.Files.Files)
					require.Empty(t, plan.HeldBack)
				}
				l.putAway(after)
				require.Equal(t, moved, filesOf(t, filepath.Join(l.dir, "done")))
				if after != "keep" {
					for _, f := range filesOf(t, l.dir) {
						require.Regexp(t, "^(done|archive)/", f, "a marker goes with the last file that it is of")
					}
				}
				_, sum := l.run(only(csvOf(moved)))
				require.EqualValues(t, 1, sum.RowsExtracted)
			})
		}
	}
}

func nothing(*activities.PlanRunInput) {}

// filesOf are the files below a folder, by their names there.
func filesOf(t *testing.T, folder string) (out []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(folder, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			name, relErr := filepath.Rel(folder, path)
			out, err = append(out, name), relErr
		}
		return err
	}))
	return out
}

// csvOf is the file of rows among those that were moved to the folder done.
func csvOf(moved []string) string {
	for _, name := range moved {
		if strings.HasSuffix(name, ".csv") {
			return "done/" + name
		}
	}
	return ""
}

// The folders are remembered as places: another url, by which the same files are found, does not bring them back. A
// url that is such a folder means it.
func TestFilesThatWereMovedStayOutOfSightOfAnotherURL(t *testing.T) {
	s := servers.MySQL(t)
	for url, ids := range map[string][]string{
		"file://DIR/": {"1", "2"}, "file://ABOVE": {"1", "2"}, "file://DIR/done": {"1"}, "file://DIR/done/": {"1"},
	} {
		t.Run(url, func(t *testing.T) {
			l := newLake(t, s, lakeTable)
			l.moveFirst("done", func(load int) {
				l.put(fmt.Sprintf("%d.csv", load), time.Hour, header, l.row(load, "v", "01"))
			})
			l.settings.Files.After = "keep"
			l.settings.Files.URL = strings.NewReplacer("DIR", l.dir, "ABOVE", filepath.Dir(l.dir)).Replace(url)
			plan, sum := l.run(full)
			require.Equal(t, 1, plan.Files.Files)
			require.EqualValues(t, 1, sum.RowsExtracted)
			l.holds("SELECT id FROM t ORDER BY id", ids...)
		})
	}
}

// What a call could not move is moved by the next one, to where files.after says by then.
func TestFilesThatAreMovedLaterStayOutOfSight(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.put("1.csv", time.Hour, header, l.row(1, "one", "01"))
	l.put("2.csv", time.Hour, header, l.row(2, "two", "01"))
	l.settings.Files.After = "delete"
	l.failsAfter(1)
	l.run()
	_, err := l.away()
	require.ErrorContains(t, err, "stays")
	require.Equal(t, 1, l.putAway("move:done"))
	require.Len(t, l.state.MovedTo, 1)
	l.settings.Files.After = "keep"
	plan, _ := l.run()
	require.Zero(t, plan.Ranges)
}

// Files of a load that were put away are missing for good, and say nothing of their maker: neither does the load that
// they were of, nor a later one of other tables. Once a run has left the files of a load where they are, it does.
func TestALoadWhoseFilesWerePutAwayHasNotEmptiedTheTable(t *testing.T) {
	l := newRates(t, servers.MySQL(t), "jsonl")
	l.run()
	require.Positive(t, l.putAway("delete"))
	l.settings.Files.After = "keep"
	plan, _ := l.run()
	require.Nil(t, plan.Replacement)
	require.Empty(t, plan.Warnings)
	const later = "1795897899.5"
	marker := l.names("_dlt_loads")[1]
	load := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(marker), "shop__"), ".jsonl")
	text, err := os.ReadFile(marker)
	require.NoError(t, err)
	l.put("_dlt_loads/shop__"+later+".jsonl", 0, strings.ReplaceAll(string(text), load, later))
	plan, _ = l.run()
	require.Nil(t, plan.Replacement)
	require.Empty(t, plan.Warnings)
	l.holds("SELECT code FROM t", "EUR")

	l.put("rates/"+later+".zzzz.jsonl", 0, `{"code": "USD", "rate": 1}`)
	plan, _ = l.run()
	require.NotNil(t, plan.Replacement)
	l.holds("SELECT code FROM t", "USD")
	require.NoError(t, os.RemoveAll(filepath.Join(l.dir, "rates")))
	_, err = l.discover()
	requireType(t, err, failure.FilesRefused)
	require.ErrorContains(t, err, "has no row, and the target")
}
