package mysqldb_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

const stamped = "CREATE TABLE t (id BIGINT AUTO_INCREMENT PRIMARY KEY, ts TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)," +
	" dt DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, d DATE NOT NULL DEFAULT '2000-01-01', KEY (ts), KEY (dt), KEY (d))"

// session is one connection of a client of the source.
func session(t testing.TB, db *sql.DB) *sql.Conn {
	t.Helper()
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func run(t testing.TB, conn *sql.Conn, stmts ...string) {
	t.Helper()
	for _, s := range stmts {
		_, err := conn.ExecContext(t.Context(), s)
		require.NoError(t, err, s)
	}
}

// choose chooses hi for a column of table t.
func choose(t testing.TB, db *mysqldb.DB, tbl *mysqldb.Table, column string, change ...func(*mysqldb.HiSpec)) mysqldb.Horizon {
	t.Helper()
	spec := mysqldb.HiSpec{Table: tbl, Cursor: tbl.Column(column).Column}
	for _, c := range change {
		c(&spec)
	}
	h, err := db.ChooseHi(t.Context(), spec)
	require.NoError(t, err)
	return h
}

// parse reads a bound of any precision.
func parse(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04:05.999999", text)
	require.NoError(t, err)
	return at
}

// waitUntil polls a condition on the server with a deadline.
func waitUntil(t testing.TB, db *sql.DB, query string) {
	t.Helper()
	require.Eventually(t, func() bool {
		var n int
		err := db.QueryRowContext(context.WithoutCancel(t.Context()), query).Scan(&n)
		return err == nil && n > 0
	}, 20*time.Second, 50*time.Millisecond, query)
}

func TestChooseHiIsJustBehindTheClockOfAnIdleServer(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := s.DB(t, schema)
		exec(t, admin, stamped)
		db := open(t, s, mysqldb.Options{Name: "src"})
		tbl := introspect(t, db, schema, "t")
		began := time.Now().UTC()
		micro := choose(t, db, tbl, "ts")
		ended := time.Now().UTC()
		require.Nil(t, micro.HeldBy)
		require.Len(t, micro.Hi, len("2024-01-01 00:00:00.000000"))
		require.WithinRange(t, parse(t, micro.Now), began.Add(-time.Millisecond), ended)
		require.WithinRange(t, parse(t, micro.Hi), began.Add(-3*time.Second), parse(t, micro.Now).Add(-time.Microsecond))

		second := choose(t, db, tbl, "dt", func(h *mysqldb.HiSpec) { h.Zone = "+00:00" })
		require.Len(t, second.Hi, len("2024-01-01 00:00:00"))
		require.False(t, parse(t, second.Hi).After(parse(t, second.Now).Truncate(time.Second).Add(-time.Second)), "%+v", second)

		ahead := choose(t, db, tbl, "dt", func(h *mysqldb.HiSpec) { h.Zone = "+09:30" })
		require.WithinDuration(t, began.Add(9*time.Hour+30*time.Minute), parse(t, ahead.Hi), 10*time.Second)

		day := choose(t, db, tbl, "d", func(h *mysqldb.HiSpec) { h.Zone = "+00:00"; h.MinLag = time.Minute })
		require.Equal(t, began.Add(-time.Minute).AddDate(0, 0, -1).Format("2006-01-02"), day.Hi)
		require.Equal(t, mysqldb.HolderLag, day.HeldBy.Kind)

		fixed := choose(t, db, tbl, "ts", func(h *mysqldb.HiSpec) { h.FixedLag = time.Hour })
		require.Equal(t, time.Hour+time.Microsecond, parse(t, fixed.Now).Sub(parse(t, fixed.Hi)))
	})
}

func TestChooseHiStaysBelowWhatAnOpenTransactionWrote(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := s.DB(t, schema)
		exec(t, admin, stamped)
		db := open(t, s, mysqldb.Options{Name: "src"})
		tbl := introspect(t, db, schema, "t")
		writer := session(t, admin)
		run(t, writer, "SET time_zone = '+00:00'", "BEGIN", "INSERT INTO t () VALUES ()")
		waitUntil(t, admin, "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_rows_modified > 0 AND TIMESTAMPDIFF(SECOND, trx_started, NOW()) >= 4")
		var ts, dt string
		require.NoError(t, writer.QueryRowContext(t.Context(), "SELECT ts, dt FROM t").Scan(&ts, &dt))
		exec(t, admin, "INSERT INTO t () VALUES ()") // a younger row is committed first

		h := choose(t, db, tbl, "ts")
		require.Less(t, h.Hi, ts)
		require.Equal(t, mysqldb.HolderTransaction, h.HeldBy.Kind)
		require.Equal(t, "idle", h.HeldBy.State)
		require.NotZero(t, h.HeldBy.Thread)
		require.Less(t, choose(t, db, tbl, "dt", func(h *mysqldb.HiSpec) { h.Zone = "+00:00" }).Hi, dt)

		held := choose(t, db, tbl, "id")
		require.Empty(t, held.Hi)
		require.Equal(t, "2", held.Marks[0].Max)
		require.Equal(t, mysqldb.HolderTransaction, held.HeldBy.Kind)
		older := mysqldb.Mark{Column: "id", At: "2020-01-01T00:00:00.000000Z", Max: "1"}
		require.Equal(t, "1", choose(t, db, tbl, "id", func(h *mysqldb.HiSpec) { h.Marks = append(held.Marks, older) }).Hi)

		run(t, writer, "COMMIT")
		require.Greater(t, choose(t, db, tbl, "ts").Hi, ts)
		after := choose(t, db, tbl, "id")
		require.Equal(t, "2", after.Hi)
		require.Nil(t, after.HeldBy)
	})
}

