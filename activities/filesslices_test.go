package activities_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/files"
	"github.com/tablehaul/tablehaul/internal/files/folder"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// countedStore is a folder that counts the bytes that are read of its files.
type countedStore struct {
	*folder.Store
	bytes *atomic.Int64
}

type countedFile struct {
	files.File
	bytes *atomic.Int64
}

// counted are the counts of the stores counted:///folder, by their folders.
var counted sync.Map

func init() {
	files.Register("counted", func(u *url.URL) (files.Store, error) {
		bytes, _ := counted.LoadOrStore(u.Path, &atomic.Int64{})
		return countedStore{folder.New(u.Path), bytes.(*atomic.Int64)}, nil
	})
}

func (s countedStore) Open(ctx context.Context, e files.Entry) (files.File, error) {
	f, err := s.Store.Open(ctx, e)
	return countedFile{f, s.bytes}, err
}

func (f countedFile) Close() error {
	if f.File == nil {
		return nil
	}
	return f.File.Close()
}

func (f countedFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.File.ReadAt(p, at)
	f.bytes.Add(int64(n))
	return n, err
}

// putLines writes a file of JSON Lines with rows 0 to n-1, compressed where its name says so, and returns its size.
func (l *lake) putLines(name string, n int) int64 {
	l.t.Helper()
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"id": %d, "v": "%x", "updated_at": "2024-05-01 00:00:00"}`, i, i*7919*7919)
	}
	if !strings.HasSuffix(name, ".gz") {
		l.put(name, time.Hour, lines...)
	} else {
		var b strings.Builder
		w := gzip.NewWriter(&b)
		_, err := w.Write([]byte(strings.Join(lines, "\n")))
		require.NoError(l.t, err)
		require.NoError(l.t, w.Close())
		l.put(name, time.Hour, b.String())
		require.NoError(l.t, os.Truncate(filepath.Join(l.dir, name), int64(b.Len()))) // without the line's end
		old := time.Now().Add(-time.Hour)
		require.NoError(l.t, os.Chtimes(filepath.Join(l.dir, name), old, old))
	}
	info, err := os.Stat(filepath.Join(l.dir, name))
	require.NoError(l.t, err)
	return info.Size()
}

// A compressed file is read once by each worker, however many slices it has: a slice goes on where the last one of its
// worker has stopped.
func TestACompressedFileIsReadOnceForAllSlices(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.settings.ChunkRows, l.settings.RangeBytes, l.settings.PartBytes = 100, 1, 1
	l.settings.Files.URL = "counted://" + l.dir
	l.settings.Files.Match = []string{"*.jsonl.gz"}
	size := l.putLines("a.jsonl.gz", 3000)
	plan, err := l.discover()
	require.NoError(t, err)
	bytes, ok := counted.Load(l.dir)
	require.True(t, ok)
	read := bytes.(*atomic.Int64)
	read.Store(0)
	in := activities.RangeInput{Table: "lake.orders", Run: plan.Run, PlanSum: plan.PlanSum}
	rows := int64(0)
	for more := true; more; in.Slice++ {
		if in.Slice == 20 {
			l.restart() // as another worker, which has no reader
		}
		var out activities.ExtractResult
		require.NoError(t, l.step("ReadFiles", in, &out))
		more = out.More
		rows += out.Rows
		if in.Slice == 10 { // a step that is tried again starts over, and reads the same
			var again activities.ExtractResult
			require.NoError(t, l.step("ReadFiles", in, &again))
			require.Equal(t, out.Rows, again.Rows)
		}
	}
	require.EqualValues(t, 3000, rows)
	require.GreaterOrEqual(t, in.Slice, 30)
	heads := int64(in.Slice) * 100 // each looks at the file's first bytes
	require.Less(t, read.Load(), 2*size+heads)
	_, sum := l.run()
	require.EqualValues(t, 3000, sum.Inserted)
	l.holds("SELECT COUNT(*) FROM t", "3000")
}

// A text that is not compressed is cut into ranges between two rows. A row that is refused is named from the cut.
func TestATextIsCutIntoRanges(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.settings.Quarantine = &activities.QuarantineSettings{MaxRows: 10, MaxShare: 1}
	l.lower(activities.Sizes{FilesRange: 20_000})
	l.putLines("a.jsonl", 2000)
	at := filepath.Join(l.dir, "a.jsonl")
	text, err := os.ReadFile(at)
	require.NoError(t, err)
	good := strings.TrimSuffix(string(text), "\n")
	l.put("a.jsonl", time.Hour, good, `{"id": "s3cret"}`)
	plan, sum := l.run()
	require.Greater(t, plan.Ranges, 3)
	require.EqualValues(t, 2000, sum.Inserted)
	require.EqualValues(t, 1, sum.Quarantined)
	l.holds("SELECT CONCAT_WS(' ', COUNT(*), SUM(id)) FROM t", "2000 1999000")
	list := l.quarantine()
	require.Len(t, list, 1)
	var row, base int64
	_, err = fmt.Sscanf(string(list[0].Key[1]), "%d from byte %d", &row, &base)
	require.NoError(t, err)
	require.Len(t, strings.Split(good[base:], "\n"), int(row-1))

	l.settings.Cursor, l.settings.Quarantine = "", nil
	l.put("b.jsonl", 0, good)
	l.settings.Files.Complete = "settled:0s"
	plan, err = l.discover(only("b.jsonl"), force)
	require.NoError(t, err)
	require.Equal(t, 1, plan.Ranges, "without a cursor, the order of rows matters")
}
