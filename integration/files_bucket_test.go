package integration_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/testenv/s3server"
	"github.com/tablehaul/tablehaul/workflows"
)

// A run of files in a bucket waits while the bucket is away, ends where files change each time that they are read, and
// refuses what cannot be loaded. Each time nothing is loaded, and the next run loads all of it.
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

	put("2", csvRows(4, 5, "two", 2)...)
	changed := func(r *http.Request) bool {
		return r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, ".csv")
	}
	proxy.Do(s3server.When(changed, s3server.Refuse(http.StatusPreconditionFailed, "PreconditionFailed", nil)))
	_, err = p.try(workflows.SyncTableInput{Table: name})
	requireFailure(t, err, failure.FilesChanged, "2/a.csv")
	proxy.Do(nil)
	require.EqualValues(t, 2, p.sync("t").Inserted)

	put("3", "id,ID,v,updated_at", "6,7,three,2024-05-01 00:00:03")
	_, err = p.try(workflows.SyncTableInput{Table: name})
	requireFailure(t, err, failure.FilesRefused, "3/a.csv")
	require.Equal(t, "5", scalar(t, p.dst, "SELECT COUNT(*) FROM t"))
}
