package activities_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	_ "github.com/tablehaul/tablehaul/internal/files/folder"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestFilesAreLoadedOnceAndInAnyOrder(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		l := newLake(t, s, lakeTable)
		l.put("a/one.csv", time.Hour, header, l.row(1, "old", "01"), l.row(2, "two", "01"))
		l.put("a/two.jsonl", 30*time.Minute, `{"id": 1, "v": "new", "updated_at": "2024-05-01 00:00:02"}`,
			`{"id": 3, "updated_at": "2024-05-01 00:00:02"}`)
		plan, sum := l.run()
		require.Equal(t, api.ModeFiles, plan.Mode)
		require.Equal(t, 2, plan.Files.Files)
		require.EqualValues(t, 4, sum.RowsExtracted)
		l.holds("SELECT CONCAT_WS(' ', id, v) FROM t ORDER BY id", "1 new", "2 two", "3")

		plan, _ = l.run()
		require.Zero(t, plan.Ranges)
		l.put("a/late.csv", 2*time.Hour, header, l.row(1, "older", "00"), l.row(4, "four", "00"))
		l.put("a/three.csv", 0, header, l.row(5, "still being written", "00"))
		plan, sum = l.run()
		require.Equal(t, 1, plan.Files.Files, "a load that is completed later is loaded, of any time")
		require.EqualValues(t, 1, sum.Inserted)
		require.Contains(t, plan.HeldBack, "a/three.csv")
		l.holds("SELECT v FROM t ORDER BY id", "new", "two", "NULL", "four")
		requireType(t, errOf(l.discover(func(in *activities.PlanRunInput) { in.From = "1" })), failure.InvalidInput)
	})
}

func TestWithoutACursorTheLaterLoadWins(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		l := newLake(t, s, lakeTable)
		l.settings.Cursor, l.settings.ChunkRows = "", 2
		l.put("1.csv", 3*time.Hour, header, l.row(1, "first", "09"), l.row(2, "two", "01"))
		l.put("3.csv", time.Hour, header, l.row(1, "third", "01"), l.row(3, "a", "01"), l.row(4, "x", "01"),
			l.row(3, "b", "00"), l.row(5, "x", "00"), l.row(3, "c", "00"))
		plan, _ := l.run()
		require.Equal(t, 1, plan.Ranges, "one load after the other")
		require.Equal(t, 1, plan.ChunksInFlight)
		l.holds("SELECT v FROM t ORDER BY id", "third", "two", "c", "x", "x")

		l.put("2.csv", 2*time.Hour, header, l.row(1, "second", "01"))
		_, err := l.discover()
		requireType(t, err, failure.FilesRefused)
		require.ErrorContains(t, err, "load 2.csv of lake.orders was completed after load 3.csv")
		l.run(force)
		l.holds("SELECT v FROM t WHERE id = 1", "second")

		l.put("1.csv", 3*time.Hour+time.Second, header, l.row(1, "changed", "01"))
		_, err = l.discover()
		requireType(t, err, failure.FilesRefused)
		require.ErrorContains(t, err, "has changed since it was loaded")
		l.put("1.csv", 30*time.Minute, header, l.row(1, "changed", "01"))
		l.run()
		l.holds("SELECT v FROM t WHERE id = 1", "changed")
		plan, _ = l.run()
		require.Zero(t, plan.Ranges)
	})
}

func TestNamedFilesAreLoadedAgain(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.put("1.csv", 3*time.Hour, header, l.row(1, "one", "01"))
	l.put("new.csv", 0, header, l.row(2, "not settled", "01"))
	l.run()
	l.AtTarget("DELETE FROM t WHERE id = 1", "INSERT INTO t VALUES (9, '', '2000-01-01')")
	plan, sum := l.run(only("1.csv", "new.csv"))
	require.Equal(t, 2, plan.Files.Files)
	require.EqualValues(t, 2, sum.Inserted)
	_, err := l.discover(only("lost.csv"))
	requireType(t, err, failure.InvalidInput)
	require.ErrorContains(t, err, "there is no file lost.csv")
	_, err = l.discover(only("../x"))
	requireType(t, err, failure.FilesRefused)

	l.settings.Cursor = ""
	l.put("1.csv", 4*time.Hour, header, l.row(1, "older", "01"))
	_, err = l.discover(only("1.csv"))
	require.ErrorContains(t, err, "is older than load")
	_, sum = l.run(only("1.csv"), force)
	require.EqualValues(t, 1, sum.Updated)
}

// A target that has lost what was loaded gets all of it again before it gets files by their names: their rows would
// hide that others are missing.
func TestNamedFilesDoNotHideWhatATargetHasLost(t *testing.T) {
	for name, lose := range map[string]string{
		"emptied":  "DELETE FROM t",
		"restored": "UPDATE tablehaul_state SET run = 0",
	} {
		t.Run(name, func(t *testing.T) {
			l := newLake(t, servers.MySQL(t), lakeTable)
			l.put("1.csv", 3*time.Hour, header, l.row(1, "one", "01"))
			l.put("2.csv", 2*time.Hour, header, l.row(2, "two", "01"))
			l.run()
			l.AtTarget("DELETE FROM t WHERE id = 1", lose)
			_, err := l.discover(only("2.csv"))
			requireType(t, err, failure.InvalidInput)
			require.ErrorContains(t, err, "whose target has lost what was loaded")
			_, sum := l.run()
			require.EqualValues(t, 2, sum.RowsExtracted)
			l.holds("SELECT id FROM t ORDER BY id", "1", "2")
			_, sum = l.run(only("2.csv"))
			require.EqualValues(t, 1, sum.RowsExtracted)
		})
	}
}

