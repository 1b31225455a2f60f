package activities_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// Rows that dlt marks as deleted go, by the newest version of each, whether or not the target has the mark.
func TestRowsThatDLTMarksAsDeletedGo(t *testing.T) {
	unmarked := strings.Replace(dltTable, ", deleted TINYINT(1)", "", 1)
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, c := range map[string]struct{ dataset, cursor, create string }{
			"parquet":                   {"parquet", "updated_at", dltTable},
			"jsonl, without the mark":   {"jsonl", "updated_at", unmarked},
			"csv, without a cursor":     {"csv", "", dltTable},
			"parquet, without a cursor": {"parquet", "", unmarked},
		} {
			t.Run(name, func(t *testing.T) {
				l := newLake(t, s, c.create)
				l.dlt(c.dataset)
				l.settings.Cursor = c.cursor
				l.settings.Deletes = activities.Deletes{Mode: "hard"}
				plan, sum := l.run()
				require.Equal(t, 1, plan.Ranges)
				require.Equal(t, 1, plan.ChunksInFlight)
				require.Empty(t, plan.Warnings)
				require.EqualValues(t, 1, sum.Removed)
				l.holds("SELECT CONCAT_WS(' ', id, IFNULL(note, '-')) FROM t ORDER BY id", "2 y", "3 -")
				plan, _ = l.run()
				require.Zero(t, plan.Ranges)
			})
		}
	})
}

// What dlt's schema says of a column holds however columns.include and the target spell its name.
func TestAMarkOfDLTHasAnotherSpellingOnTheTarget(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for _, mode := range []string{api.DeletesOff, api.DeletesHard} {
			t.Run(mode, func(t *testing.T) {
				l := newLake(t, s, strings.Replace(dltTable, "deleted TINYINT(1)", "isDeleted TINYINT(1) NOT NULL", 1))
				l.dlt("jsonl")
				l.renameInDLT("deleted", "is_deleted")
				l.settings.Files.Columns = []string{"id", "note", "isDeleted", "updated_at"}
				l.settings.Deletes = activities.Deletes{Mode: mode}
				want := []string{"1 - 1", "2 y 0", "3 - 0"}
				if mode == api.DeletesHard {
					want = want[1:]
				}
				l.run()
				l.holds("SELECT CONCAT_WS(' ', id, IFNULL(note, '-'), isDeleted) FROM t ORDER BY id", want...)
			})
		}
	})
}

// A target that has no column for the mark may have it named under columns.include: rows are deleted by it.
func TestAMarkOfDLTThatTheTargetDoesNotHaveIsNamed(t *testing.T) {
	l := newLake(t, servers.MySQL(t), strings.Replace(dltTable, ", deleted TINYINT(1)", "", 1))
	l.dlt("jsonl")
	l.renameInDLT("deleted", "is_deleted")
	l.settings.Files.Columns = []string{"id", "note", "isDeleted", "updated_at"}
	l.settings.Deletes = activities.Deletes{Mode: "hard"}
	l.run()
	l.holds("SELECT CONCAT_WS(' ', id, IFNULL(note, '-')) FROM t ORDER BY id", "2 y", "3 -")
}

// renameInDLT gives a column another name in all files of the lake.
func (l *lake) renameInDLT(old, now string) {
	l.t.Helper()
	require.NoError(l.t, filepath.WalkDir(l.dir, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if !strings.HasSuffix(file, ".gz") {
			return os.WriteFile(file, bytes.ReplaceAll(text, []byte(old), []byte(now)), 0o644)
		}
		in, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil {
			return err
		}
		if text, err = io.ReadAll(in); err != nil {
			return err
		}
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		_, err = w.Write(bytes.ReplaceAll(text, []byte(old), []byte(now)))
		if err = errors.Join(err, w.Close()); err != nil {
			return err
		}
		return os.WriteFile(file, out.Bytes(), 0o644)
	}))
}

const itemsTable = "CREATE TABLE t (id BIGINT PRIMARY KEY, version BIGINT, name VARCHAR(9) NOT NULL)"

// What dlt's own merge makes of the same loads in another database (make_dlt.py) is what comes out here: deletes with
// little but a key, versions in several files of a load, rows that come back.
func TestLoadsOfDLTMergeAsWithDLT(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(dltFolders, "merges", "expected.txt"))
	require.NoError(t, err)
	want := strings.Split(strings.TrimSpace(string(text)), "\n")
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for _, cursor := range []string{"", "version"} {
			for _, rows := range []int{1, 100} {
				t.Run(fmt.Sprintf("hard, cursor %q, chunks of %d", cursor, rows), func(t *testing.T) {
					l := newLake(t, s, itemsTable)
					l.dlt("merges")
					l.settings.Cursor, l.settings.ChunkRows, l.settings.Files.Table = cursor, rows, "items"
					l.settings.Deletes = activities.Deletes{Mode: "hard"}
					l.settings.RangeBytes = int64(rows) // a slice ends with each row, or with none
					_, sum := l.run()
					require.EqualValues(t, 2, sum.Removed)
					l.holds("SELECT CONCAT_WS(' ', id, version, name) FROM t ORDER BY id", want[:3]...)
				})
			}
		}
		t.Run("firsts", func(t *testing.T) {
			l := newLake(t, s, "CREATE TABLE t (id BIGINT PRIMARY KEY, seq BIGINT)")
			l.dlt("merges")
			l.settings.Cursor, l.settings.Files.Table = "", "firsts"
			_, sum := l.run()
			require.EqualValues(t, 3, sum.RowsExtracted)
			l.holds("SELECT CONCAT_WS(' ', id, seq) FROM t ORDER BY id", want[3:]...)
			got, _ := l.verify()
			require.EqualValues(t, 3, got.SourceRows)
			require.Zero(t, got.verdicts[verify.Missing]+got.verdicts[verify.Stale]+got.verdicts[verify.Silent])
		})
	})
}

