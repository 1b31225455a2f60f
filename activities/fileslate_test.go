package activities_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

const month = 30 * 24 * time.Hour

// lateWarnings are those of loads that came below the floor.
func lateWarnings(all []string) (out []string) {
	for _, w := range all {
		if strings.Contains(w, "more than a week late") {
			out = append(out, w)
		}
	}
	return out
}

// reportsLate makes sure that a plan and the next run report a late load by its name, no other run does, and that its
// rows come by file name only.
func (l *lake) reportsLate(id, file string) {
	l.t.Helper()
	l.state.Lease = nil
	l.deps.Client = &stateClient{state: l.state}
	l.restart()
	var shown api.PlanTableResult
	require.NoError(l.t, l.step("PreviewRun", activities.PreviewRunInput{Table: "lake.orders"}, &shown))
	texts := make([]string, len(shown.Findings))
	for i, f := range shown.Findings {
		texts[i] = f.Text
	}
	require.Len(l.t, lateWarnings(texts), 1)
	plan, _ := l.run()
	require.Len(l.t, lateWarnings(plan.Warnings), 1)
	require.Contains(l.t, lateWarnings(plan.Warnings)[0], "not loaded: "+id)
	require.Contains(l.t, lateWarnings(plan.Warnings)[0], "tablehaul load lake.orders FILE")
	plan, _ = l.run()
	require.Empty(l.t, lateWarnings(plan.Warnings))
	plan, _ = l.run(only(file), force)
	require.Equal(l.t, 1, plan.Files.Files)
	plan, _ = l.run()
	require.Empty(l.t, lateWarnings(plan.Warnings))
}

// A file that comes below the floor with its old time is reported once, also where files are loaded by name between; a
// change of the mode of what is done is none that comes.
func TestAFileThatComesMoreThanAWeekLateIsReported(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	for n := range 3 {
		l.put(string(rune('a'+n))+".csv", time.Duration(9-n)*month, header, l.row(n, "v", "01"))
	}
	l.put("new.csv", time.Hour, header, l.row(5, "v", "01"))
	l.run()
	plan, _ := l.run()
	require.Empty(t, lateWarnings(plan.Warnings))
	require.NoError(t, os.Chmod(filepath.Join(l.dir, "a.csv"), 0o640))
	plan, _ = l.run()
	require.Empty(t, lateWarnings(plan.Warnings))
	l.put("late.csv", 9*month, header, l.row(9, "late", "01"))
	l.run(only("new.csv"))
	l.reportsLate("late.csv", "late.csv")
	l.holds("SELECT v FROM t WHERE id = 9", "late")
}

// A load of dlt whose marker comes below the floor is reported once: its files are older.
func TestAMarkerOfDLTThatComesMoreThanAWeekLateIsReported(t *testing.T) {
	l := newLake(t, servers.MySQL(t), dltTable)
	l.dlt("jsonl")
	first := l.names("_dlt_loads")[0]
	id := strings.TrimSuffix(filepath.Base(first), ".jsonl")[len("shop__"):]
	name := filepath.Base(l.names("orders")[0])
	require.Contains(t, name, id)
	require.NoError(t, os.Rename(first, first+".later"))
	l.run()
	l.state.Files.Floor = time.Now().Add(24 * time.Hour * 365)
	l.state.Files.Done = nil
	l.run()
	require.NoError(t, os.Rename(first+".later", first))
	l.reportsLate(id, "orders/"+name)
}

// A dump that comes below the floor is reported once.
func TestADumpThatComesMoreThanAWeekLateIsReported(t *testing.T) {
	l := newLake(t, servers.MySQL(t), "CREATE TABLE t (id BIGINT PRIMARY KEY, note TEXT, raw VARBINARY(10), "+
		"at TIMESTAMP(6) NULL)")
	f := l.settings.Files
	f.Layout, f.Table, f.Match, f.Complete, l.settings.Cursor = "mysqlshell", "shop.orders", nil, "", "id"
	doc := strings.NewReplacer("tsv.zst", "tsv", `"compression": "zstd"`, `"compression": "none"`).Replace(shellTableDoc)
	dump := func(folder, begin string, ago time.Duration) {
		l.put(folder+"/@.json", ago, `{"version": "2.0.1", "basenames": {"shop": "shop"}, "tzUtc": true, `+
			`"begin": "`+begin+`"}`)
		l.put(folder+"/shop.json", ago, `{"basenames": {"orders": "shop@orders"}}`)
		l.put(folder+"/shop@orders.json", ago, doc)
		l.put(folder+"/shop@orders@@0.tsv", ago, `1	a	\N	\N`)
		l.put(folder+"/@.done.json", ago, `{"chunkFileBytes": {"shop@orders@@0.tsv": 1}}`)
	}
	dump("new", "2026-11-01 12:00:00", time.Hour)
	l.run()
	l.state.Files.Floor = time.Now().Add(24 * time.Hour * 365)
	l.state.Files.Done = nil
	l.run()
	dump("later", "2026-11-02 12:00:00", 9*month)
	l.reportsLate("later/@.json", "later/shop@orders@@0.tsv")
}
