package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/bystanders"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// others starts other clients of a server's table t, one that reads any row and one that changes rows above those of
// the source. Errors 1205 and 1213 are what they would notice of a lock in their way.
func others(t *testing.T, db *sql.DB) (stop func()) {
	t.Helper()
	group := bystanders.Start(t.Context(), []bystanders.Operation{
		{Name: "read", Do: func(ctx context.Context) error {
			var n int
			return db.QueryRowContext(ctx, "SELECT n FROM t WHERE id = ?", 1+rand.IntN(2000)).Scan(&n)
		}},
		{Name: "change", Do: func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, "UPDATE t SET n = n + 1 WHERE id = ?", othersRows+rand.IntN(10))
			return err
		}},
	}, bystanders.Interval)
	return func() {
		t.Helper()
		r := group.Stop()
		require.NoError(t, r.Err)
		require.Empty(t, r.Refused)
		require.Positive(t, r.Per["change"].Operations)
		t.Log("other clients: ", r)
	}
}

// othersRows is the first of the rows that only the target has. A row between them and the source's takes the locks
// at the end of the table.
const othersRows = 1_000_000

var insertOthers = []string{insertT(othersRows/2, othersRows/2), insertT(othersRows, othersRows+9)}

// A target whose statements, or whose commits, take long for a while: chunks get smaller, rows come in all the time,
// and afterwards chunks are as large as before. Other clients meet no lock.
func TestATargetThatIsSlowForAWhile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		// slow makes the target slow and returns how to end it.
		slow func(t *testing.T, p *product, line *proxy.Proxy) (end func())
	}{
		"statements": {func(t *testing.T, p *product, _ *proxy.Proxy) func() {
			slow := session(t, p.dst)
			say(t, slow, "DO GET_LOCK('"+p.to+"', 0)")
			return func() { leave(slow) }
		}},
		"commits": {func(t *testing.T, p *product, line *proxy.Proxy) func() {
			slow := line.Late(slowCommits, "COMMIT", 1800*time.Millisecond)
			return func() {
				require.Eventually(t, func() bool {
					return slow.Seen() == slowCommits || p.targetRows() == slowRows
				}, timeout, poll)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers.Some(t, func(t *testing.T, s *servers.Server) {
				p, line := slowTarget(t, s)
				stop := others(t, p.dst)
				line.Pass(6, "COMMIT")
				held := line.Hold(1, "COMMIT")
				wait := p.run("t")
				require.Eventually(t, func() bool { return held.Seen() == 1 }, timeout, poll)
				end := c.slow(t, p, line)
				held.Release()
				more := min(p.targetRows()+250, slowRows) // the other connections may have written most by now
				require.Eventually(t, func() bool { return p.targetRows() >= more }, timeout, poll,
					"nothing comes in while the target is slow")
				end()
				r := wait()
				stop()
				require.Greater(t, r.Chunks, int64(slowRows/slowChunk), "chunks get smaller")
				p.requireExact(r, "t", "no chunk is written a second time")
				p.afterSlowness(t)
			})
		})
	}
}

const (
	slowRows    = 4000
	slowChunk   = 100
	slowCommits = 4
)

// slowTarget is a product whose transactions may take 3 s, and are made smaller above 1.5 s. While a session has the
// lock of the schema's name, a chunk takes 2 s.
func slowTarget(t *testing.T, s *servers.Server) (*product, *proxy.Proxy) {
	p, _, line := between(t, s, options{tables: bare, defaults: fmt.Sprintf(
		", tuning: { maxTransaction: 3s, chunkRows: %d, chunksInFlight: 2 }", slowChunk)})
	exec(t, p.src, createT, insertT(1, slowRows), old)
	exec(t, p.dst, createT, "CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW SET @waited = "+
		"SLEEP(IF(IS_FREE_LOCK('"+p.to+"'), 0, 0.02))")
	exec(t, p.dst, insertOthers...)
	return p, line
}

