package layout_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files"
	_ "github.com/tablehaul/tablehaul/internal/files/folder"
	"github.com/tablehaul/tablehaul/internal/files/layout"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// lake is a folder with files; each was written at its minute after noon.
type lake struct {
	t   *testing.T
	dir string
}

func newLake(t *testing.T) lake { return lake{t, t.TempDir()} }

func (l lake) write(minute int, name, text string) {
	l.t.Helper()
	at := filepath.Join(l.dir, name)
	require.NoError(l.t, os.MkdirAll(filepath.Dir(at), 0o700))
	require.NoError(l.t, os.WriteFile(at, []byte(text), 0o600))
	written := noon.Add(time.Duration(minute) * time.Minute)
	require.NoError(l.t, os.Chtimes(at, written, written))
}

func (l lake) store() files.Store {
	l.t.Helper()
	s, err := files.Open("file://" + l.dir)
	require.NoError(l.t, err)
	return s
}

// plain discovers at noon.
func (l lake) plain(complete string, match ...string) layout.Found {
	l.t.Helper()
	found, err := layout.Discover(context.Background(), l.store(),
		layout.Options{Layout: layout.Plain, Complete: complete, Match: match, Now: noon})
	require.NoError(l.t, err)
	return found
}

// loads has the files of each load, oldest first.
func loads(found layout.Found) (out [][]string) {
	for _, l := range found.Loads {
		out = append(out, keys(l))
	}
	return out
}

func keys(l layout.Load) (out []string) {
	for _, f := range l.Files {
		out = append(out, f.Key)
	}
	return out
}

func waits(found layout.Found) (out []string) {
	for _, w := range found.Waiting {
		out = append(out, w.Why)
	}
	return out
}

func TestAFileIsTakenWhenItHasNotChangedForAWhile(t *testing.T) {
	l := newLake(t)
	l.write(-60, "orders/part-10.parquet", "b")
	l.write(-60, "orders/part-9.parquet", "a")
	l.write(-90, "orders/2026/old.csv.gz", "c")
	l.write(-5, "orders/part-11.parquet", "d")
	l.write(-60, "orders/_temporary/part-12.parquet", "e")
	l.write(-60, "orders/.part-13.parquet.crc", "f")
	l.write(-60, "orders/notes.txt", "g")
	l.write(-60, "customers/part-1.parquet", "h")
	found := l.plain("settled:10m", "orders/**/*.{parquet,csv.gz}")
	require.Equal(t, [][]string{{"orders/2026/old.csv.gz"}, {"orders/part-9.parquet"}, {"orders/part-10.parquet"}},
		loads(found))
	require.Equal(t, []string{"orders/part-11.parquet was modified at 2026-11-01 11:55:00, less than 10m0s ago"},
		waits(found))
	require.Equal(t, "orders/part-11.parquet", found.Waiting[0].ID)
	require.True(t, noon.Add(-5*time.Minute).Equal(found.Waiting[0].Since))
	oldest := found.Loads[0]
	require.Equal(t, "csv", oldest.Files[0].Format)
	require.Equal(t, "gzip", oldest.Files[0].Compression)
	require.Equal(t, oldest.Files[0].Version, oldest.Version)
	require.False(t, oldest.Replaces || oldest.Snapshot)
}

func TestAMarkerCompletesItsFolder(t *testing.T) {
	l := newLake(t)
	l.write(-50, "orders/dt=1/part-0.snappy.parquet", "a")
	l.write(-50, "orders/dt=1/part-1.snappy.parquet", "b")
	l.write(-49, "orders/dt=1/_SUCCESS", "")
	l.write(-40, "orders/dt=2/part-0.snappy.parquet", "c")
	l.write(-60, "orders/dt=3/hour=1/part-0.snappy.parquet", "d")
	l.write(-59, "orders/dt=3/_SUCCESS", "")
	l.write(-60, "orders/dt=4/part-0.snappy.parquet", "e")
	l.write(-59, "orders/dt=4/_SUCCESS", "")
	l.write(-58, "orders/dt=4/part-1.snappy.parquet", "f")
	found := l.plain("marker:_SUCCESS", "orders/**/*.parquet")
	require.Equal(t, [][]string{
		{"orders/dt=3/hour=1/part-0.snappy.parquet"},
		{"orders/dt=1/part-0.snappy.parquet", "orders/dt=1/part-1.snappy.parquet"},
	}, loads(found))
	require.Equal(t, "orders/dt=3/_SUCCESS", found.Loads[0].ID)
	require.Equal(t, "orders/dt=3/_SUCCESS", found.Loads[0].Marker.Key)
	require.ElementsMatch(t, []string{
		"orders/dt=4/part-1.snappy.parquet was modified after its marker orders/dt=4/_SUCCESS: " +
			"the marker has to be written last",
		"orders/dt=2/part-0.snappy.parquet has no marker _SUCCESS",
	}, waits(found))
	require.Equal(t, "parquet", found.Loads[0].Files[0].Format)
	require.Empty(t, found.Loads[0].Files[0].Compression)
}

