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
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// lake is a table of files: a folder, its state as runs leave it, and the steps of a run.
type lake struct {
	*bench
	dir   string
	state owner.State
	runs  int
}

func newLake(t *testing.T, s *servers.Server, create string) *lake {
	t.Helper()
	b := emptyBench(t, s, s)
	if create != "" {
		b.AtTarget(create)
	}
	l := &lake{bench: b, dir: t.TempDir(), state: owner.State{ID: "state-1"}}
	b.settings.SourceConnection = ""
	b.settings.Cursor = "updated_at"
	b.settings.Table = table.Name{Schema: "lake", Table: "orders"}
	b.settings.Files = &activities.FileSettings{
		URL: "file://" + l.dir, Layout: "plain", Match: []string{"**/*.csv", "**/*.jsonl"}, Complete: "settled:1m",
	}
	b.settings.Files.Text.Nulls = []string{`\N`}
	return l
}

const lakeTable = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), updated_at DATETIME(6) NOT NULL)"

// put writes a file that is so old.
func (l *lake) put(name string, ago time.Duration, lines ...string) {
	l.t.Helper()
	at := filepath.Join(l.dir, name)
	require.NoError(l.t, os.MkdirAll(filepath.Dir(at), 0o700))
	require.NoError(l.t, os.WriteFile(at, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	when := time.Now().Add(-ago)
	require.NoError(l.t, os.Chtimes(at, when, when))
}

// discover plans a run.
func (l *lake) discover(change ...func(*activities.PlanRunInput)) (out activities.PlanRunResult, err error) {
	l.t.Helper()
	l.runs++
	l.state.Lease = &owner.Lease{Fence: int64(100 + l.runs)}
	in := activities.PlanRunInput{Table: "lake.orders", Run: fmt.Sprint("run-", l.runs), State: l.state}
	for _, f := range change {
		f(&in)
	}
	return out, l.step("DiscoverFiles", in, &out)
}

// run plans and moves all rows, in order, and remembers what is done.
func (l *lake) run(change ...func(*activities.PlanRunInput)) (plan activities.PlanRunResult, sum api.Counts) {
	l.t.Helper()
	plan, err := l.discover(change...)
	require.NoError(l.t, err)
	for i := range plan.Ranges {
		c := l.move(plan, i)
		sum.Add(c)
	}
	l.finish(plan)
	return plan, sum
}

func (l *lake) move(plan activities.PlanRunResult, i int) (sum api.Counts) {
	l.t.Helper()
	in := activities.RangeInput{Table: "lake.orders", Run: plan.Run, PlanSum: plan.PlanSum, Range: i}
	if plan.TargetRow != nil {
		in.Fence = plan.TargetRow.Fence
	}
	for more := true; more; in.Slice++ {
		var read activities.ExtractResult
		require.NoError(l.t, l.step("ReadFiles", in, &read))
		more = read.More
		sum.RowsExtracted += read.Rows + read.Quarantined
		sum.Quarantined += read.Quarantined
		if read.Chunks == 0 {
			break
		}
		require.NoError(l.t, l.step("WaitForFiles", in, &activities.WaitForFilesResult{}))
		var list activities.ListChunksResult
		require.NoError(l.t, l.step("ListChunks", activities.ListChunksInput{RangeInput: in, Limit: 1000}, &list))
		for _, c := range list.Chunks {
			var r activities.UpsertChunkResult
			require.NoError(l.t, l.step("UpsertChunk", activities.UpsertChunkInput{RangeInput: in, ChunkRef: c}, &r))
			sum.Inserted, sum.Updated, sum.Unchanged = sum.Inserted+r.Inserted, sum.Updated+r.Updated,
				sum.Unchanged+r.Unchanged
			sum.Quarantined += r.Quarantined
		}
	}
	require.Equal(l.t, sum.RowsExtracted, sum.Written()+sum.Quarantined)
	return sum
}

// finish does what the run's workflow and its state workflow do.
func (l *lake) finish(plan activities.PlanRunResult) {
	l.t.Helper()
	if plan.TargetRow != nil {
		require.NoError(l.t, lineage.Finish(l.t.Context(), l.Dst, plan.TargetRow.Ref, ""))
	}
	l.state.Files = l.state.Files.With(plan.Files.Done, int64(100+l.runs), time.Now())
	l.state.Loaded = l.state.Loaded || plan.Ranges > 0
	l.state.Identity = plan.Identity
	if plan.TargetRow != nil {
		l.state.Identity.Target.Run = plan.TargetRow.Fence
	}
	l.state.FreshAt = plan.FreshAt
}

// row is a line of a file.
func (l *lake) row(id int, v, second string) string {
	return fmt.Sprintf("%d,%s,2024-05-01 00:00:%s.000000", id, v, second)
}

func (l *lake) holds(query string, want ...string) {
	l.t.Helper()
	require.Equal(l.t, want, dbtest.Texts(l.t, l.Target.DB(l.t, l.To), query))
}

const header = "id,v,updated_at"

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

func errOf(_ activities.PlanRunResult, err error) error { return err }

func force(in *activities.PlanRunInput) { in.Force = true }

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

func only(names ...string) func(*activities.PlanRunInput) {
	return func(in *activities.PlanRunInput) { in.Only = names }
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

func TestAMissingTargetIsCreatedAsTold(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		l := newLake(t, s, "")
		l.put("1.csv", time.Hour, header+",extra", l.row(1, "one", "01")+",x")
		_, err := l.discover()
		requireType(t, err, failure.UnsupportedTable)
		require.ErrorContains(t, err, "nothing says what its columns are")
		l.settings.Files.Create = []activities.ColumnType{
			{"id", "bigint"}, {"v", "varchar(9)"}, {"updated_at", "datetime(6)"},
		}
		_, err = l.discover()
		require.ErrorContains(t, err, "nothing says what its key is")
		l.settings.Key = []string{"id"}
		_, sum := l.run()
		require.EqualValues(t, 1, sum.Inserted)
		l.holds("SELECT CONCAT_WS(' ', COLUMN_NAME, DATA_TYPE, IS_NULLABLE, COLUMN_KEY) FROM "+
			"information_schema.COLUMNS "+
			"WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 't' ORDER BY ORDINAL_POSITION",
			"id bigint NO PRI", "v varchar YES ", "updated_at datetime YES ")
	})
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

func TestRowsThatCannotBeLoaded(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	for name, c := range map[string]struct{ line, want string }{
		"a number": {"x,v,2024-05-01 00:00:00", "bad.csv: row 2: column id"},
		"a key":    {`\N,v,2024-05-01 00:00:00`, "bad.csv: row 2: column id: NULL"},
		"a cursor": {`3,v,\N`, "bad.csv: row 2: column updated_at: NULL"},
	} {
		l.put("bad.csv", time.Hour, header, l.row(1, "one", "01"), c.line)
		plan, err := l.discover()
		require.NoError(t, err)
		in := activities.RangeInput{Table: "lake.orders", Run: plan.Run, PlanSum: plan.PlanSum}
		err = l.step("ReadFiles", in, nil)
		requireType(t, err, failure.FilesRefused)
		require.ErrorContains(t, err, c.want, name)
	}
	require.NoError(t, os.Remove(filepath.Join(l.dir, "bad.csv")))
	require.NoError(t, os.Symlink("/etc/hostname", filepath.Join(l.dir, "bad.csv")))
	l.settings.Files.Complete = "settled:0s"
	_, err := l.discover()
	requireType(t, err, failure.FilesRefused)
	require.ErrorContains(t, err, "symbolic link")
}

func TestColumnsOfFiles(t *testing.T) {
	l := newLake(t, servers.MySQL(t), "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9), updated_at DATETIME NOT "+
		"NULL, "+
		"own INT NOT NULL DEFAULT 7, extra VARCHAR(9))")
	l.put("1.csv", 3*time.Hour, "id,v,updated_at,other", "1,one,2024-05-01 00:00:00,x")
	plan, _ := l.run()
	require.Contains(t, strings.Join(plan.Warnings, "\n"), "no column for other")
	l.AtTarget("UPDATE t SET own = 8, extra = 'kept'")
	l.put("2.csv", 2*time.Hour, "updated_at,extra,id", "2024-05-02 00:00:00,new,1", "2024-05-02 00:00:00,new,2")
	l.run()
	l.holds("SELECT CONCAT_WS(' ', id, COALESCE(v, 'NULL'), own, COALESCE(extra, 'NULL')) FROM t ORDER BY id",
		"1 NULL 8 kept", "2 NULL 7 NULL")

	l.settings.Files.Columns = []string{"id", "nothing"}
	requireType(t, errOf(l.discover()), failure.UnsupportedTable)
	l.settings.Files.Columns = []string{"v", "updated_at"}
	require.ErrorContains(t, errOf(l.discover()), "column id is in the target's key")
	l.settings.Files.Columns = []string{"id", "v"}
	require.ErrorContains(t, errOf(l.discover()), "updated_at is the cursor")
}

func TestATargetOfFilesThatIsNotTheSame(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		l := newLake(t, s, lakeTable)
		l.put("1.csv", 3*time.Hour, header, l.row(1, "one", "01"))
		plan, _ := l.run()
		first := plan.TargetRow
		l.put("2.csv", 2*time.Hour, header, l.row(2, "two", "01"))
		l.run()

		// It is restored from a backup that was taken between the two runs.
		l.AtTarget("DELETE FROM t WHERE id = 2", fmt.Sprintf("UPDATE tablehaul_state SET run = %d", first.Fence))
		plan, sum := l.run()
		require.Contains(t, strings.Join(plan.Warnings, "\n"), "has lost its last runs")
		require.EqualValues(t, 1, sum.Inserted)
		require.Equal(t, 1, plan.Files.Loads)

		l.AtTarget("DELETE FROM t")
		plan, sum = l.run()
		require.Contains(t, strings.Join(plan.Warnings, "\n"), "has no row")
		require.EqualValues(t, 2, sum.Inserted)

		l.settings.Files.Match = []string{"*.csv"}
		requireType(t, errOf(l.discover()), failure.IdentityChanged)
		_, sum = l.run(func(in *activities.PlanRunInput) { in.Full = true })
		require.EqualValues(t, 2, sum.RowsExtracted)
	})
}

