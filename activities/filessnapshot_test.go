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

const shellTarget = "CREATE TABLE t (id BIGINT PRIMARY KEY, note TEXT, raw VARBINARY(10), at TIMESTAMP(6) NULL)"

// newDumps is a lake for dumps of MySQL Shell, without a cursor.
func newDumps(t *testing.T, s *servers.Server) *lake {
	t.Helper()
	l := newLake(t, s, shellTarget)
	f := l.settings.Files
	f.Layout, f.Table, f.Match, f.Complete, l.settings.Cursor = "mysqlshell", "shop.orders", nil, "", ""
	return l
}

// dump writes a dump into a folder, with a file for each row.
func (l *lake) dump(folder, begin string, ago time.Duration, notes ...string) {
	l.t.Helper()
	l.put(folder+"/@.json", ago, `{"version": "2.0.1", "basenames": {"shop": "shop"}, "tzUtc": true, "begin": "`+
		begin+`"}`)
	l.put(folder+"/shop.json", ago, `{"basenames": {"orders": "shop@orders"}}`)
	l.put(folder+"/shop@orders.json", ago, strings.NewReplacer("tsv.zst", "tsv", `"compression": "zstd"`,
		`"compression": "none"`).Replace(shellTableDoc))
	var sizes []string
	for i, note := range notes {
		at := "@"
		if i == len(notes)-1 {
			at = "@@" // the last one
		}
		name := fmt.Sprintf("shop@orders%s%d.tsv", at, i)
		l.put(folder+"/"+name, ago, fmt.Sprintf("%d\t%s\t\\N\t\\N", i+1, note))
		sizes = append(sizes, fmt.Sprintf("%q: 1", name))
	}
	l.put(folder+"/@.done.json", ago, `{"chunkFileBytes": {`+strings.Join(sizes, ", ")+`}}`)
}

// begunDump is a lake with a dump of two ranges, of which a run has written the first.
func begunDump(t *testing.T, s *servers.Server, before func(*lake)) *lake {
	t.Helper()
	l := newDumps(t, s)
	l.lower(activities.Sizes{FilesRange: 1})
	if before != nil {
		before(l)
	}
	l.dump("night1", "2026-11-01 12:00:00", time.Hour, "a", "b")
	plan, err := l.discover()
	require.NoError(t, err)
	require.Equal(t, "00", plan.Done)
	l.stop(plan, 0)
	return l
}

// The rows of a dump that a run has begun to write do not stop a run that writes it from its beginning, with no cursor
// as well.
func TestADumpStartsOverOverItsOwnRows(t *testing.T) {
	s := servers.MySQL(t)
	for name, c := range map[string]struct {
		change  func(*lake)
		in      func(*activities.PlanRunInput)
		warning string
	}{
		"the plan lost": {
			change:  func(l *lake) { l.state.FirstLoad.PlanSum = "x" },
			warning: "the unfinished run starts over: its staged plan is lost",
		},
		"another setting": {
			change:  func(l *lake) { l.settings.UniqueConflicts = "replace" },
			warning: "the unfinished run starts over: the configuration has changed since (uniqueConflicts)",
		},
		"full": {in: full},
		"full, of what is done": {change: func(l *lake) {
			_, sum := l.run()
			require.EqualValues(l.t, 1, sum.RowsExtracted)
			require.Nil(l.t, l.state.FirstLoad)
		}, in: full},
	} {
		t.Run(name, func(t *testing.T) {
			l := begunDump(t, s, nil)
			if c.change != nil {
				c.change(l)
			}
			if c.in == nil {
				c.in = func(*activities.PlanRunInput) {}
			}
			plan, err := l.discover(c.in)
			require.NoError(t, err)
			require.Contains(t, strings.Join(plan.Warnings, "\n"), c.warning)
			l.stop(plan, 0)
			l.state.FirstLoad.PlanSum = "x" // it starts over again
			_, sum := l.run()
			require.EqualValues(t, 2, sum.RowsExtracted)
			l.holds("SELECT CONCAT(id, note) FROM t ORDER BY id", "1a", "2b")
			plan, err = l.discover()
			require.NoError(t, err)
			require.Zero(t, plan.Ranges)
		})
	}
}

// Where the target may hold other rows than those of this dump, nothing says which are newer.
func TestADumpDoesNotStartOverOverOtherRows(t *testing.T) {
	s := servers.MySQL(t)
	for name, c := range map[string]struct {
		before, change func(*lake)
		in             func(*activities.PlanRunInput)
	}{
		"a newer dump": {change: func(l *lake) { l.dump("night2", "2026-11-02 12:00:00", time.Hour, "c") }},
		"an older dump": {change: func(l *lake) {
			l.dump("night0", "2026-10-31 12:00:00", time.Hour, "c")
			require.NoError(l.t, os.RemoveAll(filepath.Join(l.dir, "night1")))
		}, in: full},
		"another version of the dump": {change: func(l *lake) {
			l.dump("night1", "2026-11-01 12:00:00", time.Minute, "c", "d")
		}},
		"another target": {change: func(l *lake) {
			l.AtTarget("CREATE TABLE t2 LIKE t", "INSERT INTO t2 (id) VALUES (9)")
			l.settings.Target.Table = "t2"
		}},
		"another target, full": {change: func(l *lake) {
			l.AtTarget("CREATE TABLE t2 LIKE t", "INSERT INTO t2 (id) VALUES (9)")
			l.settings.Target.Table = "t2"
		}, in: full},
		"a target that was restored": {change: func(l *lake) {
			l.AtTarget("UPDATE tablehaul_state SET fence = fence - 1")
		}},
		"a target that was restored, full": {change: func(l *lake) {
			l.run()
			l.AtTarget("UPDATE tablehaul_state SET run = run - 1")
		}, in: full},
		"a cursor that kept rows of others": {
			before: func(l *lake) { l.settings.Cursor = "id" },
			change: func(l *lake) { l.settings.Cursor = "" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := begunDump(t, s, c.before)
			c.change(l)
			if c.in == nil {
				c.in = func(*activities.PlanRunInput) {}
			}
			_, err := l.discover(c.in)
			requireType(t, err, failure.FilesRefused)
			require.ErrorContains(t, err, "has rows: without a cursor nothing says which are newer")
			_, err = l.discover(c.in, force)
			require.NoError(t, err)
		})
	}
}
