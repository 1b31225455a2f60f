package source_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
)

// A scene is one client of the source that is at work on table T, and what a window of T makes of it.
type scene struct {
	// prepare runs before; first runs on the client's connection and ends; last is still running
	// when the window is chosen, or is empty.
	prepare, first []string
	last           string
	// state is a part of the server's word for what last does then; empty for "User lock".
	state string
	// held says that T's window ends before it; heldWithout says the same where the server does not
	// show its metadata locks.
	held, heldWithout bool
}

const sleeper = "CREATE FUNCTION T_f() RETURNS INT NOT DETERMINISTIC NO SQL BEGIN DECLARE y INT; SET y =" +
	" GET_LOCK('T', 60); RETURN 1; END"

var scenes = map[string]scene{
	"trigger that waits": {
		prepare: []string{
			"CREATE TRIGGER T_r BEFORE INSERT ON T FOR EACH ROW BEGIN DECLARE y INT; SELECT x INTO y FROM gate" +
				" WHERE id = 1 FOR UPDATE; END",
		},
		last:        "INSERT INTO T (v) VALUES (1)",
		state:       "statistics",
		held:        true,
		heldWithout: true,
	},
	"trigger that waits for a lock of its own": {
		prepare: []string{
			"CREATE TRIGGER T_r BEFORE INSERT ON T FOR EACH ROW BEGIN DECLARE y INT; SELECT GET_LOCK('T', 60)" +
				" INTO y; END",
		},
		last:        "INSERT INTO T (v) VALUES (1)",
		held:        true,
		heldWithout: true,
	},
	"function in VALUES": {
		prepare: []string{sleeper},
		last:    "INSERT INTO T (v) VALUES (T_f())", held: true, heldWithout: true,
	},
	"function that writes": {
		prepare: []string{
			"CREATE FUNCTION T_f() RETURNS INT MODIFIES SQL DATA BEGIN DECLARE y INT; SELECT GET_LOCK('T', 60)" +
				" INTO y; INSERT INTO T (v) VALUES (1); RETURN 1; END",
		},
		last:        "SELECT T_f()",
		held:        true,
		heldWithout: true,
	},
	"trigger of another table": {
		prepare: []string{
			"CREATE TABLE T_o (v INT)",
			"CREATE TRIGGER T_r AFTER INSERT ON T_o FOR EACH ROW BEGIN DECLARE y INT; SELECT GET_LOCK('T', 60)" +
				" INTO y; INSERT INTO T (v) VALUES (1); END",
		},
		last:        "INSERT INTO T_o VALUES (1)",
		held:        true,
		heldWithout: true,
	},
	"two comments": {
		last:        "/* report 7 */ INSERT INTO T (v) /* from staging */ SELECT GET_LOCK('T', 60)",
		held:        true,
		heldWithout: true,
	},
	"update before its first row": {
		last: "UPDATE T SET v = 1, ts = NOW(6) WHERE GET_LOCK('T', 60) = 1", held: true, heldWithout: true,
	},
	"view": {
		prepare: []string{"CREATE VIEW T_v AS SELECT id, v FROM T"},
		last:    "INSERT INTO T_v (v) SELECT GET_LOCK('T', 60)", held: true, heldWithout: true,
	},
	"prepared statement": {
		first: []string{"PREPARE s FROM \"INSERT INTO T (v) SELECT GET_LOCK('T', 60)\""},
		last:  "EXECUTE s", held: true, heldWithout: true,
	},
	"procedure with a time of its own": {
		prepare: []string{
			"CREATE PROCEDURE T_p() BEGIN DECLARE n TIMESTAMP(6) DEFAULT NOW(6); DO GET_LOCK('T', 60); INSERT" +
				" INTO T (v, ts) VALUES (1, n); END",
		},
		last:        "CALL T_p()",
		held:        true,
		heldWithout: true,
	},
	"prepared procedure": {
		prepare: []string{
			"CREATE PROCEDURE T_p() BEGIN DECLARE n TIMESTAMP(6) DEFAULT NOW(6); DO GET_LOCK('T', 60); INSERT" +
				" INTO T (v, ts) VALUES (1, n); END",
		},
		first:       []string{"PREPARE s FROM \"CALL T_p()\""},
		last:        "EXECUTE s",
		held:        true,
		heldWithout: true,
	},
	"idle writer":           {first: []string{"BEGIN", "INSERT INTO T (v) VALUES (1)"}, held: true, heldWithout: true},
	"idle writer by delete": {first: []string{"SET autocommit = 0", "DELETE FROM T"}, held: true, heldWithout: true},
	"prepared XA": {
		first: []string{
			"XA START 'T'",
			"INSERT INTO T (v) VALUES (1)",
			"XA END 'T'",
			"XA PREPARE 'T'",
		},
		held:        true,
		heldWithout: true,
	},

	"writer of another table": {
		prepare:     []string{"CREATE TABLE T_o (v INT)"},
		first:       []string{"BEGIN", "INSERT INTO T_o VALUES (1)", "SELECT v FROM T"},
		heldWithout: true,
	},
	"statement on another table": {
		prepare:     []string{"CREATE TABLE T_o (v INT)"},
		last:        "INSERT INTO T_o SELECT GET_LOCK('T', 60) FROM T",
		heldWithout: true,
	},
	"dump": {
		first:       []string{"START TRANSACTION WITH CONSISTENT SNAPSHOT"},
		last:        "SELECT GET_LOCK('T', 60) FROM T",
		heldWithout: true,
	},
	"report without autocommit": {
		first:       []string{"SET autocommit = 0"},
		last:        "SELECT GET_LOCK('T', 60) FROM T",
		heldWithout: true,
	},
	"report with a function": {prepare: []string{sleeper}, last: "SELECT T_f() FROM T", heldWithout: true},
	"SELECT without a table": {last: "SELECT GET_LOCK('T', 60)", heldWithout: true},
	"idle lock":              {first: []string{"BEGIN", "SELECT * FROM T FOR UPDATE"}},
	"idle LOCK TABLES":       {first: []string{"LOCK TABLES T WRITE"}},
	"idle snapshot": {
		first: []string{"START TRANSACTION WITH CONSISTENT SNAPSHOT", "DO (SELECT COUNT(*) FROM T)"},
	},
	"plain SELECT": {last: "SELECT GET_LOCK('T', 60) FROM T"},
	"prepared SELECT": {
		first: []string{"PREPARE s FROM \"SELECT GET_LOCK('T', 60) FROM T\""},
		last:  "EXECUTE s",
	},
	"report in a READ ONLY one": {
		first: []string{"START TRANSACTION READ ONLY"},
		last:  "SELECT GET_LOCK('T', 60) FROM T",
	},
	"dump in a READ ONLY session": {
		first: []string{"SET SESSION TRANSACTION READ ONLY", "START TRANSACTION WITH CONSISTENT SNAPSHOT"},
		last:  "SELECT GET_LOCK('T', 60) FROM T",
	},
	"SELECT that begins by WITH":  {last: "WITH x AS (SELECT v FROM T) SELECT GET_LOCK('T', 60) FROM x"},
	"writer that has rolled back": {first: []string{"BEGIN", "INSERT INTO T (v) VALUES (1)", "ROLLBACK"}},
	"writer of a table like T": {
		prepare:     []string{"CREATE TABLE T2 (v INT)"},
		first:       []string{"BEGIN", "INSERT INTO T2 VALUES (1)"},
		heldWithout: true,
	},
	"writer to before a savepoint": {
		first: []string{"BEGIN", "SAVEPOINT a", "INSERT INTO T (v) VALUES (1)", "ROLLBACK TO SAVEPOINT a"},
	},
}