func TestTablesThatChooseAtOnceShareOneConnection(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		exec(t, s.DB(t, schema), stamped)
		db := open(t, s, mysqldb.Options{Name: "src", MaxOpen: 1})
		tbl := introspect(t, db, schema, "t")
		var group errgroup.Group
		for range 10 {
			group.Go(func() error {
				_, err := db.ChooseHi(t.Context(), mysqldb.HiSpec{Table: tbl, Cursor: tbl.Column("ts").Column})
				return err
			})
		}
		began := time.Now()
		require.NoError(t, group.Wait())
		require.Less(t, time.Since(began), 5*time.Second)
	})
}

func TestChooseHiIgnoresReaders(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := s.DB(t, schema)
		exec(t, admin, stamped, "INSERT INTO t () VALUES ()")
		db := open(t, s, mysqldb.Options{Name: "src"})
		tbl := introspect(t, db, schema, "t")
		idle, busy := session(t, admin), session(t, admin)
		run(t, idle, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT", "DO (SELECT COUNT(*) FROM t)")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = busy.ExecContext(ctx, "SELECT SLEEP(60) FROM t")
		}()
		waitUntil(t, admin, "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE TIMESTAMPDIFF(SECOND, trx_started, NOW()) >= 4")
		h := choose(t, db, tbl, "ts")
		require.Nil(t, h.HeldBy)
		require.WithinDuration(t, parse(t, h.Now), parse(t, h.Hi), 3*time.Second)
		cancel()
		<-done
	})
}

// A statement that waits for a metadata lock has its NOW() frozen, and no transaction yet.
func TestChooseHiStaysBelowAnInsertThatWaitsForAMetadataLock(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := s.DB(t, schema)
		exec(t, admin, stamped)
		db := open(t, s, mysqldb.Options{Name: "src"})
		tbl := introspect(t, db, schema, "t")
		locker, writer := session(t, admin), session(t, admin)
		run(t, locker, "LOCK TABLES t READ")
		run(t, writer, "SET time_zone = '+00:00'")
		done := make(chan error, 1)
		go func() {
			_, err := writer.ExecContext(context.WithoutCancel(t.Context()), "INSERT INTO t () VALUES ()")
			done <- err
		}()
		waitUntil(t, admin, "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'INSERT INTO t%' AND time >= 4")
		h := choose(t, db, tbl, "ts")
		require.Equal(t, mysqldb.HolderStatement, h.HeldBy.Kind)
		held := choose(t, db, tbl, "id")
		require.True(t, held.Empty)
		run(t, locker, "UNLOCK TABLES")
		require.NoError(t, <-done)
		require.Less(t, h.Hi, texts(t, lenient(t, s, schema), "SELECT ts FROM t")[0])
	})
}

// InnoDB dates the transaction of such a statement by the end of its wait.
func TestChooseHiStaysBelowATransactionWhoseFirstStatementWaited(t *testing.T) {
	s := servers.MySQL(t) // MariaDB has its performance schema off: only an overlap helps there
	schema := s.Schema(t)
	admin := s.DB(t, schema)
	exec(t, admin, stamped)
	db := open(t, s, mysqldb.Options{Name: "src"})
	tbl := introspect(t, db, schema, "t")
	locker, writer := session(t, admin), session(t, admin)
	run(t, locker, "LOCK TABLES t READ")
	run(t, writer, "SET time_zone = '+00:00'", "BEGIN")
	done := make(chan error, 1)
	go func() {
		_, err := writer.ExecContext(context.WithoutCancel(t.Context()), "INSERT INTO t () VALUES ()")
		done <- err
	}()
	waitUntil(t, admin, "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'INSERT INTO t%' AND time >= 4")
	run(t, locker, "UNLOCK TABLES")
	require.NoError(t, <-done)
	h := choose(t, db, tbl, "ts")
	run(t, writer, "COMMIT")
	require.Less(t, h.Hi, texts(t, lenient(t, s, schema), "SELECT ts FROM t")[0])
}

