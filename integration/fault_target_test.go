package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// eachPrivate runs f with a target server of its own for each flavor, side by side.
func eachPrivate(t *testing.T, f func(t *testing.T, source, target *servers.Server), args ...string) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		f(t, s, servers.Private(t, s.Flavor, args...))
	})
}

// chunked is a first load of 2,000 rows in chunks of 50, which goes on as far as wholeChunks lets it, and ends once
// the gate is released. A transaction of so few rows is never cut into smaller ones.
func chunked(t *testing.T, o options) *product {
	o.defaults += ", tuning: { chunkRows: 50, chunksInFlight: 2 }"
	p := start(t, o)
	exec(t, p.src, createT, insertT(1, 2000), old)
	exec(t, p.dst, createT)
	p.closeGate("t")
	return p
}

// wholeChunks waits until the target has at least n rows, and requires that it never shows a
// part of a chunk. A server that does not answer is looked at again.
func (p *product) wholeChunks(n int) {
	p.t.Helper()
	if p.gate != nil {
		p.gate.open(n + 299)
	}
	var rows, part int
	require.Eventually(p.t, func() bool {
		ctx, cancel := context.WithTimeout(p.t.Context(), time.Second)
		defer cancel()
		if p.dst.QueryRowContext(ctx, "SELECT COUNT(*) FROM t").Scan(&rows) != nil {
			return false
		}
		if rows%50 != 0 {
			part = rows
		}
		return rows >= n || part != 0
	}, timeout, poll, "the target stays below %d rows", n)
	require.Zero(p.t, part, "half a chunk")
}

// Every kill is aimed at COMMIT: no chunk gets further than that before it. Every other one comes within three
// milliseconds of a COMMIT's arrival, the rest at any moment after some have arrived.
func TestATargetKilledAgainAndAgainHoldsWholeChunks(t *testing.T) {
	t.Parallel()
	eachPrivate(t, func(t *testing.T, source, target *servers.Server) {
		const chunks, inFlight = 200, 8
		line := proxy.Start(t, target.Addr())
		p := start(t, options{
			source: source, target: target, targetDSN: line.DSN(target.DSN("")),
			defaults: fmt.Sprintf(", tuning: { chunkRows: 50, chunksInFlight: %d }", inFlight),
		})
		exec(t, p.src, createT, insertT(1, 50*chunks), old)
		exec(t, p.dst, createT)
		commits := line.Hold(math.MaxInt, "COMMIT")
		wait := p.run("t")
		kills := 4
		if servers.Thorough() {
			kills = 10
		}
		for kill := range kills {
			arrived := func() bool { return commits.Let(1) == 1 }
			require.Eventually(t, arrived, timeout, time.Millisecond, "kill %d", kill)
			if kill%2 == 0 {
				pause(t.Context(), rand.N(3*time.Millisecond))
			} else {
				commits.Let(rand.N(inFlight))
				pause(t.Context(), rand.N(300*time.Millisecond))
			}
			target.Kill(t)
			target.Restart(t)
			p.wholeChunks(0)
		}
		require.Less(t, p.targetRows(), 50*chunks, "the run was over before the last kill")
		commits.Release()
		r := wait()
		require.EqualValues(t, 50*chunks, r.RowsExtracted)
		p.equal("t", []string{"id"}, columnsT...)
		require.Empty(t, p.staged())
	})
}

// A target that is frozen for a minute is asked again and again, and none of its connections of
// before is needed afterwards.
func TestAFrozenTargetIsWaitedFor(t *testing.T) {
	t.Parallel()
	eachPrivate(t, func(t *testing.T, source, target *servers.Server) {
		timeouts := "" // our own, of minutes: statements take as long as it lasts
		if source.Flavor == servers.FlavorMySQL {
			timeouts = "?timeout=1s&readTimeout=2s&writeTimeout=2s"
		}
		p := chunked(t, options{source: source, target: target, targetDSN: target.DSN("") + timeouts})
		wait := p.run("t")
		p.wholeChunks(300)
		target.Pause(t)
		frozen := time.Now()
		if timeouts != "" {
			p.waitFor(workflows.SyncTableID(p.queue, p.table("t")), "attempt 3", "connection warehouse",
				"connection trouble")
		}
		pause(t.Context(), time.Until(frozen.Add(time.Minute)))
		target.Resume(t)
		p.gate.release()
		p.wholeChunks(2000)
		require.EqualValues(t, 2000, wait().RowsExtracted)
		p.equal("t", []string{"id"}, columnsT...)
		require.Empty(t, p.staged())
	})
}

