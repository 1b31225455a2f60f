package source_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A statement with NOW() frozen that has not come to lock the table: it waits for the lock of
// another one, or for a lock of the whole server.
func TestOpenWorkThatWaitsForALock(t *testing.T) {
	t.Parallel()
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			s := servers.Private(t, flavor) // whose global lock stops no other test
			schema := s.Schema(t)
			admin := s.DB(t, schema)
			dbtest.Exec(
				t,
				admin,
				dbtest.Stamped,
				"CREATE TABLE u (id INT PRIMARY KEY)",
				"INSERT INTO u VALUES (1)",
				"INSERT INTO t (id) VALUES (1)",
			)
			db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
			tbl := dbtest.Introspect(t, db, schema, "t")
			for lock, statement := range map[string]string{
				"LOCK TABLES u READ":          "UPDATE u JOIN t ON u.id = t.id SET u.id = u.id, t.ts = NOW(6)",
				"FLUSH TABLES WITH READ LOCK": "UPDATE t SET ts = NOW(6)",
			} {
				locker, writer := dbtest.Session(t, admin), dbtest.Session(t, admin)
				dbtest.Run(t, writer, "SET time_zone = '+00:00'")
				id := connectionID(t, writer)
				dbtest.Run(t, locker, lock)
				afterwards(t, locker, "UNLOCK TABLES")
				done := make(chan error, 1)
				go func() {
					_, err := writer.ExecContext(context.WithoutCancel(t.Context()), statement)
					done <- err
				}()
				dbtest.WaitUntil(
					t,
					admin,
					fmt.Sprintf(
						"SELECT COUNT(*) FROM information_schema.processlist WHERE id = %d AND state LIKE"+
							" 'Waiting %%' AND time >= 3",
						id,
					),
				)
				h := dbtest.Choose(t, db, tbl, "ts")
				require.NotNil(t, h.BlockedBy, statement)
				require.Equal(t, id, h.BlockedBy.Thread, statement)
				dbtest.Run(t, locker, "UNLOCK TABLES")
				require.NoError(t, <-done)
				require.Less(t, h.Hi, dbtest.Texts(t, dbtest.Lenient(t, s, schema), "SELECT ts FROM t")[0], statement)
			}
		})
	}
}

// afterwards lets go what a test that ended early would leave locked, with its sessions waiting.
func afterwards(t *testing.T, conn *sql.Conn, stmts ...string) {
	t.Helper()
	t.Cleanup(func() {
		for _, s := range stmts {
			_, _ = conn.ExecContext(context.WithoutCancel(t.Context()), s)
		}
	})
}

func connectionID(t *testing.T, conn *sql.Conn) (id uint64) {
	t.Helper()
	require.NoError(t, conn.QueryRowContext(t.Context(), "SELECT CONNECTION_ID()").Scan(&id))
	return id
}

// With autocommit off, the server dates a transaction by the end of its first statement's wait.
func TestATransactionIsDatedByItsFirstStatement(t *testing.T) {
	s := servers.MySQL(t) // MariaDB does not tell: only an overlap helps there
	schema, admin, db, tbl := stamped(t, s)
	locker, writer := dbtest.Session(t, admin), dbtest.Session(t, admin)
	dbtest.Run(t, locker, "LOCK TABLES t READ")
	afterwards(t, locker, "UNLOCK TABLES")
	dbtest.Run(t, writer, "SET time_zone = '+00:00', autocommit = 0")
	done := insertThatWaits(t, admin, writer)
	dbtest.Run(t, locker, "UNLOCK TABLES")
	require.NoError(t, <-done)
	var ends []string
	for _, later := range []int{2, 10} { // the server keeps the last ten
		for range later {
			dbtest.Run(t, writer, "DO 1")
		}
		ends = append(ends, dbtest.Choose(t, db, tbl, "ts").Hi)
	}
	dbtest.Run(t, writer, "COMMIT")
	row := dbtest.Texts(t, dbtest.Lenient(t, s, schema), "SELECT ts FROM t")[0]
	for _, end := range ends {
		require.Less(t, end, row)
	}
}

