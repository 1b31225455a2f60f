package source_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestAReplicaIsRefusedWithoutOptIn(t *testing.T) {
	t.Parallel()
	for flavor, setup := range map[servers.Flavor]string{
		servers.FlavorMySQL: "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = 1," +
			" SOURCE_USER = 'replica'",
		servers.FlavorMariaDB: "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 1, MASTER_USER = 'replica'",
	} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			s := servers.Private(t, flavor, "--server-id=7")
			schema := s.Schema(t)
			admin := s.DB(t, schema)
			dbtest.Exec(t, admin, dbtest.Stamped, setup)
			db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
			tbl := dbtest.Introspect(t, db, schema, "t")
			spec := source.UpperBoundSpec{Table: tbl, Cursor: tbl.Column("ts").Column}
			_, err := source.New(db).ChooseUpperBound(t.Context(), spec)
			require.ErrorIs(t, err, source.ErrReplica)
			require.NotEmpty(t, dbtest.Found(t, db, tbl, source.CheckSpec{Cursor: "ts"}, table.LevelRefuse))

			spec.AllowReplica = true // but it cannot say how far it is behind
			h, err := source.New(db).ChooseUpperBound(t.Context(), spec)
			require.NoError(t, err)
			require.Empty(t, h.Hi)
			require.Equal(t, source.BlockerReplica, h.BlockedBy.Kind)
			require.Len(t, h.Warnings, 1)
		})
	}
}

// A server that takes no writes is a replica, or was replaced by another primary.
func TestAReadOnlySourceIsAReplica(t *testing.T) {
	t.Parallel()
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			s := servers.Private(t, flavor)
			schema := s.Schema(t)
			dbtest.Exec(t, s.DB(t, schema), dbtest.Stamped, "SET GLOBAL read_only = 1")
			db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
			tbl := dbtest.Introspect(t, db, schema, "t")
			spec := source.UpperBoundSpec{Table: tbl, Cursor: tbl.Column("ts").Column}
			_, err := source.New(db).ChooseUpperBound(t.Context(), spec)
			require.ErrorIs(t, err, source.ErrReplica)
			require.ErrorContains(t, err, "the server is read-only")
			require.NotEmpty(t, dbtest.Found(t, db, tbl, source.CheckSpec{Cursor: "ts"}, table.LevelRefuse))
			require.Empty(
				t,
				dbtest.Choose(t, db, tbl, "ts", func(h *source.UpperBoundSpec) { h.AllowReplica = true }).Hi,
				"how far it is behind is not known",
			)
			require.NotEmpty(
				t,
				dbtest.Choose(
					t,
					db,
					tbl,
					"ts",
					func(h *source.UpperBoundSpec) { h.AllowReplica, h.FixedLag = true, time.Minute },
				).Hi,
			)
		})
	}
}

// A primary that is cut off says nothing, and its replica says that it is 0 seconds behind.
func TestTheSilenceOfAReplicasLineIsLag(t *testing.T) {
	t.Parallel()
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			primary, replica := servers.Replicas(t, flavor)
			schema := primary.Schema(t)
			dbtest.Exec(t, primary.DB(t, schema), dbtest.Stamped)
			require.NoError(t, primary.AwaitReplica(t.Context(), replica))
			db := dbtest.Open(t, replica, mysqldb.Options{Name: "src"})
			tbl := dbtest.Introspect(t, db, schema, "t")

			few := dbtest.WithGrants(t, replica, "th_few", "SELECT ON "+schema+".*", "PROCESS ON *.*")
			_, err := source.New(few).
				ChooseUpperBound(t.Context(), source.UpperBoundSpec{Table: tbl, Cursor: tbl.Column("ts").Column})
			require.ErrorIs(t, err, source.ErrReplica, "replication's threads are in the process list")
			require.ErrorContains(t, err, "may not ask about replication")

			ctx, stop := context.WithCancel(t.Context())
			wrote := make(chan struct{})
			go func() {
				defer close(wrote)
				for writer := primary.DB(t, schema); ctx.Err() == nil; {
					_, _ = writer.ExecContext(ctx, "INSERT INTO t () VALUES ()")
				}
			}()
			dbtest.WaitUntil(t, replica.DB(t, schema), "SELECT COUNT(*) FROM t")
			busy := dbtest.Choose(t, db, tbl, "ts", func(h *source.UpperBoundSpec) { h.AllowReplica = true })
			stop()
			<-wrote
			require.Less(t, busy.Lag, 30*time.Second, "a line that is heard of all the time costs little")
			require.NoError(t, primary.AwaitReplica(t.Context(), replica))
			primary.Pause(t)
			silent := time.Now().UTC()
			t.Cleanup(func() { primary.Resume(t) })
			require.Eventually(
				t,
				func() bool { return time.Since(silent) > 5*time.Second },
				20*time.Second,
				100*time.Millisecond,
			)
			h := dbtest.Choose(t, db, tbl, "ts", func(h *source.UpperBoundSpec) { h.AllowReplica = true })
			require.True(t, dbtest.Parse(t, h.Hi).Before(silent), "%s is above %s, of the last sign", h.Hi, silent)
			require.Equal(t, source.BlockerReplica, h.BlockedBy.Kind)
			require.Regexp(t, "its line to the primary (was|may have been) silent for", h.BlockedBy.State)
			require.NotEmpty(t, h.BlockedBy.Release)
			var behind sql.NullString
			column := map[servers.Flavor]string{
				servers.FlavorMySQL:   "REPLICA STATUS",
				servers.FlavorMariaDB: "SLAVE STATUS",
			}[flavor]
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
	t.Parallel()
	primary, secondary := servers.Group(t)
	members := []*servers.Server{primary, secondary}
	schema := members[0].Schema(t)
	dbtest.Exec(t, members[0].DB(t, schema), dbtest.Stamped)
	dbtest.WaitUntil(
		t,
		members[1].DB(t, ""),
		"SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = '"+schema+"' AND TABLE_NAME = 't'",
	)
	for i, s := range members {
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		tbl := dbtest.Introspect(t, db, schema, "t")
		h, err := source.New(db).
			ChooseUpperBound(t.Context(), source.UpperBoundSpec{Table: tbl, Cursor: tbl.Column("ts").Column})
		if i == 0 {
			require.NoError(t, err)
			require.NotEmpty(t, h.Hi)
			continue
		}
		require.ErrorIs(t, err, source.ErrReplica)
		require.ErrorContains(t, err, "a read-only member of a replication group")
		require.NotEmpty(t, dbtest.Found(t, db, tbl, source.CheckSpec{Cursor: "ts"}, table.LevelRefuse))
		require.Empty(t, dbtest.Choose(t, db, tbl, "ts", func(h *source.UpperBoundSpec) { h.AllowReplica = true }).Hi)
	}
}
