package activities_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/files"
	"github.com/tablehaul/tablehaul/internal/files/folder"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// faultyStore is a folder in which files cannot be removed or moved as a test likes.
type faultyStore struct {
	files.Store
	fault *putAwayFault
}

// putAwayFault fails the file that is put away after so many others, once.
type putAwayFault struct{ after int }

func (f *putAwayFault) fails(key string) error {
	if f.after--; f.after == -1 {
		return fmt.Errorf("%w: %s stays", files.ErrUnavailable, key)
	}
	return nil
}

func (s faultyStore) Remove(ctx context.Context, e files.Entry) error {
	if err := s.fault.fails(e.Key); err != nil {
		return err
	}
	return s.Store.Remove(ctx, e)
}

func (s faultyStore) Move(ctx context.Context, e files.Entry, to string) error {
	if err := s.fault.fails(e.Key); err != nil {
		return err
	}
	return s.Store.Move(ctx, e, to)
}

// putAwayFaults are those of stores by their folders.
var putAwayFaults sync.Map

func init() {
	files.Register("faulty", func(u *url.URL) (files.Store, error) {
		fault, _ := putAwayFaults.Load(u.Path)
		return faultyStore{folder.New(u.Path), fault.(*putAwayFault)}, nil
	})
}

// failsAfter lets the lake's store fail after so many files are put away, once.
func (l *lake) failsAfter(files int) {
	l.t.Helper()
	l.settings.Files.URL = "faulty://" + l.dir
	putAwayFaults.Store(l.dir, &putAwayFault{after: files})
}

func TestLoadedFilesArePutAway(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.settings.Files.Complete, l.settings.Files.After = "marker:_SUCCESS", "move:done"
	l.put("1/a.csv", time.Hour, header, l.row(1, "one", "01"))
	l.put("1/_SUCCESS", time.Hour, "")
	l.put("2/b.csv", time.Hour, header, l.row(2, "two", "01"))
	plan, _ := l.run()
	require.True(t, plan.Files.PutsAway)
	require.Equal(t, 2, l.putAway("move:done"))
	require.FileExists(t, filepath.Join(l.dir, "done/1/a.csv"))
	require.FileExists(t, filepath.Join(l.dir, "done/1/_SUCCESS"))
	require.FileExists(t, filepath.Join(l.dir, "2/b.csv"), "it is not loaded yet")
	require.Zero(t, l.putAway("move:done"))
	plan, _ = l.run()
	require.Zero(t, plan.Ranges, "what was moved is not loaded again")

	require.NoError(t, os.RemoveAll(filepath.Join(l.dir, "done")))
	l.put("2/_SUCCESS", 0, "")
	l.run()
	l.put("2/b.csv", 0, header, l.row(2, "changed", "01"))
	require.Zero(t, l.putAway("delete"), "a file that has changed since stays")
	l.put("2/_SUCCESS", 0, "")
	l.run()
	require.Equal(t, 2, l.putAway("delete"))
	require.NoFileExists(t, filepath.Join(l.dir, "2/b.csv"))
}

// halfAway are lakes without a cursor, of two loads that have two files each, and the names of all these files.
var halfAway = map[string]func(*lake) []string{
	"a marker of a folder": func(l *lake) []string {
		l.settings.Files.Complete = "marker:_SUCCESS"
		l.fourFiles()
		l.put("day1/_SUCCESS", 2*time.Hour, "")
		l.put("day2/_SUCCESS", time.Hour, "")
		return append(fourFiles, "day1/_SUCCESS", "day2/_SUCCESS")
	},
	"a marker that lists files": func(l *lake) []string {
		l.settings.Files.Complete = "marker:*.list"
		l.fourFiles()
		l.put("day1.list", 2*time.Hour, fourFiles[0], fourFiles[1])
		l.put("day2.list", time.Hour, fourFiles[2], fourFiles[3])
		return append(fourFiles, "day1.list", "day2.list")
	},
	"dlt": func(l *lake) (names []string) {
		l.AtTarget("DROP TABLE t", dltTable)
		l.dlt("jsonl")
		for i, name := range l.names("orders")[:2] {
			parts := strings.Split(filepath.Base(name), ".")
			more := "orders/" + parts[0] + "." + parts[1] + ".zzzz.jsonl"
			l.put(more, 0, fmt.Sprintf(`{"id": %d, "updated_at": "2026-11-01T05:30:00.123456Z"}`, 101+i))
			names = append(names, "orders/"+filepath.Base(name), more)
		}
		return names
	},
}

var fourFiles = []string{"day1/a.csv", "day1/b.csv", "day2/a.csv", "day2/b.csv"}

func (l *lake) fourFiles() {
	for i, name := range fourFiles {
		l.put(name, time.Duration(4-i)*time.Hour, header, l.row(i, "v", "01"))
	}
}

// Files go one by one, and a load as a whole: what is left of one that is being put away is no load to any run, and the
// next call goes on.
func TestALoadThatIsPutAwayHalfIsNoLoad(t *testing.T) {
	s := servers.MySQL(t)
	for name, prepare := range halfAway {
		for _, after := range []string{"delete", "move:done"} {
			t.Run(name+", "+after, func(t *testing.T) {
				l := newLake(t, s, lakeTable)
				l.settings.Cursor, l.settings.Files.After = "", after
				all := prepare(l)
				l.failsAfter(1)
				plan, _ := l.run()
				require.Equal(t, 4, plan.Files.Files)
				_, err := l.away()
				require.ErrorContains(t, err, "stays")
				plan, _ = l.run()
				require.Zero(t, plan.Ranges)
				require.Empty(t, plan.HeldBack)
				out, err := l.away()
				require.NoError(t, err)
				require.Equal(t, len(all)-1, out.Files)
				for _, name := range all {
					require.NoFileExists(t, filepath.Join(l.dir, name))
				}
				require.Nil(t, l.state.PutAway)
				plan, _ = l.run()
				require.Zero(t, plan.Ranges)
				require.Zero(t, l.putAway(after))
			})
		}
	}
}