// One row that another session has locked costs its own chunk time, and no other.
func TestALockedRowHoldsUpItsChunkOnly(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: bare, defaults: ", tuning: { chunkRows: 100 }"})
		exec(t, p.src, createT, insertT(1, 1000), old)
		p.sync("t")
		exec(t, p.src, "UPDATE t SET n = -1, updated_at = '2024-06-01 00:00:00' + INTERVAL id SECOND")
		other := session(t, p.dst)
		say(t, other, "BEGIN", "SELECT * FROM t WHERE id = 450 FOR UPDATE")

		id := workflows.SyncTableID(p.queue, p.table("t"))
		run := p.launch(workflows.SyncTableInput{Table: p.table("t"), From: "2024-05-01"}, id)
		holds(t, p.dst, "SELECT COUNT(*) >= 900 FROM t WHERE n = -1")
		waiting := "SELECT MAX(trx_started) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' AND " +
			"trx_query LIKE '%" + p.to + "%'"
		var first string
		require.Eventually(t, func() bool { // 1205, rolled back, and tried again in a new transaction
			now := scalar(t, p.dst, waiting)
			if first == "" {
				first = now
			}
			return now != "" && now != first
		}, timeout, trxPoll)
		say(t, other, "ROLLBACK")
		var r workflows.SyncTableResult
		require.NoError(t, run.Get(t.Context(), &r), p.pending(id))
		require.EqualValues(t, 1000, r.Updated)
		require.Positive(t, r.Retried)
		p.requireExact(r, "t", "its counters are exact for all that")
		p.equal("t", []string{"id"}, columnsT...)
	})
}

// plain makes a login on the target that may do anything in the schema and nothing else.
func plain(t *testing.T, s *servers.Server, db *sql.DB, schema string) (dsn string) {
	t.Helper()
	exec(t, db, "CREATE USER app@'%' IDENTIFIED BY 'pw'", "GRANT ALL ON "+schema+".* TO app@'%'")
	return "app:pw@tcp(" + s.Addr() + ")/"
}

func TestAReadOnlyTargetIsAVisibleWait(t *testing.T) {
	t.Parallel()
	eachPrivate(t, func(t *testing.T, source, target *servers.Server) {
		admin := target.DB(t, "")
		line := proxy.Start(t, target.Addr())
		p := start(t, options{
			source: source, target: target, tables: bare, defaults: ", tuning: { chunkRows: 50 }",
			targetDSN: line.DSN(plain(t, target, admin, "`th\\_%`")),
		})
		exec(t, p.src, createT, insertT(1, 500), old)
		line.Pass(2, "COMMIT")
		held := line.Hold(1, "COMMIT")
		wait := p.run("t")
		require.Eventually(t, func() bool { return held.Seen() == 1 }, timeout, poll)
		exec(t, admin, "SET GLOBAL read_only = ON")
		held.Release()
		p.waitFor(workflows.SyncTableID(p.queue, p.table("t")), failure.ServerReadOnly,
			"connection warehouse", "the server is read-only")
		exec(t, admin, "SET GLOBAL read_only = OFF")
		wait()
		p.equal("t", []string{"id"}, columnsT...)

		exec(t, admin, "SET GLOBAL read_only = ON") // and from the very start
		wait = p.run("t")
		p.waitFor(workflows.SyncTableID(p.queue, p.table("t")), failure.ServerReadOnly, "PlanRun",
			"the target is read-only")
		exec(t, admin, "SET GLOBAL read_only = OFF")
		require.Equal(t, api.ModeIncremental, wait().Mode)
	})
}

// The pause after "no connection left" is half a minute, or asking would be part of the trouble.
func TestATargetOutOfConnectionsIsAVisibleWait(t *testing.T) {
	t.Parallel()
	target := servers.Private(t, servers.FlavorMySQL, "--max-connections=20")
	admin := target.DB(t, "")
	admin.SetMaxOpenConns(1)
	p := start(t, options{target: target, targetDSN: plain(t, target, admin, "`th\\_%`"), idle: true})
	exec(t, p.src, createT, insertT(1, 100), old)
	limit, err := strconv.Atoi(scalar(t, admin, "SELECT @@max_connections"))
	require.NoError(t, err)
	clientsDB, err := sql.Open("mysql", "app:pw@tcp("+target.Addr()+")/")
	require.NoError(t, err)
	t.Cleanup(func() { _ = clientsDB.Close() })
	var clients []*sql.Conn
	for range limit {
		conn, err := clientsDB.Conn(t.Context())
		if err != nil {
			break
		}
		clients = append(clients, conn)
	}
	p.startWorker() // not before, or it would have a connection
	wait := p.run("t")
	p.waitFor(workflows.SyncTableID(p.queue, p.table("t")), "connection warehouse", "no connection left")
	for _, conn := range clients {
		leave(conn)
	}
	wait()
	p.equal("t", []string{"id"}, columnsT...)
}
