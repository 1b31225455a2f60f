package source_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestChooseUpperBoundIsJustBehindTheClockOfAnIdleServer(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		_, _, db, tbl := stamped(t, s)
		began := time.Now().UTC()
		micro := dbtest.Choose(t, db, tbl, "ts")
		ended := time.Now().UTC()
		require.Nil(t, micro.BlockedBy)
		require.Len(t, micro.Hi, len("2024-01-01 00:00:00.000000"))
		require.WithinRange(t, dbtest.Parse(t, micro.Now), began.Add(-time.Millisecond), ended)
		require.WithinRange(
			t,
			dbtest.Parse(t, micro.Hi),
			began.Add(-30*time.Second),
			dbtest.Parse(t, micro.Now).Add(-time.Microsecond),
		)

		second := dbtest.Choose(t, db, tbl, "dt", func(h *source.UpperBoundSpec) { h.Zone = "+00:00" })
		require.Len(t, second.Hi, len("2024-01-01 00:00:00"))
		require.False(
			t,
			dbtest.Parse(t, second.Hi).After(dbtest.Parse(t, second.Now).Truncate(time.Second).Add(-time.Second)),
			"%+v",
			second,
		)

		ahead := dbtest.Choose(t, db, tbl, "dt", func(h *source.UpperBoundSpec) { h.Zone = "+09:30" })
		require.WithinDuration(t, began.Add(9*time.Hour+30*time.Minute), dbtest.Parse(t, ahead.Hi), time.Minute)

		day := dbtest.Choose(
			t,
			db,
			tbl,
			"d",
			func(h *source.UpperBoundSpec) { h.Zone = "+00:00"; h.MinLag = time.Minute },
		)
		require.Equal(t, began.Add(-time.Minute).AddDate(0, 0, -1).Format("2006-01-02"), day.Hi)
		require.Equal(t, source.BlockerLag, day.BlockedBy.Kind)

		fixed := dbtest.Choose(t, db, tbl, "ts", func(h *source.UpperBoundSpec) { h.FixedLag = time.Hour })
		require.Equal(t, time.Hour+time.Microsecond, dbtest.Parse(t, fixed.Now).Sub(dbtest.Parse(t, fixed.Hi)))
	})
}

func TestChooseUpperBoundStaysBelowWhatAnOpenTransactionWrote(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		_, admin, db, tbl := stamped(t, s)
		writer := dbtest.Session(t, admin)
		dbtest.Run(t, writer, "SET time_zone = '+00:00'", "BEGIN", "INSERT INTO t () VALUES ()")
		dbtest.WaitUntil(
			t,
			admin,
			"SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_rows_modified > 0 AND"+
				" TIMESTAMPDIFF(SECOND, trx_started, NOW()) >= 4",
		)
		var ts, dt string
		require.NoError(t, writer.QueryRowContext(t.Context(), "SELECT ts, dt FROM t").Scan(&ts, &dt))
		dbtest.Exec(t, admin, "INSERT INTO t () VALUES ()") // a younger row is committed first

		h := dbtest.Choose(t, db, tbl, "ts")
		require.Less(t, h.Hi, ts)
		require.Equal(t, source.BlockerTransaction, h.BlockedBy.Kind)
		require.Equal(t, "idle", h.BlockedBy.State)
		require.NotZero(t, h.BlockedBy.Thread)
		require.Less(t, dbtest.Choose(t, db, tbl, "dt", func(h *source.UpperBoundSpec) { h.Zone = "+00:00" }).Hi, dt)

		held := dbtest.Choose(t, db, tbl, "id")
		require.Empty(t, held.Hi)
		require.Equal(t, "2", held.Samples[0].Max)
		require.Equal(t, source.BlockerTransaction, held.BlockedBy.Kind)
		older := source.CursorSample{Column: "id", At: "2020-01-01T00:00:00.000000Z", Max: "1"}
		require.Equal(
			t,
			"1",
			dbtest.Choose(
				t,
				db,
				tbl,
				"id",
				func(h *source.UpperBoundSpec) { h.Samples = append(held.Samples, older) },
			).Hi,
		)

		dbtest.Run(t, writer, "COMMIT")
		require.Greater(t, dbtest.Choose(t, db, tbl, "ts").Hi, ts)
		after := dbtest.Choose(t, db, tbl, "id")
		require.Equal(t, "2", after.Hi)
		require.Nil(t, after.BlockedBy)
	})
}

