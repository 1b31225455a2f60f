package lineage_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestMain(m *testing.M) { servers.Main(m) }

func open(t *testing.T, s *servers.Server) (*mysqldb.DB, table.Name) {
	t.Helper()
	db, err := mysqldb.Open(t.Context(), s.DSN(""), mysqldb.Options{Role: mysqldb.Target})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db, table.Name{Schema: s.Schema(t), Table: "größe`x"}
}

func TestStateRow(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db, target := open(t, s)
		ctx := t.Context()
		rows, err := lineage.Read(ctx, db, target)
		require.NoError(t, err)
		require.Empty(t, rows, "not even the table is there")
		first := lineage.Ref{Target: target, StateID: "a", Fence: 10}
		require.ErrorIs(t, lineage.Check(ctx, db, db, first), lineage.ErrNotBegun)

		begin := func(ref lineage.Ref, expected int64, done string, replaces ...string) error {
			return lineage.Begin(ctx, db, lineage.BeginSpec{
				Ref: ref, Keeper: "here", Expected: expected, Done: done,
				Replaces: replaces,
			})
		}
		require.ErrorIs(t, begin(first, 5, ""), lineage.ErrNotBegun, "the run expects one that was whole")
		require.NoError(t, begin(first, 0, "000"))
		require.NoError(t, begin(first, 0, "000"), "its reply was lost")
		require.NoError(t, lineage.Check(ctx, db, db, first))
		require.NoError(t, lineage.MarkRange(ctx, db, first, 1))
		require.NoError(t, lineage.MarkRange(ctx, db, first, 1), "its reply was lost")
		require.NoError(t, lineage.Finish(ctx, db, first, "7"))
		require.NoError(t, lineage.Finish(ctx, db, first, "7"), "its reply was lost")
		rows, err = lineage.Read(ctx, db, target)
		require.NoError(t, err)
		require.Equal(t, []lineage.Row{{StateID: "a", Keeper: "here", Fence: 10, Run: 10, Watermark: "7", Done: "010"}},
			rows)

		second := lineage.Ref{Target: target, StateID: "a", Fence: 20}
		require.ErrorIs(t, lineage.Check(ctx, db, db, second), lineage.ErrNotBegun)
		require.ErrorIs(t, lineage.Check(ctx, db, db, second), mysqldb.ErrOtherServer, "it may have begun elsewhere")
		require.ErrorIs(t, begin(second, 5, ""), lineage.ErrNotBegun)
		require.NoError(t, begin(second, 10, ""))
		require.ErrorIs(t, lineage.Check(ctx, db, db, first), lineage.ErrFenced)
		require.ErrorIs(t, lineage.MarkRange(ctx, db, first, 0), lineage.ErrFenced)
		require.ErrorIs(t, lineage.Finish(ctx, db, first, "8"), lineage.ErrFenced)
		require.ErrorIs(t, begin(first, 10, ""), lineage.ErrFenced)

		other := lineage.Ref{Target: target, StateID: "b", Fence: 30}
		require.ErrorIs(t, begin(other, 0, ""), lineage.ErrFenced, "another state keeps the target")
		require.NoError(t, begin(other, 0, "0", "a"))
		require.ErrorIs(t, lineage.Check(ctx, db, db, second), lineage.ErrFenced)
		rows, err = lineage.Read(ctx, db, target)
		require.NoError(t, err)
		require.Equal(t, []lineage.Row{{StateID: "b", Keeper: "here", Fence: 30, Done: "0"}}, rows)

		_, err = db.ExecContext(ctx, "DROP TABLE "+sqltext.Qualified(table.Name{
			Schema: target.Schema,
			Table:  lineage.StateTable,
		}))
		require.NoError(t, err)
		require.ErrorIs(t, lineage.Check(ctx, db, db, other), lineage.ErrNotBegun)
	})
}

// Tables that share a target have a row each. A run waits for chunks of its own table, and those of another are not in
// its way, nor is its row.
func TestTablesThatShareATargetHaveARowEach(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db, target := open(t, s)
		ctx := t.Context()
		ref := func(state string, fence int64) lineage.Ref {
			return lineage.Ref{Target: target, StateID: state, Fence: fence, Shared: true}
		}
		begin := func(r lineage.Ref, run int64) error {
			return lineage.Begin(ctx, db, lineage.BeginSpec{Ref: r, Keeper: r.StateID, Expected: run})
		}
		require.NoError(t, begin(ref("a", 10), 0))
		chunk, err := db.BeginTx(ctx, nil)
		require.NoError(t, err)
		require.NoError(t, lineage.Check(ctx, db, chunk, ref("a", 10)))
		require.NoError(t, begin(ref("b", 5), 0), "of another table")
		require.NoError(t, lineage.Check(ctx, db, db, ref("b", 5)))
		require.NoError(t, lineage.Finish(ctx, db, ref("b", 5), "7"))
		require.NoError(t, lineage.Check(ctx, db, chunk, ref("a", 10)))
		require.NoError(t, chunk.Commit())
		require.NoError(t, lineage.Finish(ctx, db, ref("a", 10), "8"))
		require.NoError(t, begin(ref("a", 20), 10))
		require.ErrorIs(t, begin(ref("a", 10), 10), lineage.ErrFenced, "a newer run of its own table")
		require.ErrorIs(t, lineage.Check(ctx, db, db, ref("a", 10)), lineage.ErrFenced)
		require.NoError(t, begin(ref("b", 6), 5))
	})
}