func TestALoadThatIsWrittenAgainHasAnotherVersion(t *testing.T) {
	l := newLake(t)
	l.write(-50, "orders/a.csv", "a")
	l.write(-50, "orders/b.csv", "b")
	l.write(-49, "orders/_SUCCESS", "")
	before := l.plain("marker:_SUCCESS", "orders/*.csv").Loads[0]
	l.write(-48, "orders/_SUCCESS", "")
	same := l.plain("marker:_SUCCESS", "orders/*.csv").Loads[0]
	require.Equal(t, before.Version, same.Version)
	l.write(-47, "orders/a.csv", "c")
	l.write(-46, "orders/_SUCCESS", "")
	after := l.plain("marker:_SUCCESS", "orders/*.csv").Loads[0]
	require.Equal(t, before.ID, after.ID)
	require.NotEqual(t, before.Version, after.Version)
}

func TestAMarkerOfAFileCompletesIt(t *testing.T) {
	l := newLake(t)
	l.write(-50, "in/a.csv", "a")
	l.write(-49, "in/a.done", "")
	l.write(-48, "in/b.csv.gz", "b")
	l.write(-47, "in/b.csv.gz.done", "rows: 17")
	l.write(-46, "in/c.csv", "c")
	l.write(-45, "in/d.done", "")
	found := l.plain("marker:*.done", "in/*.csv", "in/*.csv.gz")
	require.Equal(t, [][]string{{"in/a.csv"}, {"in/b.csv.gz"}}, loads(found))
	require.ElementsMatch(t, []string{
		"the file in/d is missing, which the marker in/d.done completes",
		"in/c.csv has no marker *.done",
	}, waits(found))
}

// A marker completes files of any further suffixes, and of a folder of many files none that only begins as it does.
func TestAMarkerOfAFileIsFoundByItsSuffixes(t *testing.T) {
	l := newLake(t)
	for _, name := range []string{
		"a.csv.gz", "a.csv", "a", "ab.csv", "b.c.csv", "b.done", "b.c.done", "a.done", "sub/a.csv",
	} {
		l.write(0, "in/"+name, "")
	}
	found := l.plain("marker:*.done", "in/**")
	require.Equal(t, [][]string{{"in/a", "in/a.csv", "in/a.csv.gz"}, {"in/b.c.csv"}}, loads(found))
	require.Len(t, found.Waiting, 3)
}