func TestChooseHiDoesNotCareForTheZoneOfTheServer(t *testing.T) {
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Setenv("TZ", "America/Los_Angeles") // the operating system's zone, as mysqld sees it
			s := servers.Private(t, flavor, "--default-time-zone=+05:00")
			schema := s.Schema(t)
			admin := s.DB(t, schema)
			exec(t, admin, stamped)
			require.NotEqual(t, "UTC", texts(t, admin, "SELECT @@system_time_zone")[0])
			db := open(t, s, mysqldb.Options{Name: "src"})
			tbl := introspect(t, db, schema, "t")
			writer := session(t, admin)
			run(t, writer, "BEGIN", "INSERT INTO t () VALUES ()")
			waitUntil(t, admin, "SELECT SUM(time) >= 3 FROM information_schema.processlist WHERE command = 'Sleep'")
			h := choose(t, db, tbl, "ts")
			local := choose(t, db, tbl, "dt")
			run(t, writer, "COMMIT")
			utc := time.Now().UTC()
			require.Less(t, h.Hi, texts(t, lenient(t, s, schema), "SELECT ts FROM t")[0])
			require.WithinDuration(t, utc, parse(t, h.Hi), 30*time.Second)
			require.Less(t, local.Hi, texts(t, admin, "SELECT dt FROM t")[0])
			require.WithinDuration(t, utc.Add(5*time.Hour), parse(t, local.Hi), 30*time.Second)
		})
	}
}

func TestChooseHiIsHeldByAPreparedTransaction(t *testing.T) {
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			s := servers.Private(t, flavor)
			schema := s.Schema(t)
			admin := s.DB(t, schema)
			exec(t, admin, stamped)
			db := open(t, s, mysqldb.Options{Name: "src"})
			tbl := introspect(t, db, schema, "t")
			writer := session(t, admin)
			run(t, writer, "SET time_zone = '+00:00'", "XA START 'x'", "INSERT INTO t () VALUES ()", "XA END 'x'", "XA PREPARE 'x'")
			_ = writer.Raw(func(any) error { return sql.ErrConnDone })
			h := choose(t, db, tbl, "ts")
			s.Kill(t)
			s.Restart(t)
			recovered := choose(t, db, tbl, "ts")
			require.Empty(t, recovered.Hi)
			require.Equal(t, mysqldb.HolderXA, recovered.HeldBy.Kind)
			exec(t, admin, "XA COMMIT 'x'")
			ts := texts(t, lenient(t, s, schema), "SELECT ts FROM t")[0]
			require.Less(t, h.Hi, ts)
			require.Greater(t, choose(t, db, tbl, "ts").Hi, ts)
		})
	}
}

func TestChooseHiCountsRowsOfTheFutureAndDoesNotFollowThem(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := lenient(t, s, schema)
		exec(t, admin, stamped, "INSERT INTO t (ts, dt) VALUES (NOW(), NOW()), (NOW(), '2099-01-01'), (NOW(), '2099-01-02')")
		db := open(t, s, mysqldb.Options{Name: "src"})
		h := choose(t, db, introspect(t, db, schema, "t"), "dt", func(h *mysqldb.HiSpec) { h.Zone = "+00:00" })
		require.EqualValues(t, 2, h.Future)
		require.Less(t, h.Hi, h.Now)
	})
}

func TestChooseHiNeedsThePrivilegeOrAFixedLag(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := s.DB(t, schema)
		exec(t, admin, stamped, "CREATE USER "+schema+"@'%' IDENTIFIED BY 'pw'", "GRANT SELECT ON "+schema+".* TO "+schema+"@'%'")
		t.Cleanup(func() { _, _ = admin.ExecContext(context.WithoutCancel(t.Context()), "DROP USER "+schema+"@'%'") })
		db, err := mysqldb.Open(t.Context(), schema+":pw@tcp("+s.Addr()+")/", mysqldb.Options{Name: "src"})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		tbl := introspect(t, db, schema, "t")
		_, err = db.ChooseHi(t.Context(), mysqldb.HiSpec{Table: tbl, Cursor: tbl.Column("ts").Column})
		require.ErrorIs(t, err, mysqldb.ErrNeedsProcess)
		h := choose(t, db, tbl, "ts", func(h *mysqldb.HiSpec) { h.FixedLag = time.Minute })
		require.Equal(t, time.Minute+time.Microsecond, parse(t, h.Now).Sub(parse(t, h.Hi)))

		exec(t, admin, "GRANT PROCESS ON *.* TO "+schema+"@'%'")
		again, err := mysqldb.Open(t.Context(), schema+":pw@tcp("+s.Addr()+")/", mysqldb.Options{Name: "src"})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, again.Close()) })
		require.NotEmpty(t, choose(t, again, tbl, "ts").Hi) // without a privilege on the performance schema
	})
}
