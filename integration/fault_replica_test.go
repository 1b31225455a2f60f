package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// someReplicated runs f with a primary and its replica of some flavors, side by side.
func someReplicated(t *testing.T, f func(t *testing.T, primary, replica *servers.Server)) {
	for _, flavor := range servers.SomeFlavors(t) {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			// Heartbeats come twice in that time: a line is not taken for silent for long.
			primary, replica := servers.Replicas(t, flavor, "--loose-slave-net-timeout=4",
				"--loose-replica-net-timeout=4")
			f(t, primary, replica)
		})
	}
}

// hinder makes a replica fall behind, as a long query there does, until the returned function
// is called: readers read on, and the next change of the table waits for their lock.
func hinder(t *testing.T, replica *sql.DB, table string) (free func()) {
	t.Helper()
	reader := session(t, replica)
	say(t, reader, "LOCK TABLES "+table+" READ")
	return func() { say(t, reader, "UNLOCK TABLES") }
}

// A replica of the target that falls behind is waited for, chunk by chunk, and so is one whose
// replication does not go on.
func TestAReplicaThatLagsPausesARun(t *testing.T) {
	t.Parallel()
	someReplicated(t, func(t *testing.T, primary, replica *servers.Server) {
		shared := servers.MySQL(t)
		p := start(t, options{
			source: shared, target: primary, tables: bare,
			connections: fmt.Sprintf("replica: { dsn: %q }", replica.DSN("")),
			defaults:    ", tuning: { chunkRows: 50, chunksInFlight: 1 }, maxReplicaLag: 2s, replicas: [replica]",
		})
		exec(t, p.src, createT, insertT(1, 2000), old)
		exec(t, p.dst, createT)
		p.closeGate("t")
		require.NoError(t, primary.AwaitReplica(t.Context(), replica))
		there := replica.DB(t, p.to)
		free := hinder(t, there, "t")
		id := workflows.SyncTableID(p.queue, p.table("t"))
		wait := p.run("t")
		p.gate.open(100)
		p.awaitLag(replica, 2*time.Second)
		p.gate.open(400) // one chunk has been at the gate since before the lag
		p.waitFor(id, "UpsertChunk", "Throttled", "replica replica is ", " behind, at most 2s are allowed")
		behind := p.targetRows()
		require.LessOrEqual(t, behind, 200)
		p.waitFor(id, "UpsertChunk attempt 3", "Throttled")
		require.Equal(t, behind, p.targetRows(), "it writes on")
		stop, goOn := "STOP REPLICA SQL_THREAD", "START REPLICA SQL_THREAD"
		if primary.Flavor == servers.FlavorMariaDB {
			stop, goOn = "STOP SLAVE SQL_THREAD", "START SLAVE SQL_THREAD"
		}
		free()
		p.gate.waitForOne(p) // it goes on
		exec(t, there, stop)
		p.gate.open(600)
		p.waitFor(id, "UpsertChunk", "replica replica does not say how far it is behind")
		exec(t, there, goOn)
		p.gate.release()
		r := wait()
		require.EqualValues(t, 2000, r.RowsExtracted)
		p.requireExact(r, "t", "nothing was written while waiting")
		p.equal("t", []string{"id"}, columnsT...)
		require.NoError(t, primary.AwaitReplica(t.Context(), replica))
		require.Equal(t, "2000", scalar(t, there, "SELECT COUNT(*) FROM t"))
	})
}

// awaitLag waits until the product sees that a replica is further behind than that.
func (p *product) awaitLag(replica *servers.Server, than time.Duration) {
	p.t.Helper()
	db, err := mysqldb.Open(p.t.Context(), replica.DSN(""), mysqldb.Options{Name: "replica"})
	require.NoError(p.t, err)
	defer func() { require.NoError(p.t, db.Close()) }()
	require.Eventually(p.t, func() bool {
		lag, known, err := source.New(db).ReplicaLag(p.t.Context())
		return err == nil && known && lag > than
	}, timeout, poll)
}

// A source that is a replica is read only as far as it has come: rows that it does not have yet
// are above the watermark of every run.
func TestAReplicaAsASourceLosesNothing(t *testing.T) {
	t.Parallel()
	someReplicated(t, func(t *testing.T, primary, replica *servers.Server) {
		p := start(t, options{
			source: primary, target: servers.MySQL(t), sourceDSN: replica.DSN(""),
			tables: strings.Replace(bare, "overlap", "allowReplica: true, overlap", 1),
		})
		exec(t, p.src, createT, insertT(1, 100), old)
		require.NoError(t, primary.AwaitReplica(t.Context(), replica))
		require.Contains(t, strings.Join(p.sync("t").Warnings, "\n"), "the source is a replica")

		ctx, stop := context.WithCancel(t.Context())
		wrote := make(chan error, 1)
		go func() { wrote <- writeOn(ctx, p.src) }()
		there := replica.DB(t, p.from)
		for range 2 {
			free := hinder(t, there, "t")
			oldest := scalar(t, p.src, "SELECT CAST(CONVERT_TZ(NOW(6), @@session.time_zone, '+00:00') AS CHAR)")
			require.Eventually(t, func() bool {
				r := p.once("t")
				require.Less(t, r.Watermark, oldest, "the replica had nothing of this moment")
				return strings.Contains(r.HeldBack, "the replica's own")
			}, timeout, runPoll, "what holds the window back is not visible")
			free()
			p.once("t") // while it catches up
		}
		stop()
		require.NoError(t, <-wrote)
		require.NoError(t, primary.AwaitReplica(t.Context(), replica))
		p.settled("t")
		p.equal("t", []string{"id"}, columnsT...)
	})
}

// writeOn inserts and changes rows of t until ctx ends.
func writeOn(ctx context.Context, db *sql.DB) error {
	for n := 1000; pause(ctx, 10*time.Millisecond); n++ {
		for _, q := range []string{
			fmt.Sprintf("INSERT INTO t (id, name, n) VALUES (%d, 'new', 0)", n),
			fmt.Sprintf("UPDATE t SET n = n + 1 WHERE id = %d", n%100+1),
		} {
			if _, err := db.ExecContext(context.WithoutCancel(ctx), q); err != nil {
				return err
			}
		}
	}
	return nil
}
