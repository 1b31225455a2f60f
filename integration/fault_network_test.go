package integration_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// between is a product whose connections to both sides go through proxies.
func between(t *testing.T, s *servers.Server, o options) (p *product, source, target *proxy.Proxy) {
	t.Helper()
	source, target = proxy.Start(t, s.Addr()), proxy.Start(t, s.Addr())
	o.source, o.sourceDSN, o.targetDSN = s, source.DSN(s.DSN("")), target.DSN(s.DSN(""))
	return start(t, o), source, target
}

// It is unknown whether the COMMIT was done: it is done again, and the counters say that they
// cannot know.
func TestALostCommitReplyKeepsRowsRight(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p, _, target := between(t, s, options{tables: bare, defaults: ", tuning: { chunkRows: 100 }"})
		exec(t, p.src, createT, insertT(1, 500), old)
		exec(t, p.dst, createT)
		once := target.LoseReply(1, "COMMIT", 0)
		r := p.sync("t")
		require.Equal(t, 1, once.Seen())
		require.True(t, r.Approximate)
		require.EqualValues(t, 500, r.RowsExtracted)
		p.equal("t", []string{"id"}, columnsT...)

		// Again and again, past the quick tries inside one attempt.
		exec(t, p.src, "UPDATE t SET n = -1, updated_at = '2024-06-01 00:00:00' + INTERVAL id SECOND")
		often := target.LoseReply(12, "COMMIT", 0)
		r, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2024-05-01"})
		require.NoError(t, err)
		require.Equal(t, 12, often.Seen())
		require.True(t, r.Approximate)
		p.equal("t", []string{"id"}, columnsT...)

		p.requireExact(p.sync("t"), "t", "a run without trouble is exact again")
	})
}

// Latency, slices and connections that end in the middle of a statement, on both sides.
func TestABadNetworkLosesNothing(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p, source, target := between(t, s, options{
			tables:   bare,
			defaults: ", tuning: { chunkRows: 200, pageRows: 150 }",
		})
		exec(t, p.src, createT, insertT(1, 2000), old)
		exec(t, p.dst, createT, "INSERT INTO t (id, name, updated_at) VALUES (50, 'so that some chunks meet a row', "+
			"'2001-01-01'), (500, 'x', '2001-01-01'), (900, 'y', '2001-01-01')")
		for _, side := range []*proxy.Proxy{source, target} {
			side.Delay(500 * time.Microsecond)
			side.Slice(1000)
		}
		reads := pageReads(s)
		rules := []*proxy.Rule{
			source.LoseReply(3, reads, 5000), // in the middle of a page
			target.LoseRequest(3, "INSERT INTO", 5000),
			target.LoseReply(2, "INSERT INTO", 0),
			target.LoseReply(1, "COMMIT", 0),
			target.LoseReply(1, "LOAD DATA", 0),
		}
		r := p.sync("t")
		require.EqualValues(t, 2000, r.RowsExtracted)
		for i, rule := range rules {
			require.Positive(t, rule.Seen(), "rule %d", i)
		}
		p.equal("t", []string{"id"}, columnsT...)
		require.Empty(t, p.staged(), "attempts that failed leave no file")

		exec(t, p.src, "UPDATE t SET n = -1 WHERE id % 3 = 0")
		source.LoseReply(2, reads, 100)
		source.LoseReply(1, "SHOW PROCESSLIST", 0)
		p.settled("t")
		p.equal("t", []string{"id"}, columnsT...)
	})
}

// A slow line is slow, and no reason for a step to be taken for dead.
func TestASlowLineOnlyTakesLonger(t *testing.T) {
	t.Parallel()
	p, source, target := between(t, servers.MySQL(t), options{tables: bare})
	exec(t, p.src, createT, insertT(1, 5000), old)
	p.sync("t")
	exec(t, p.src, "UPDATE t SET n = -1, updated_at = '2024-06-01 00:00:00' + INTERVAL id SECOND")
	source.Bandwidth(100_000) // about 300 kB
	target.Bandwidth(100_000)
	r, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2024-05-01"})
	require.NoError(t, err)
	p.requireExact(r, "t", "no step was begun a second time")
	require.Greater(t, r.Seconds[workflows.PhaseUpsert], 2.0)
	p.equal("t", []string{"id"}, columnsT...)
}

// The source goes away while it is read, and comes back.
func TestASourceThatIsGoneForAWhileIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := servers.MySQL(t)
	p, source, _ := between(t, s, options{tables: bare, defaults: ", tuning: { pageRows: 100 }"})
	exec(t, p.src, createT, insertT(1, 3000), old)
	source.Pass(3, pageReads(s))
	page := source.Hold(1, pageReads(s))
	wait := p.run("t")
	require.Eventually(t, func() bool { return page.Seen() == 1 }, timeout, poll)
	source.Refuse(true)
	source.Cut()
	page.Release()
	p.waitFor(workflows.SyncTableID(p.queue, p.table("t")), "ExtractIncremental attempt 2", "connection shop",
		"connection trouble")
	source.Refuse(false)
	require.EqualValues(t, 3000, wait().RowsExtracted)
	p.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, p.staged())
}
