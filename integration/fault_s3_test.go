package integration_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/s3server"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// startOnS3 starts a product that stages through a proxy, at which faults can happen.
func startOnS3(t *testing.T, o options) (*product, *s3server.Faulty, string) {
	t.Helper()
	server := s3server.Shared(t)
	proxy := server.NewFaulty(t)
	o.stagingURL = server.Through(t, proxy.Endpoint, "")
	return start(t, o), proxy, o.stagingURL
}

// Every third request meets a server that is busy, an answer that is lost or a download that breaks off.
func TestAnS3ThatIsBusyAndCutsLosesNothing(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p, proxy, url := startOnS3(t, options{
			source: s, tables: bare,
			defaults: ", tuning: { chunkRows: 200, rangeRows: 1000 }",
		})
		exec(t, p.src, createT, insertT(1, 2000), old, "ANALYZE TABLE t")
		busy, lose, truncate := s3server.Refuse(http.StatusServiceUnavailable, "SlowDown", nil), s3server.Lose(),
			s3server.Truncate()
		var requests, faults atomic.Int64
		proxy.Do(func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool {
			n := requests.Add(1)
			if n%3 != 0 {
				return false
			}
			faults.Add(1)
			switch {
			case n%6 == 0:
				return busy(w, r, forward)
			case r.Method == http.MethodGet:
				return truncate(w, r, forward)
			}
			return lose(w, r, forward)
		})
		r := p.sync("t")
		require.EqualValues(t, 2000, r.RowsExtracted)
		require.EqualValues(t, 2000, r.Inserted)
		require.Greater(t, faults.Load(), int64(10))
		p.equal("t", []string{"id"}, columnsT...)
		proxy.Do(nil)
		require.Empty(t, stagedIn(t, url))
	})
}

// A server that stays away, or has no room, is waited for, where people see it.
func TestAnS3ThatIsGoneForAWhileIsAVisibleWait(t *testing.T) {
	t.Parallel()
	p, proxy, url := startOnS3(t, options{tables: bare, defaults: ", tuning: { chunkRows: 100 }"})
	exec(t, p.src, createT, insertT(1, 300), old)
	proxy.Do(s3server.Refuse(http.StatusServiceUnavailable, "SlowDown", nil))
	wait := p.run("t")
	p.waitFor(workflows.SyncTableID(p.queue, p.table("t")), "PlanRun", "staging is not available", "status 503",
		failure.StagingUnavailable)
	proxy.Do(s3server.Refuse(http.StatusInsufficientStorage, "XMinioStorageFull", nil))
	p.waitFor(workflows.SyncTableID(p.queue, p.table("t")), "PlanRun", "staging is full", failure.StagingFull)
	proxy.Do(nil)
	require.EqualValues(t, 300, wait().Inserted)
	p.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, stagedIn(t, url))
}

// A grant that is taken away in the middle of a run ends it at once, and the next run goes on.
func TestAnS3ThatRefusesEndsTheRun(t *testing.T) {
	t.Parallel()
	p, proxy, url := startOnS3(t, options{tables: bare, defaults: ", tuning: { chunkRows: 100 }"})
	exec(t, p.src, createT, insertT(1, 1000), old)
	refuse := s3server.Refuse(http.StatusForbidden, "AccessDenied", nil)
	reads := func(r *http.Request) bool { return r.Method == http.MethodGet && r.Header.Get("If-Match") != "" }
	var chunks atomic.Int64
	proxy.Do(s3server.When(reads, func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool {
		return chunks.Add(1) > 8 && refuse(w, r, forward)
	}))
	_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
	requireFailure(t, err, failure.StagingRejected, "AccessDenied", "grant s3:GetObject")
	require.NotContains(t, err.Error(), "connection warehouse", "no database is to blame")
	require.Empty(t, p.state("t").Watermark)
	proxy.Do(nil)
	p.sync("t")
	p.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, stagedIn(t, url))
}