// Where the server keeps no statement that has ended, a transaction is dated by the longest one of its connection. That
// of an earlier transaction holds no window back.
func TestATransactionIsDatedWithoutItsFirstStatement(t *testing.T) {
	t.Parallel()
	s := servers.Private(t, servers.FlavorMySQL)
	schema, admin, db, tbl := stamped(t, s)
	dbtest.Exec(t, admin, "UPDATE performance_schema.setup_consumers SET ENABLED = 'NO' WHERE NAME = "+
		"'events_statements_history'")
	locker, writer := dbtest.Session(t, admin), dbtest.Session(t, admin)
	dbtest.Run(t, locker, "LOCK TABLES t READ")
	afterwards(t, locker, "UNLOCK TABLES")
	dbtest.Run(t, writer, "SET time_zone = '+00:00', autocommit = 0")
	done := insertThatWaits(t, admin, writer)
	dbtest.Run(t, locker, "UNLOCK TABLES")
	require.NoError(t, <-done)
	dbtest.Run(t, writer, "DO 1")
	first := dbtest.Choose(t, db, tbl, "ts").Hi
	dbtest.Run(t, writer, "COMMIT", "INSERT INTO t () VALUES ()", "DO 1")
	second := dbtest.Choose(t, db, tbl, "ts").Hi
	dbtest.Run(t, writer, "COMMIT")
	lenient := dbtest.Lenient(t, s, schema)
	rows := dbtest.Texts(t, lenient, "SELECT ts FROM t ORDER BY id")
	require.Less(t, first, rows[0])
	require.Less(t, second, rows[1])
	// InnoDB's own date is up to two seconds too early. The wait was longer.
	require.Greater(t, second, dbtest.Texts(t, lenient, "SELECT MAX(ts) - INTERVAL 3 SECOND FROM t")[0])
}

// A prepared XA transaction holds back the tables that it has locked, with and without its session.
func TestAPreparedTransactionHoldsItsTablesOnly(t *testing.T) {
	t.Parallel()
	s := servers.Private(t, servers.FlavorMySQL)
	schema := s.Schema(t)
	admin := s.DB(t, schema)
	dbtest.Exec(t, admin, dbtest.Stamped, "CREATE TABLE u LIKE t", "CREATE TABLE o LIKE t")
	db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
	held := map[string]bool{}
	look := func(when string, want map[string]bool) {
		t.Helper()
		for _, name := range []string{"t", "u", "o"} {
			h := dbtest.Choose(t, db, dbtest.Introspect(t, db, schema, name), "ts")
			held[name] = h.BlockedBy != nil && h.BlockedBy.Kind == source.BlockerXA
		}
		require.Equal(t, want, held, when)
	}
	writer := dbtest.Session(t, admin)
	id := connectionID(t, writer)
	dbtest.Run(t, writer, "XA START 'x'", "INSERT INTO t () VALUES ()", "XA END 'x'", "XA PREPARE 'x'")
	only := map[string]bool{"t": true, "u": false, "o": false}
	look("prepared", only)
	dbtest.Run(t, writer, "BEGIN", "INSERT INTO u () VALUES ()")
	look("its session goes on", only)
	_ = writer.Raw(func(any) error { return driver.ErrBadConn }) // which closes it
	dbtest.WaitUntil(t, admin, fmt.Sprintf("SELECT COUNT(*) = 0 FROM information_schema.processlist WHERE id = %d", id))
	look("its session is gone", only)
	s.Kill(t)
	s.Restart(t)
	look("restarted", only)
	dbtest.Exec(t, admin, "XA COMMIT 'x'")
	look("committed", map[string]bool{"t": false, "u": false, "o": false})
}

// Where the server did not record locks when a transaction took them, it counts for every table.
func TestLocksThatWereNotRecorded(t *testing.T) {
	t.Parallel()
	s := servers.Private(t, servers.FlavorMySQL)
	schema := s.Schema(t)
	admin := s.DB(t, schema)
	dbtest.Exec(t, admin, dbtest.Stamped, "CREATE TABLE u LIKE t")
	db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
	instrument := "UPDATE performance_schema.setup_instruments SET ENABLED = '%s' WHERE NAME =" +
		" 'wait/lock/metadata/sql/mdl'"
	dbtest.Exec(t, admin, fmt.Sprintf(instrument, "NO"))
	writer := dbtest.Session(t, admin)
	dbtest.Run(t, writer, "BEGIN", "INSERT INTO u () VALUES ()")
	id := connectionID(t, writer)
	dbtest.WaitUntil(
		t,
		admin,
		"SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_rows_modified > 0 AND"+
			" TIMESTAMPDIFF(SECOND, trx_started, NOW()) >= 4",
	)
	tbl := dbtest.Introspect(t, db, schema, "t")
	for _, recorded := range []string{"NO", "YES"} {
		dbtest.Exec(t, admin, fmt.Sprintf(instrument, recorded))
		h := dbtest.Choose(t, db, tbl, "ts")
		require.NotNil(t, h.BlockedBy, recorded)
		require.Equal(t, id, h.BlockedBy.Thread, recorded)
	}
	consumer := "UPDATE performance_schema.setup_consumers SET ENABLED = 'NO' WHERE NAME =" +
		" 'events_transactions_current'"
	for _, off := range []string{fmt.Sprintf(instrument, "NO"), consumer} {
		dbtest.Exec(t, admin, fmt.Sprintf(instrument, "YES"), off)
		require.Contains(
			t,
			strings.Join(dbtest.Found(t, db, tbl, source.CheckSpec{Cursor: "ts"}, table.LevelInfo), "\n"),
			"the server does not record metadata locks",
			off,
		)
	}
}