// A replica that takes the server's place has the state row of the run, and may lack its last chunks: no chunk of the
// run is written there, no range is marked, and the run does not end.
func TestARunThatHasBegunOnAnotherServerIsNotBegun(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db, target := open(t, s)
		ctx := t.Context()
		here := lineage.Ref{Target: target, StateID: "a", Fence: 10, Server: db.Instance().Digest}
		require.NotEmpty(t, here.Server)
		require.NoError(t, lineage.Begin(ctx, db, lineage.BeginSpec{Ref: here, Done: "0"}))
		there := here
		there.Server = "0123456789ab"
		for _, err := range []error{
			lineage.Check(ctx, db, db, there), lineage.MarkRange(ctx, db, there, 0),
			lineage.Finish(ctx, db, there, "7"),
		} {
			require.ErrorIs(t, err, lineage.ErrNotBegun)
			require.ErrorIs(t, err, mysqldb.ErrOtherServer)
		}
		rows, err := lineage.Read(ctx, db, target)
		require.NoError(t, err)
		require.Equal(t, []lineage.Row{{StateID: "a", Fence: 10, Done: "0"}}, rows)

		require.NoError(t, lineage.Check(ctx, db, db, here))
		require.NoError(t, lineage.MarkRange(ctx, db, here, 0))
		for range 2 { // its reply was lost
			require.NoError(t, lineage.Finish(ctx, db, here, "7"))
		}
		clustered, err := lineage.Clustered(ctx, db)
		require.NoError(t, err)
		require.False(t, clustered)
	})
}

// A run begins only when the chunks of earlier runs that are being written have ended.
func TestBeginWaitsForChunks(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db, target := open(t, s)
		old := lineage.Ref{Target: target, StateID: "a", Fence: 1}
		require.NoError(t, lineage.Begin(t.Context(), db, lineage.BeginSpec{Ref: old}))
		chunk, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		require.NoError(t, lineage.Check(t.Context(), db, chunk, old))
		next := lineage.BeginSpec{Ref: lineage.Ref{Target: target, StateID: "a", Fence: 2}}
		err = lineage.Begin(t.Context(), db, next) // waits for as long as our sessions wait for a lock
		require.True(t, mysqlerr.IsLockConflict(err), "%v", err)
		require.NoError(t, chunk.Commit())
		require.NoError(t, lineage.Begin(t.Context(), db, next))
		require.ErrorIs(t, lineage.Check(t.Context(), db, db, old), lineage.ErrFenced)
	})
}

func TestALoginThatMayNotKeepAStateRow(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		_, target := open(t, s)
		root := s.DB(t, target.Schema)
		user := "u" + target.Schema[len(target.Schema)-8:]
		for _, q := range []string{
			"CREATE TABLE t (id INT PRIMARY KEY)",
			"CREATE USER '" + user + "'@'%' IDENTIFIED BY 'p'",
			"GRANT SELECT, INSERT, UPDATE ON t TO '" + user + "'@'%'",
		} {
			_, err := root.ExecContext(t.Context(), q)
			require.NoError(t, err)
		}
		t.Cleanup(func() { _, _ = root.ExecContext(context.Background(), "DROP USER '"+user+"'@'%'") })
		db, err := mysqldb.Open(t.Context(), user+":p@tcp("+s.Addr()+")/", mysqldb.Options{Role: mysqldb.Target})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		_, err = lineage.Read(t.Context(), db, target)
		require.ErrorIs(t, err, lineage.ErrNoStateTable)
		require.ErrorIs(t, lineage.Begin(t.Context(), db,
			lineage.BeginSpec{Ref: lineage.Ref{Target: target, StateID: "a", Fence: 1}}), lineage.ErrNoStateTable)
	})
}

func TestReadServer(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db, target := open(t, s)
		was, err := lineage.ReadServer(t.Context(), db, "")
		require.NoError(t, err)
		require.NotEmpty(t, was.ID)
		require.True(t, was.Same(was))
		started, err := lineage.Started(t.Context(), db)
		require.NoError(t, err)
		require.Positive(t, started)
		require.False(t, was.Includes, "of no history nothing is known")
		_, err = db.ExecContext(t.Context(), "CREATE TABLE "+sqltext.Qualified(target)+" (id INT PRIMARY KEY)")
		require.NoError(t, err)
		now, err := lineage.ReadServer(t.Context(), db, was.History)
		require.NoError(t, err)
		require.Equal(t, was.History != "", now.Includes)
	})
}