// A load with more files than the state names at once goes in parts, each as a whole.
func TestALargeLoadIsPutAwayInParts(t *testing.T) {
	s := servers.MySQL(t)
	for stays := range 6 {
		l := newLake(t, s, lakeTable)
		l.lower(activities.Sizes{FilesAway: 2})
		l.settings.Cursor, l.settings.Files.Complete, l.settings.Files.After = "", "marker:_SUCCESS", "delete"
		for i := range 5 {
			l.put(fmt.Sprintf("day1/%d.csv", i), time.Hour, header, l.row(i, "v", "01"))
		}
		l.put("day1/_SUCCESS", time.Hour, "")
		l.failsAfter(stays)
		l.run()
		_, err := l.away()
		require.ErrorContains(t, err, "stays")
		plan, _ := l.run()
		require.Zero(t, plan.Ranges)
		out, err := l.away()
		require.NoError(t, err)
		require.Equal(t, 6-stays, out.Files)
		require.Empty(t, l.names("day1"))
	}
}

// Where a run has begun meanwhile, that one puts away what is left.
func TestFilesOfATableThatIsBeingRunStay(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.put("1.csv", time.Hour, header, l.row(1, "one", "01"))
	l.run()
	_, err := l.discover()
	require.NoError(t, err)
	require.Zero(t, l.putAway("delete"))
	l.state.Lease = nil
	require.Equal(t, 1, l.putAway("delete"))
}

// A whole load of dlt that is put away half does not take the target's place again, and one that is put away has not
// emptied the table.
func TestAWholeLoadThatIsPutAwayStaysOnTheTarget(t *testing.T) {
	for _, after := range []int{1, 9} {
		l := newRates(t, servers.MySQL(t), "jsonl")
		first := "rates/" + filepath.Base(l.names("rates")[0])
		l.put(first[:strings.LastIndex(first, ".jsonl")]+"x.jsonl", 0, `{"code": "USD", "rate": 1}`)
		l.settings.Files.After = "delete"
		l.failsAfter(after)
		l.run()
		_, err := l.away()
		require.Equal(t, after == 1, err != nil)
		for range 2 {
			plan, _ := l.run()
			require.Nil(t, plan.Replacement)
			require.Empty(t, plan.Warnings)
			l.holds("SELECT code FROM t ORDER BY code", "EUR", "USD")
			_, err = l.away()
			require.NoError(t, err)
		}
		require.Empty(t, l.names("rates"))
	}
}

// Loads that are older than a week when they are loaded are put away as well, whenever that succeeds.
func TestOldLoadsArePutAway(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.settings.Files.After = "delete"
	for i := range 3 {
		l.put(fmt.Sprintf("%d.csv", i), time.Duration(9-i)*month, header, l.row(i, "v", "01"))
	}
	l.run()
	l.run()
	require.Equal(t, 3, l.putAway("delete"))
	require.Len(t, l.state.Files.Done, 1, "that of the floor")
}

// Files that were moved have new times in a bucket: runs do not wait for them to settle.
func TestFilesThatWereMovedAreNotWaitedFor(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.settings.Files.After = "move:done/"
	l.put("1.csv", time.Hour, header, l.row(1, "one", "01"))
	l.run()
	require.Equal(t, 1, l.putAway("move:done/"))
	l.put("done/1.csv", 0, header, l.row(1, "one", "01"))
	plan, _ := l.run()
	require.Zero(t, plan.Ranges)
	require.Empty(t, plan.HeldBack)
}

// A file is not deleted while rows of it are in quarantine which could not be converted: nothing else has them. It goes
// when it is loaded corrected, or the entries are dropped.
func TestFilesWithRowsInQuarantineAreNotDeleted(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.settings.Quarantine = &activities.QuarantineSettings{MaxRows: 3, MaxShare: 1}
	l.settings.Files.After = "delete"
	l.put("1.csv", 2*time.Hour, header, l.row(1, "one", "01"), badRow)
	l.put("2.csv", time.Hour, header, l.row(2, "two", "01"))
	l.put("3.csv", 3*month, header, badRow)
	l.run()
	for _, others := range []int{1, 0} {
		out, err := l.away()
		require.NoError(t, err)
		require.Equal(t, others, out.Files)
		require.Contains(t, out.Warning, "2 loads stay where the files are")
		require.Contains(t, out.Warning, "tablehaul quarantine drop lake.orders")
		l.run()
	}
	require.Len(t, l.names("."), 2)

	l.put("1.csv", 30*time.Minute, header, l.row(1, "one", "01"), l.row(5, "x", "01"))
	plan, _ := l.run()
	require.EqualValues(t, 1, l.settle(plan).Open)
	require.Equal(t, 1, l.putAway("delete"))
	require.FileExists(t, filepath.Join(l.dir, "3.csv"))
	l.holds("SELECT id FROM t ORDER BY id", "1", "2", "5")

	l.put("4.csv", time.Hour, header, l.row(4, "four", "01"))
	l.run()
	l.state.Quarantine = &api.Quarantine{Open: 1, Queue: "orders@another"}
	require.Zero(t, l.putAway("delete"), "nothing here tells which rows another host has")
	l.state.Quarantine = nil
	requireDropped(l)
	require.Equal(t, 2, l.putAway("delete"))
	require.Empty(t, l.names("."))
}