func TestTablesThatChooseAtOnceShareOneConnection(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		dbtest.Exec(t, s.DB(t, schema), dbtest.Stamped)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src", MaxOpen: 1})
		tbl := dbtest.Introspect(t, db, schema, "t")
		var group errgroup.Group
		for range 10 {
			group.Go(func() error {
				_, err := source.New(db).
					ChooseUpperBound(t.Context(), source.UpperBoundSpec{Table: tbl, Cursor: tbl.Column("ts").Column})
				return err
			})
		}
		require.NoError(t, group.Wait())
	})
}

func TestChooseUpperBoundIgnoresReaders(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := s.DB(t, schema)
		dbtest.Exec(t, admin, dbtest.Stamped, "INSERT INTO t () VALUES ()")
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		tbl := dbtest.Introspect(t, db, schema, "t")
		idle, busy := dbtest.Session(t, admin), dbtest.Session(t, admin)
		dbtest.Run(
			t,
			idle,
			"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
			"START TRANSACTION WITH CONSISTENT SNAPSHOT",
			"DO (SELECT COUNT(*) FROM t)",
		)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = busy.ExecContext(ctx, "SELECT SLEEP(60) FROM t")
		}()
		dbtest.WaitUntil(
			t,
			admin,
			"SELECT COUNT(*) FROM information_schema.innodb_trx WHERE TIMESTAMPDIFF(SECOND, trx_started, NOW()) >= 4",
		)
		before := dbtest.Parse(t, dbtest.Choose(t, db, tbl, "ts").Now)
		h := dbtest.Choose(t, db, tbl, "ts")
		require.Nil(t, h.BlockedBy)
		require.WithinRange(t, dbtest.Parse(t, h.Hi), before.Add(-3*time.Second), dbtest.Parse(t, h.Now))
		cancel()
		<-done
	})
}

// A statement that waits for a metadata lock has its NOW() frozen, and no transaction yet.
func TestChooseUpperBoundStaysBelowAnInsertThatWaitsForAMetadataLock(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema, admin, db, tbl := stamped(t, s)
		locker, writer := dbtest.Session(t, admin), dbtest.Session(t, admin)
		dbtest.Run(t, locker, "LOCK TABLES t READ")
		dbtest.Run(t, writer, "SET time_zone = '+00:00'")
		done := insertThatWaits(t, admin, writer)
		h := dbtest.Choose(t, db, tbl, "ts")
		require.Equal(t, source.BlockerStatement, h.BlockedBy.Kind)
		held := dbtest.Choose(t, db, tbl, "id")
		require.True(t, held.Empty)
		dbtest.Run(t, locker, "UNLOCK TABLES")
		require.NoError(t, <-done)
		require.Less(t, h.Hi, dbtest.Texts(t, dbtest.Lenient(t, s, schema), "SELECT ts FROM t")[0])
	})
}

// InnoDB dates the transaction of such a statement by the end of its wait.
func TestChooseUpperBoundStaysBelowATransactionWhoseFirstStatementWaited(t *testing.T) {
	s := servers.MySQL(t) // MariaDB has its performance schema off: only an overlap helps there
	schema, admin, db, tbl := stamped(t, s)
	locker, writer := dbtest.Session(t, admin), dbtest.Session(t, admin)
	dbtest.Run(t, locker, "LOCK TABLES t READ")
	dbtest.Run(t, writer, "SET time_zone = '+00:00'", "BEGIN")
	done := insertThatWaits(t, admin, writer)
	dbtest.Run(t, locker, "UNLOCK TABLES")
	require.NoError(t, <-done)
	h := dbtest.Choose(t, db, tbl, "ts")
	dbtest.Run(t, writer, "COMMIT")
	require.Less(t, h.Hi, dbtest.Texts(t, dbtest.Lenient(t, s, schema), "SELECT ts FROM t")[0])
}