// playing is a scene under way.
type playing struct {
	scene
	table  *schema.Table
	thread uint64
	conn   *sql.Conn
	done   chan error
}

// play begins all scenes at once, each on a table of its own, and waits until all are as far as they get.
func play(t *testing.T, admin *sql.DB, db *mysqldb.DB, schema string) (all map[string]*playing, open func()) {
	t.Helper()
	n, gate := 0, dbtest.Session(t, admin)
	all = map[string]*playing{}
	dbtest.Exec(t, admin, "CREATE TABLE gate (id INT PRIMARY KEY, x INT)", "INSERT INTO gate VALUES (1, 1)")
	dbtest.Run(t, gate, "BEGIN", "SELECT * FROM gate FOR UPDATE")
	for n := range len(scenes) {
		dbtest.Run(t, gate, named("DO GET_LOCK('T', 0)", n+1))
	}
	for name, s := range scenes {
		n++
		columns := "(id INT AUTO_INCREMENT PRIMARY KEY, v INT," +
			" ts TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), KEY (ts))"
		dbtest.Exec(t, admin, named("CREATE TABLE T ", n)+columns, named("INSERT INTO T (v) VALUES (0)", n))
		p := &playing{scene: s, conn: dbtest.Session(t, admin), done: make(chan error, 1)}
		for _, stmt := range s.prepare {
			dbtest.Exec(t, admin, named(stmt, n))
		}
		p.table = dbtest.Introspect(t, db, schema, named("T", n))
		dbtest.Run(t, p.conn, "SET time_zone = '+00:00'")
		require.NoError(t, p.conn.QueryRowContext(t.Context(), "SELECT CONNECTION_ID()").Scan(&p.thread))
		for _, stmt := range s.first {
			dbtest.Run(t, p.conn, named(stmt, n))
		}
		t.Cleanup(func() { // where the test ended early, the transaction would hold back every other one
			_, _ = admin.ExecContext(context.WithoutCancel(t.Context()), "XA ROLLBACK '"+p.table.Name.Table+"'")
		})
		if s.last == "" {
			p.done <- nil
		} else {
			last := named(s.last, n)
			go func() {
				_, err := p.conn.ExecContext(context.WithoutCancel(t.Context()), last)
				p.done <- err
			}()
		}
		all[name] = p
	}
	awaitLast(t, admin, all)
	afterwards(t, gate, "ROLLBACK", "DO RELEASE_ALL_LOCKS()")
	return all, func() { dbtest.Run(t, gate, "ROLLBACK", "DO RELEASE_ALL_LOCKS()") }
}

// awaitLast waits until each scene's last statement has waited for three seconds.
func awaitLast(t *testing.T, admin *sql.DB, all map[string]*playing) {
	t.Helper()
	for name, p := range all {
		if p.last == "" {
			continue
		}
		state := p.state
		if state == "" {
			state = "User lock"
		}
		dbtest.WaitUntil(
			t,
			admin,
			fmt.Sprintf(
				"SELECT COUNT(*) FROM information_schema.processlist WHERE id = %d AND state LIKE '%%%s%%' AND"+
					" time >= 3 /* %s */",
				p.thread,
				state,
				name,
			),
		)
	}
}