// afterSlowness requires that both sides are equal, and that chunks become as large as they were.
func (p *product) afterSlowness(t *testing.T) {
	t.Helper()
	exec(t, p.dst, fmt.Sprintf("DELETE FROM t WHERE id >= %d", othersRows/2))
	p.equal("t", []string{"id"}, columnsT...)
	for tries := 1; ; tries++ {
		exec(t, p.dst, "TRUNCATE TABLE t")
		r, err := p.try(workflows.SyncTableInput{Table: p.table("t"), Full: true})
		require.NoError(t, err)
		if r.Chunks == slowRows/slowChunk {
			return
		}
		require.Less(t, tries, 20, "%d chunks", r.Chunks)
	}
}

// All processors of the source are busy with other queries: its rows are read all the same, in one attempt.
func TestASourceWithoutAProcessorToSpare(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: bare, defaults: ", tuning: { pageRows: 500, chunkRows: 200 }"})
		exec(t, p.src, createT, insertT(1, 2000), old)
		exec(t, p.dst, createT)
		exec(t, p.dst, insertOthers...)
		stop := others(t, p.dst)
		atWork := fmt.Sprintf("SELECT COUNT(*) = %d FROM information_schema.processlist WHERE info LIKE "+
			"'DO BENCHMARK%%%s%%'", runtime.NumCPU(), p.from)
		for range runtime.NumCPU() {
			burn(t, p.src, p.from)
		}
		holds(t, p.src, atWork)
		r := p.once("t")
		require.EqualValues(t, 2000, r.RowsExtracted)
		require.Equal(t, "1", scalar(t, p.src, atWork), "the source was busy all the time")
		require.EqualValues(t, 1, p.attempts(workflows.SyncTableID(p.queue, p.table("t")), "ExtractIncremental"))
		stop()
		exec(t, p.dst, fmt.Sprintf("DELETE FROM t WHERE id >= %d", othersRows/2))
		p.equal("t", []string{"id"}, columnsT...)
	})
}

// burn keeps a processor of a server busy until the test ends.
func burn(t *testing.T, db *sql.DB, mark string) {
	t.Helper()
	conn := session(t, db)
	var id int64
	require.NoError(t, conn.QueryRowContext(t.Context(), "SELECT CONNECTION_ID()").Scan(&id))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = conn.ExecContext(context.WithoutCancel(t.Context()),
			fmt.Sprintf("DO BENCHMARK(1000000000, SHA2('%s', 512))", mark))
	}()
	t.Cleanup(func() {
		_, _ = db.ExecContext(context.WithoutCancel(t.Context()), fmt.Sprintf("KILL QUERY %d", id))
		<-done
	})
}

// Links to both servers lose everything for two seconds, while a chunk is committed: connections stay, the run goes on
// where it was, and nothing is done a second time.
func TestALinkThatLosesAllForSeconds(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		s = servers.Private(t, s.Flavor) // on MariaDB, an open transaction holds the windows of all tables back
		p, source, target := between(t, s, options{
			tables: bare, defaults: ", tuning: { pageRows: 300, chunkRows: 100, rangeRows: 500 }",
		})
		exec(t, p.src, createT, insertT(1, 3000), old, "ANALYZE TABLE t")
		exec(t, p.dst, createT)
		exec(t, p.dst, insertOthers...)
		stop := others(t, p.dst)
		target.Pass(6, "COMMIT")
		held := target.Hold(1, "COMMIT")
		wait := p.run("t")
		require.Eventually(t, func() bool { return held.Seen() == 1 }, timeout, poll)
		source.Hang()
		target.Hang()
		held.Release()
		pause(t.Context(), 2*time.Second)
		source.Resume()
		target.Resume()
		r := wait()
		stop()
		require.EqualValues(t, 3000, r.RowsExtracted)
		p.requireExact(r, "t", "no chunk is written a second time")
		exec(t, p.dst, fmt.Sprintf("DELETE FROM t WHERE id >= %d", othersRows/2))
		p.equal("t", []string{"id"}, columnsT...)
	})
}