func TestAMarkerThatListsFilesWaitsForThem(t *testing.T) {
	for name, marker := range map[string]string{
		"lines":              "a.parquet\nsub/b.parquet\n",
		"lines of the store": "out/a.parquet\r\nout/sub/b.parquet",
		"array":              `["a.parquet", "sub/b.parquet"]`,
		"files":              `{"files": [{"key": "out/a.parquet", "size": 1}, {"path": "sub/b.parquet"}]}`,
		"entries": `{"entries": [{"url": "s3://lake/x/out/a.parquet", "meta": {"content_length": 1}},
			{"url": "s3://lake/x/out/sub/b.parquet", "mandatory": true}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			l := newLake(t)
			l.write(-50, "out/a.parquet", "a")
			l.write(-50, "out/unlisted.parquet", "u")
			l.write(-49, "out/manifest", marker)
			found := l.plain("marker:out/manifest", "out/**")
			require.Empty(t, found.Loads)
			require.Len(t, found.Waiting, 2)
			require.Contains(t, found.Waiting[0].Why, "b.parquet is missing, which the marker out/manifest lists")
			l.write(-51, "out/sub/b.parquet", "b")
			found = l.plain("marker:out/manifest", "out/**")
			require.Equal(t, [][]string{{"out/a.parquet", "out/sub/b.parquet"}}, loads(found))
			require.Equal(t, []string{"out/unlisted.parquet has no marker out/manifest"}, waits(found))
		})
	}
	l := newLake(t)
	l.write(-50, "out/a.parquet", "half")
	l.write(-49, "out/manifest", `{"files": [{"key": "a.parquet", "size": 9}]}`)
	require.Equal(t, []string{"out/a.parquet has 4 bytes, and 9 by the marker out/manifest"},
		waits(l.plain("marker:out/manifest", "out/*.parquet")))
}

func TestGlobs(t *testing.T) {
	l := newLake(t)
	all := []string{
		"a.csv", "a1.csv", "b.csv", "x/a.csv", "x/y/a.csv", "_a.csv", ".a.csv", "x/_y/a.csv", "é.csv",
		"a*.csv", "a,b.csv",
	}
	for i, name := range all {
		l.write(i-100, name, "a")
	}
	for pattern, want := range map[string][]string{
		"*.csv":       {"a.csv", "a1.csv", "b.csv", "é.csv", "a*.csv", "a,b.csv"},
		"?.csv":       {"a.csv", "b.csv", "é.csv"},
		"[!b].csv":    {"a.csv", "é.csv"},
		"a[0-9].csv":  {"a1.csv"},
		"{a,b}.csv":   {"a.csv", "b.csv"},
		"**/a.csv":    {"a.csv", "x/a.csv", "x/y/a.csv"},
		"x/**":        {"x/a.csv", "x/y/a.csv"},
		"_*.csv":      {"_a.csv"},
		".a.csv":      {".a.csv"},
		"x/_y/*":      {"x/_y/a.csv"},
		`a\*.csv`:     {"a*.csv"},
		`a\,b.csv`:    {"a,b.csv"},
		"none/*.csv":  nil,
		"x/*/a.csv":   {"x/y/a.csv"},
		"**/[xy]/*":   {"x/a.csv", "x/y/a.csv"},
		"a.csv/*.csv": nil,
	} {
		var got []string
		for _, load := range loads(l.plain("settled:1m", pattern)) {
			got = append(got, load...)
		}
		require.ElementsMatch(t, want, got, pattern)
	}
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	plain := layout.Options{Layout: layout.Plain, Match: []string{"*.csv"}, Complete: "settled:1m"}
	require.NoError(t, plain.Check())
	for want, change := range map[string]func(o *layout.Options){
		`layout: "" is none of`:            func(o *layout.Options) { o.Layout = "" },
		`layout: "hive" is none of plain`:  func(o *layout.Options) { o.Layout = "hive" },
		"has no match":                     func(o *layout.Options) { o.Match = nil },
		"relative to the url":              func(o *layout.Options) { o.Match = []string{"/lake/*"} },
		"[ without ]":                      func(o *layout.Options) { o.Match = []string{"a[b"} },
		"{ without }":                      func(o *layout.Options) { o.Match = []string{"{a,b"} },
		"needs a rule of completeness":     func(o *layout.Options) { o.Complete = "" },
		"has no duration":                  func(o *layout.Options) { o.Complete = "settled:soon" },
		"names no marker":                  func(o *layout.Options) { o.Complete = "marker:" },
		"has 2 *":                          func(o *layout.Options) { o.Complete = "marker:*.*" },
		"goes with layout: dlt":            func(o *layout.Options) { o.Complete = "dlt" },
		`complete: "later" is none of dlt`: func(o *layout.Options) { o.Complete = "later" },
	} {
		o := plain
		change(&o)
		require.ErrorIs(t, o.Check(), layout.ErrLayout, want)
		require.ErrorContains(t, o.Check(), want)
	}
}

// A terminal obeys the control characters of a name that it shows.
func TestNamesWithControlCharactersAreRefused(t *testing.T) {
	t.Parallel()
	for _, complete := range []string{"settled:1m", "marker:_SUCCESS"} {
		l := newLake(t)
		l.write(-5, "a\x1b[2Jb.csv", "x")
		_, err := layout.Discover(t.Context(), l.store(), layout.Options{
			Layout: layout.Plain, Complete: complete, Match: []string{"*.csv"}, Now: noon,
		})
		require.ErrorIs(t, err, layout.ErrLayout)
		require.ErrorContains(t, err, `"a\x1b[2Jb.csv" has control characters`)
	}
	require.NoError(t, layout.CheckName("ä b=1/c.csv"))
}