// Where the cursor decides which row wins, files may be loaded by their names although the target has lost its last
// run: what that has loaded comes with the next one. Without a cursor it would be older then.
func TestNamedFilesBesideALoadThatATargetHasLost(t *testing.T) {
	lost := func() *lake {
		l := newLake(t, servers.MySQL(t), lakeTable)
		l.put("1.csv", 3*time.Hour, header, l.row(1, "one", "01"))
		l.run()
		l.AtTarget("CREATE TABLE was AS SELECT * FROM tablehaul_state")
		l.put("2.csv", 2*time.Hour, header, l.row(2, "two", "01"))
		l.run()
		l.AtTarget("DELETE FROM t WHERE id = 2", "UPDATE tablehaul_state SET run = (SELECT run FROM was)")
		return l
	}
	l := lost()
	l.run(only("1.csv"))
	l.run()
	l.holds("SELECT id FROM t ORDER BY id", "1", "2")

	l = lost()
	l.settings.Cursor = ""
	_, err := l.discover(only("1.csv"))
	requireType(t, err, failure.InvalidInput)
}

// A range goes on where a slice was full: in the middle of a file, or with the next one.
func TestSlicesOfFilesLoseNothing(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.settings.ChunkRows, l.settings.RangeBytes, l.settings.PartBytes = 3, 1, 1
	for f := range 7 {
		lines := []string{header}
		for i := range f * 3 {
			lines = append(lines, l.row(f*100+i, "v", "01"))
		}
		l.put(fmt.Sprintf("%d.csv", f), time.Hour, lines...)
	}
	_, sum := l.run()
	require.EqualValues(t, 63, sum.Inserted)
	l.holds("SELECT COUNT(*) FROM t", "63")
}

func TestFilesThatAreNotComplete(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	plan, err := l.discover()
	require.NoError(t, err)
	require.Zero(t, plan.Ranges, "an empty folder is no reason to wait")
	require.Contains(t, strings.Join(plan.Warnings, "\n"), "files.match", "but one to say so")
	l.put("1.csv", 10*time.Second, header, l.row(1, "one", "01"))
	_, err = l.discover()
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.Equal(t, failure.FilesIncomplete, app.Type())
	require.False(t, app.NonRetryable(), "it waits, and says why")
	require.ErrorContains(t, err, "1.csv")

	l.settings.Files.Complete = "marker:_SUCCESS"
	l.put("day=1/1.csv", time.Hour, header, l.row(1, "one", "01"))
	l.put("day=1/_SUCCESS", time.Hour, "")
	l.put("day=2/1.csv", time.Hour, header, l.row(2, "two", "01"))
	plan, sum := l.run()
	require.EqualValues(t, 1, sum.Inserted)
	plan, _ = l.run()
	require.Zero(t, plan.Ranges)
	require.Empty(t, plan.Warnings)
	l.put("day=2/_SUCCESS", 0, "")
	_, sum = l.run()
	require.EqualValues(t, 1, sum.Inserted)
}

func TestFilesThatChangeWhileARunReadsThem(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.put("1.csv", time.Hour, header, l.row(1, "one", "01"))
	plan, err := l.discover()
	require.NoError(t, err)
	in := activities.RangeInput{Table: "lake.orders", Run: plan.Run, PlanSum: plan.PlanSum}
	l.put("1.csv", 30*time.Minute, header, l.row(1, "more", "01"), l.row(2, "two", "01"))
	requireType(t, l.step("ReadFiles", in, nil), failure.FilesChanged)
	require.NoError(t, os.Remove(filepath.Join(l.dir, "1.csv")))
	requireType(t, l.step("ReadFiles", in, nil), failure.FilesChanged)
	require.Empty(t, l.staged())
}

func TestAKeyInTwoFilesOfALoadNeedsACursor(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.settings.Files.Complete, l.settings.Cursor = "marker:_SUCCESS", ""
	l.put("1/a.csv", time.Hour, header, l.row(1, "a", "01"), l.row(2, "a", "01"), l.row(1, "again", "01"))
	l.put("1/b.csv", time.Hour, header, l.row(2, "b", "01"), l.row(3, "b", "01"))
	l.put("1/_SUCCESS", time.Hour, "")
	_, err := l.discover()
	requireType(t, err, failure.FilesRefused)
	require.ErrorContains(t, err, "has 1 key in more than one of its files")
	l.put("1/b.csv", time.Hour, header, l.row(3, "b", "01"))
	l.put("1/_SUCCESS", time.Hour, "")
	l.run()
	l.holds("SELECT v FROM t ORDER BY id", "again", "a", "b")
}
