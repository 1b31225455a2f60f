package mysqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestAReplicaIsRefusedWithoutOptIn(t *testing.T) {
	for flavor, setup := range map[servers.Flavor]string{
		servers.FlavorMySQL:   "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = 1, SOURCE_USER = 'nobody'",
		servers.FlavorMariaDB: "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 1, MASTER_USER = 'nobody'",
	} {
		t.Run(string(flavor), func(t *testing.T) {
			s := servers.Private(t, flavor, "--server-id=7")
			schema := s.Schema(t)
			admin := s.DB(t, schema)
			exec(t, admin, stamped, setup)
			db := open(t, s, mysqldb.Options{Name: "src"})
			tbl := introspect(t, db, schema, "t")
			spec := mysqldb.HiSpec{Table: tbl, Cursor: tbl.Column("ts").Column}
			_, err := db.ChooseHi(t.Context(), spec)
			require.ErrorIs(t, err, mysqldb.ErrReplica)
			require.NotEmpty(t, found(t, db, tbl, mysqldb.SourceCheck{Cursor: "ts"}, table.LevelRefuse))

			spec.AllowReplica = true // but it cannot say how far it is behind
			h, err := db.ChooseHi(t.Context(), spec)
			require.NoError(t, err)
			require.Empty(t, h.Hi)
			require.Equal(t, mysqldb.HolderReplica, h.HeldBy.Kind)
			require.Len(t, h.Warnings, 1)
		})
	}
}

// A server that takes no writes is a replica, or was replaced by another primary.
func TestAReadOnlySourceIsAReplica(t *testing.T) {
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			s := servers.Private(t, flavor)
			schema := s.Schema(t)
			exec(t, s.DB(t, schema), stamped, "SET GLOBAL read_only = 1")
			db := open(t, s, mysqldb.Options{Name: "src"})
			tbl := introspect(t, db, schema, "t")
			spec := mysqldb.HiSpec{Table: tbl, Cursor: tbl.Column("ts").Column}
			_, err := db.ChooseHi(t.Context(), spec)
			require.ErrorIs(t, err, mysqldb.ErrReplica)
			require.ErrorContains(t, err, "the server is read-only")
			require.NotEmpty(t, found(t, db, tbl, mysqldb.SourceCheck{Cursor: "ts"}, table.LevelRefuse))
			require.Empty(t, choose(t, db, tbl, "ts", func(h *mysqldb.HiSpec) { h.AllowReplica = true }).Hi, "how far it is behind is not known")
			require.NotEmpty(t, choose(t, db, tbl, "ts", func(h *mysqldb.HiSpec) { h.AllowReplica, h.FixedLag = true, time.Minute }).Hi)
		})
	}
}

// A primary that is cut off says nothing, and its replica says that it is 0 seconds behind.
func TestTheSilenceOfAReplicasLineIsLag(t *testing.T) {
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			primary, replica := servers.Replicas(t, flavor)
			schema := primary.Schema(t)
			exec(t, primary.DB(t, schema), stamped)
			require.NoError(t, primary.AwaitReplica(t.Context(), replica))
			db := open(t, replica, mysqldb.Options{Name: "src"})
			tbl := introspect(t, db, schema, "t")

			few := withGrants(t, replica, "th_few", "SELECT ON "+schema+".*", "PROCESS ON *.*")
			_, err := few.ChooseHi(t.Context(), mysqldb.HiSpec{Table: tbl, Cursor: tbl.Column("ts").Column})
			require.ErrorIs(t, err, mysqldb.ErrReplica, "replication's threads are in the process list")
			require.ErrorContains(t, err, "may not ask about replication")

			ctx, stop := context.WithCancel(t.Context())
			wrote := make(chan struct{})
			go func() {
				defer close(wrote)
				for writer := primary.DB(t, schema); ctx.Err() == nil; {
					_, _ = writer.ExecContext(ctx, "INSERT INTO t () VALUES ()")
				}
			}()
			waitUntil(t, replica.DB(t, schema), "SELECT COUNT(*) FROM t")
			busy := choose(t, db, tbl, "ts", func(h *mysqldb.HiSpec) { h.AllowReplica = true })
			stop()
			<-wrote
			require.Less(t, busy.Lag, 30*time.Second, "a line that is heard of all the time costs little")
			require.NoError(t, primary.AwaitReplica(t.Context(), replica))
			primary.Pause(t)
			silent := time.Now().UTC()
			t.Cleanup(func() { primary.Resume(t) })
			require.Eventually(t, func() bool { return time.Since(silent) > 5*time.Second }, 20*time.Second, 100*time.Millisecond)
			h := choose(t, db, tbl, "ts", func(h *mysqldb.HiSpec) { h.AllowReplica = true })
			require.True(t, parse(t, h.Hi).Before(silent), "%s is above %s, when the line fell silent", h.Hi, silent)
			require.Equal(t, mysqldb.HolderReplica, h.HeldBy.Kind)
			require.Regexp(t, "its line to the primary (was|may have been) silent for", h.HeldBy.State)
			require.NotEmpty(t, h.HeldBy.Release)
			var behind sql.NullString
			column := map[servers.Flavor]string{servers.FlavorMySQL: "REPLICA STATUS", servers.FlavorMariaDB: "SLAVE STATUS"}[flavor]
			require.NoError(t, secondsBehind(t, replica, column, &behind))
			require.Equal(t, "0", behind.String, "what the replica says of itself")
		})
	}
}

// secondsBehind is what a replica says of its lag.
func secondsBehind(t *testing.T, replica *servers.Server, what string, out *sql.NullString) error {
	t.Helper()
	rows, err := replica.DB(t, "").QueryContext(t.Context(), "SHOW "+what)
	require.NoError(t, err)
	defer func() { require.NoError(t, errors.Join(rows.Err(), rows.Close())) }()
	names, err := rows.Columns()
	require.NoError(t, err)
	require.True(t, rows.Next())
	values := make([]any, len(names))
	for i, name := range names {
		values[i] = new(sql.RawBytes)
		if strings.HasPrefix(name, "Seconds_Behind_") {
			values[i] = out
		}
	}
	return rows.Scan(values...)
}

// A secondary of a group has no channel that replicates from elsewhere: its own are the group's.
func TestASecondaryOfAGroupIsAReplica(t *testing.T) {
	primary, secondary := servers.Group(t)
	members := []*servers.Server{primary, secondary}
	schema := members[0].Schema(t)
	exec(t, members[0].DB(t, schema), stamped)
	waitUntil(t, members[1].DB(t, ""), "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = '"+schema+"' AND TABLE_NAME = 't'")
	for i, s := range members {
		db := open(t, s, mysqldb.Options{Name: "src"})
		tbl := introspect(t, db, schema, "t")
		h, err := db.ChooseHi(t.Context(), mysqldb.HiSpec{Table: tbl, Cursor: tbl.Column("ts").Column})
		if i == 0 {
			require.NoError(t, err)
			require.NotEmpty(t, h.Hi)
			continue
		}
		require.ErrorIs(t, err, mysqldb.ErrReplica)
		require.ErrorContains(t, err, "a read-only member of a replication group")
		require.NotEmpty(t, found(t, db, tbl, mysqldb.SourceCheck{Cursor: "ts"}, table.LevelRefuse))
		require.Empty(t, choose(t, db, tbl, "ts", func(h *mysqldb.HiSpec) { h.AllowReplica = true }).Hi)
	}
}