// With mode soft the row stays with its values, and takes the time of the load; a row that comes back loses the mark.
func TestRowsThatDLTMarksAsDeletedAreMarked(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		l := newLake(t, s, itemsTable)
		l.dlt("merges")
		l.settings.Cursor, l.settings.Files.Table = "", "items"
		l.settings.Deletes = activities.Deletes{Mode: "soft", Column: "gone_at"}
		all := l.names("_dlt_loads")
		require.NoError(t, os.Rename(all[2], all[2]+".later"))
		_, sum := l.run()
		require.EqualValues(t, 1, sum.Removed, "5 was never there")
		l.holds("SELECT CONCAT_WS(' ', id, version, name, gone_at IS NULL) FROM t ORDER BY id",
			"1 1 v1 0", "2 1 v1 1", "3 5 v5 1", "4 10 v10 1")
		l.holds("SELECT gone_at = '"+loadMoment(t, all[1])+"' FROM t WHERE id = 1", "1")
		require.NoError(t, os.Rename(all[2]+".later", all[2]))
		l.run()
		l.holds("SELECT CONCAT_WS(' ', id, version, name, gone_at IS NULL) FROM t ORDER BY id",
			"1 6 v6 1", "2 1 v1 0", "3 5 v5 1", "4 10 v10 1")
	})
}

// names are the files of a folder of the lake, in the order of their names.
func (l *lake) names(folder string) (out []string) {
	l.t.Helper()
	entries, err := os.ReadDir(filepath.Join(l.dir, folder))
	require.NoError(l.t, err)
	for _, e := range entries {
		out = append(out, filepath.Join(l.dir, folder, e.Name()))
	}
	return out
}

// loadMoment is the time of a load by its marker, as deletes have it.
func loadMoment(t *testing.T, marker string) string {
	t.Helper()
	_, id, _ := strings.Cut(strings.TrimSuffix(filepath.Base(marker), ".jsonl"), "__")
	var seconds, fraction int64
	_, err := fmt.Sscanf(id, "%d.%d", &seconds, &fraction)
	require.NoError(t, err)
	digits := id[strings.IndexByte(id, '.')+1:]
	for range 9 - len(digits) {
		fraction *= 10
	}
	return time.Unix(seconds, fraction).UTC().Format("2006-01-02 15:04:05.000000")
}

// A preview says up to where dlt has read its source; its deletes, and what becomes of them.
func TestAPlanSaysWhatDLTHasRead(t *testing.T) {
	l := newLake(t, servers.MySQL(t), dltTable)
	l.dlt("parquet")
	l.settings.Deletes = activities.Deletes{Mode: "hard"}
	out, err := l.preview()
	require.NoError(t, err)
	require.Contains(t, strings.Join(texts(out), "\n"),
		"has read its source up to updated_at 2026-11-01T05:30:00.123456+00:00")
	require.Equal(t, "hard: runs delete rows that the files mark as deleted, by deleted", out.Deletes)
	require.Contains(t, out.FileColumns, "deleted")
	require.NotContains(t, out.FileColumns, "tablehaul_deleted")
}

// What would make a delete wrong is refused: an older load after a newer one, a login without the right, a row of
// others that goes with it.
func TestDeletesOfDLTThatAreRefused(t *testing.T) {
	l := newLake(t, servers.MySQL(t), "CREATE TABLE t (id BIGINT PRIMARY KEY, version BIGINT, name VARCHAR(9))")
	l.dlt("merges")
	l.settings.Cursor, l.settings.Files.Table = "version", "items"
	l.settings.Deletes = activities.Deletes{Mode: "hard"}
	l.AtTarget("CREATE TABLE child (id INT PRIMARY KEY, t BIGINT, FOREIGN KEY (t) REFERENCES t (id) ON DELETE " +
		"CASCADE)")
	_, err := l.discover()
	requireType(t, err, failure.UnsupportedTable)
	require.ErrorContains(t, err, "a DELETE on")
	require.ErrorContains(t, err, "changes other rows")
	l.AtTarget("DROP TABLE child")
	_, err = l.planVerify(activities.PlanVerifyInput{})
	requireType(t, err, failure.UnsupportedTable)
	require.ErrorContains(t, err, "delete rows that the files hold")
	all := l.names("_dlt_loads")
	require.NoError(t, os.Rename(all[0], all[0]+".later"))
	l.run()
	require.NoError(t, os.Rename(all[0]+".later", all[0]))
	_, err = l.discover()
	requireType(t, err, failure.FilesRefused)
	require.ErrorContains(t, err, "rows that are deleted")
	l.run(force)
}

// A row that is there has no NULL where the target has none, and a delete may.
func TestARowThatIsNoDeleteIsWhole(t *testing.T) {
	l := newLake(t, servers.MySQL(t), itemsTable)
	l.dlt("merges")
	l.settings.Cursor, l.settings.Files.Table = "", "items"
	l.settings.Deletes = activities.Deletes{Mode: "hard"}
	load := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(l.names("_dlt_loads")[2]), "shop__"), ".jsonl")
	l.put("items/"+load+".zzzz.jsonl", 0, `{"id": 7, "version": 1, "name": "seven"}`, `{"id": 8, "version": 1}`)
	plan, err := l.discover()
	require.NoError(t, err)
	in := activities.RangeInput{Table: "lake.orders", Run: plan.Run, PlanSum: plan.PlanSum, Fence: plan.TargetRow.Fence}
	err = l.step("ReadFiles", in, nil)
	requireType(t, err, failure.FilesRefused)
	require.ErrorContains(t, err, "zzzz.jsonl: row 2: column name: NULL in a NOT NULL column")
}
