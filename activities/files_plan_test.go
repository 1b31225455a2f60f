package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// preview is what a plan of the lake's table says.
func (l *lake) preview() (out api.PlanTableResult, err error) {
	l.t.Helper()
	l.deps.Client = &stateClient{state: l.state}
	l.restart()
	return out, l.step("PreviewRun", activities.PreviewRunInput{Table: "lake.orders"}, &out)
}

// texts are the findings of a plan.
func texts(p api.PlanTableResult) (out []string) {
	for _, f := range p.Findings {
		out = append(out, f.Text)
	}
	return out
}

// What the first read of a file would refuse, the plan refuses, with the same message.
func TestThePlanRefusesWhatARunWouldRefuse(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		l := newLake(t, s, lakeTable)
		l.put("1.jsonl", 2*time.Hour, `{"id": 1, "v": "x", "updated_at": "2024-05-01 00:00:02"}`)
		l.put("2.csv", time.Hour, header, l.row(1, "one", "01"))
		plan, err := l.preview()
		require.NoError(t, err)
		require.Equal(t, api.VerdictReady, plan.Verdict)
		l.settings.Files.Text.Nulls = nil
		for _, of := range []func() error{
			func() error { _, err := l.preview(); return err }, func() error { return errOf(l.discover()) },
		} {
			err := of()
			requireType(t, err, failure.FilesRefused)
			require.ErrorContains(t, err, "2.csv")
			require.ErrorContains(t, err, "CSV does not tell NULL from an empty text")
		}
	})
}

// A column that no file has, since it or the file's is misspelt, would be NULL everywhere: the plan says so.
func TestThePlanNamesColumnsThatAFileLacks(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.settings.Files.Columns = []string{"id", "v", "updated_at"}
	l.put("1.csv", time.Hour, "id,vv,updated_at", l.row(1, "one", "01"))
	plan, err := l.preview()
	require.NoError(t, err)
	require.Equal(t, api.VerdictReady, plan.Verdict)
	require.Contains(t, texts(plan), "1.csv has no column v: its rows get NULL there; it has vv, which no column is "+
		"named like")
	require.NoError(t, errOf(l.discover()))
}

// A file that waits for a marker and was loaded by its name is no wait any more, until it changes.
func TestNamedFilesEndWhatIsHeldBack(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.settings.Files.Complete = "marker:_SUCCESS"
	l.put("1/a.csv", time.Hour, header, l.row(1, "one", "01"))
	l.put("1/_SUCCESS", time.Hour, "")
	l.put("2/b.csv", time.Hour, header, l.row(2, "two", "01"))
	l.put("2/c.csv", time.Hour, header, l.row(3, "three", "01"))
	plan, _ := l.run()
	require.Contains(t, plan.HeldBack, "2/b.csv has no marker")
	plan, _ = l.run(only("2/b.csv"))
	require.Contains(t, plan.HeldBack, "2/b.csv has no marker", "the other file of the folder waits")
	plan, sum := l.run(only("2/c.csv", "2/b.csv"))
	require.EqualValues(t, 1, sum.Inserted)
	require.Empty(t, plan.HeldBack)
	plan, _ = l.run()
	require.Empty(t, plan.HeldBack)
	require.Zero(t, plan.Ranges)
	l.put("2/b.csv", time.Minute, header, l.row(2, "changed", "02"))
	plan, _ = l.run()
	require.Contains(t, plan.HeldBack, "2/b.csv")
	l.put("2/_SUCCESS", 0, "")
	plan, sum = l.run()
	require.Empty(t, plan.HeldBack)
	require.EqualValues(t, 1, sum.Updated)
	l.settings.Files.Complete = "marker:*.done"
	l.put("3.csv.done", 0, "")
	plan, _ = l.run(only("1/a.csv"))
	require.Contains(t, plan.HeldBack, "3.csv", "a file that is missing waits")
}

// A folder in which nothing new arrives is no lag; a file that waits is.
func TestATableOfFilesIsAsFreshAsItsFolder(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.settings.Files.Complete = "marker:_SUCCESS"
	begun := time.Now().UTC()
	plan, err := l.discover()
	require.NoError(t, err)
	require.Zero(t, plan.FreshAt, "nothing was ever loaded")
	l.put("1/a.csv", 100*time.Hour, header, l.row(1, "one", "01"))
	l.put("1/_SUCCESS", 99*time.Hour, "")
	plan, _ = l.run()
	require.False(t, plan.FreshAt.Before(begun), "an old file alone is all there is")
	plan, _ = l.run()
	require.Zero(t, plan.Ranges)
	require.False(t, plan.FreshAt.Before(begun))
	l.put("2/b.csv", 3*time.Hour, header, l.row(2, "two", "01"))
	plan, _ = l.run()
	require.WithinDuration(t, begun.Add(-3*time.Hour), plan.FreshAt, time.Hour, "what waits is behind")
	plan, _ = l.run(only("2/b.csv"))
	require.Zero(t, plan.FreshAt, "files by name say nothing of the others")
}