func TestLoadedFilesArePutAway(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.settings.Files.Complete, l.settings.Files.After = "marker:_SUCCESS", "move:done"
	l.put("1/a.csv", time.Hour, header, l.row(1, "one", "01"))
	l.put("1/_SUCCESS", time.Hour, "")
	l.put("2/b.csv", time.Hour, header, l.row(2, "two", "01"))
	plan, _ := l.run()
	require.True(t, plan.Files.PutsAway)
	away := func() (out activities.PutFilesAwayResult) {
		l.deps.Client = &stateClient{state: l.state}
		l.restart()
		require.NoError(t, l.step("PutFilesAway", activities.PutFilesAwayInput{Table: "lake.orders"}, &out))
		return out
	}
	require.Equal(t, 2, away().Files)
	require.FileExists(t, filepath.Join(l.dir, "done/1/a.csv"))
	require.FileExists(t, filepath.Join(l.dir, "done/1/_SUCCESS"))
	require.FileExists(t, filepath.Join(l.dir, "2/b.csv"), "it is not loaded yet")
	require.Zero(t, away().Files)
	plan, _ = l.run()
	require.Zero(t, plan.Ranges, "what was moved is not loaded again")

	l.settings.Files.After = "delete"
	require.NoError(t, os.RemoveAll(filepath.Join(l.dir, "done")))
	l.put("2/_SUCCESS", 0, "")
	l.run()
	l.put("2/b.csv", 0, header, l.row(2, "changed", "01"))
	require.Zero(t, away().Files, "a file that has changed since stays")
	l.put("2/_SUCCESS", 0, "")
	l.run()
	require.Equal(t, 2, away().Files)
	require.NoFileExists(t, filepath.Join(l.dir, "2/b.csv"))
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