// What a statement is doing that has no lock on the table, and may yet write it.
func TestStatementsThatMayYetLock(t *testing.T) {
	for _, c := range []struct {
		kind, state    string
		program, holds bool
		may            bool
	}{
		{kind: "statement/abstract/Query", state: "starting", may: true}, // reads its text: 14 s for 27 MB
		{kind: "statement/abstract/Query", may: true},
		{kind: "statement/sql/select", state: "Opening tables", holds: true, may: true},
		{kind: "statement/sql/update_multi", state: "checking permissions", may: true},
		{kind: "statement/sql/insert", state: "Executing hook on transaction begin.", holds: true, may: true},
		{kind: "statement/sql/insert", state: "a state of a later version", may: true},
		{kind: "statement/sql/insert", state: "update", holds: true},
		{kind: "statement/sql/select", state: "executing"},
		{kind: "statement/sql/call_procedure", state: "User sleep", program: true, holds: true, may: true},
		{kind: "statement/scheduler/event", state: "User sleep", program: true, may: true},
		{kind: "statement/com/Execute", state: "executing"},
		{kind: "statement/com/Execute", state: "executing", program: true, may: true},
		{kind: "", state: "executing", may: true},
		{kind: "statement/sql/commit", state: "waiting for handler commit", holds: true},
	} {
		require.Equal(t, c.may, source.MayYetLock(c.kind, c.state, c.program, c.holds), "%+v", c)
	}
}

// An event runs like a procedure, in a thread of the server's own.
func TestAnEventIsOpenWork(t *testing.T) {
	t.Parallel()
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			s := servers.Private(t, flavor, "--event-scheduler=ON")
			schema := s.Schema(t)
			admin := s.DB(t, schema)
			dbtest.Exec(t, admin, dbtest.Stamped)
			db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
			tbl := dbtest.Introspect(t, db, schema, "t")
			for _, wait := range []string{"DO GET_LOCK('gate', 60)", "INSERT INTO u ()" +
				" VALUES ()"} { // of its own, and for a metadata lock
				gate := dbtest.Session(t, admin)
				dbtest.Run(t, gate, "CREATE TABLE u LIKE t", "LOCK TABLES u READ", "DO GET_LOCK('gate', 0)")
				afterwards(t, gate, "UNLOCK TABLES", "DO RELEASE_ALL_LOCKS()")
				dbtest.Exec(
					t,
					admin,
					"CREATE EVENT e ON SCHEDULE AT NOW() DO BEGIN DECLARE n TIMESTAMP(6) DEFAULT"+
						" NOW(6); "+wait+"; INSERT INTO t (ts) VALUES (n); END",
				)
				dbtest.WaitUntil(
					t,
					admin,
					"SELECT COUNT(*) FROM information_schema.processlist WHERE time >= 3 AND (state = 'User"+
						" lock' OR state LIKE 'Waiting for table%')",
				)
				h := dbtest.Choose(t, db, tbl, "ts")
				require.NotNil(t, h.BlockedBy, wait)
				require.Equal(t, source.BlockerStatement, h.BlockedBy.Kind, wait)
				dbtest.Run(t, gate, "UNLOCK TABLES", "DO RELEASE_ALL_LOCKS()")
				dbtest.WaitUntil(t, admin, "SELECT COUNT(*) FROM t")
				require.Less(t, h.Hi, dbtest.Texts(t, dbtest.Lenient(t, s, schema), "SELECT ts FROM t")[0], wait)
				dbtest.Exec(t, admin, "DELETE FROM t", "DROP TABLE u")
			}
		})
	}
}
