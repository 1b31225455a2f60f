package integration_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/testenv/s3server"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// A run of files in a bucket waits while the bucket is away, and refuses by name what cannot be loaded.
func TestFilesInABucketThatFails(t *testing.T) {
	t.Parallel()
	server := s3server.Shared(t)
	proxy := server.NewFaulty(t)
	url := server.Through(t, proxy.Endpoint, "")
	p := start(t, options{tables: strings.Replace(lakeTable, "file://DIR/lake", url, 1)})
	bucket, err := staging.Open(url)
	require.NoError(t, err)
	put := func(load string, lines ...string) {
		t.Helper()
		require.NoError(t, bucket.Put(t.Context(), load+"/a.csv", strings.NewReader(strings.Join(lines, "\n")+"\n")))
		require.NoError(t, bucket.Put(t.Context(), load+"/_SUCCESS", strings.NewReader("")))
	}
	put("1", csvRows(1, 3, "one", 1)...)
	name := p.table("t")

	proxy.Do(s3server.Refuse(http.StatusServiceUnavailable, "SlowDown", nil))
	wait := p.run("t")
	p.waitFor(workflows.SyncTableID(p.queue, name), "DiscoverFiles", failure.FilesUnavailable, "status 503")
	proxy.Do(nil)
	require.EqualValues(t, 3, wait().Inserted)

	put("2", "id,ID,v,updated_at", "6,7,two,2024-05-01 00:00:03")
	_, err = p.try(workflows.SyncTableInput{Table: name})
	requireFailure(t, err, failure.FilesRefused, "2/a.csv")
	require.Equal(t, "3", scalar(t, p.dst, "SELECT COUNT(*) FROM t"))
}

// Files that a run has moved in a bucket, where a copy is younger than its original, stay there when files.after
// changes: they are not loaded again, and not removed.
func TestFilesThatWereMovedInABucketStayThere(t *testing.T) {
	t.Parallel()
	s, url := servers.MySQL(t), s3server.Shared(t).URL(t)
	lakeThat := func(after string) options {
		return options{sourceDSN: s.DSN(""), targetDSN: s.DSN(""), tables: strings.NewReplacer(
			"file://DIR/lake", url, "    complete:", "    after: "+after+"\n    complete:").Replace(lakeTable)}
	}
	p := start(t, lakeThat("move:done"))
	bucket, err := staging.Open(url)
	require.NoError(t, err)
	put := func(load string, lines []string) {
		t.Helper()
		require.NoError(t, bucket.Put(t.Context(), load+"/a.csv", strings.NewReader(strings.Join(lines, "\n")+"\n")))
		require.NoError(t, bucket.Put(t.Context(), load+"/_SUCCESS", strings.NewReader("")))
	}
	put("1", csvRows(1, 3, "one", 1))
	require.EqualValues(t, 3, p.once("t").Inserted)
	moved := []string{"done/1/_SUCCESS", "done/1/a.csv"}
	require.ElementsMatch(t, moved, stagedIn(t, url))
	for i, after := range []string{"delete", "keep"} {
		p.reconfigure(lakeThat(after))
		put(fmt.Sprint(2+i), csvRows(4, 4, after, 2+i))
		require.EqualValues(t, 1, p.once("t").RowsExtracted)
	}
	require.Subset(t, stagedIn(t, url), moved)
}
