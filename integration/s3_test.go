package integration_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/testenv/s3server"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// stagedIn are the keys that are left in a store.
func stagedIn(t *testing.T, url string) []string {
	t.Helper()
	store, err := staging.Open(url)
	require.NoError(t, err)
	var keys []string
	require.NoError(t, store.List(t.Context(), "", func(e staging.Entry) error {
		keys = append(keys, e.Key)
		return nil
	}))
	return keys
}

// The same as on a folder: a first load in ranges by two workers that share nothing but the
// bucket, then what has changed.
func TestSyncWithStagingOnS3(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		url := s3server.Shared(t).URL(t)
		p := start(t, options{source: s, stagingURL: url, defaults: ", tuning: { chunkRows: 500, rangeRows: 1000 }"})
		p.startWorker()
		exec(t, p.src, createT, insertT(1, 5000), "ANALYZE TABLE t")
		p.settled("t")
		p.equal("t", []string{"id"}, columnsT...)

		exec(t, p.src, "UPDATE t SET n = n + 1 WHERE id <= 300", insertT(5001, 5200))
		require.Equal(t, api.ModeIncremental, p.settled("t").Mode)
		p.equal("t", []string{"id"}, columnsT...)
		require.Empty(t, p.staged(), "nothing is on a disk")
		require.Empty(t, stagedIn(t, url), "a run that is done leaves no object")
	})
}
