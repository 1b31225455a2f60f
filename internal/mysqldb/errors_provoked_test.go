package mysqldb_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// provoker makes a server say one error. Its target is a session as the program opens them, its
// admin and other pools are anybody's. The schema has a table t of two rows, 1 and 2.
type provoker struct {
	*testing.T
	server *servers.Server
	schema string
	admin  *sql.DB
	target *sql.Conn
}

func newProvoker(t *testing.T, s *servers.Server) *provoker {
	t.Helper()
	p := &provoker{T: t, server: s, schema: s.Schema(t)}
	p.admin = s.DB(t, p.schema)
	exec(t, p.admin, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20)) ENGINE=InnoDB", "INSERT INTO t VALUES (1, 's3cret'), (2, 's3cret')")
	p.target = p.session("")
	return p
}

// session is a target session of ours, in the schema. An empty login is root.
func (p *provoker) session(login string) *sql.Conn {
	p.Helper()
	db, err := p.open(login)
	require.NoError(p, err)
	conn := session(p.T, db.DB)
	_, err = conn.ExecContext(p.Context(), "USE "+p.schema)
	require.NoError(p, err)
	return conn
}

// open opens a pool of ours as a login that is written user:password.
func (p *provoker) open(login string) (*mysqldb.DB, error) {
	dsn := p.server.DSN("")
	if login != "" {
		dsn = login + dsn[strings.Index(dsn, "@"):]
	}
	db, err := mysqldb.Open(p.Context(), dsn, mysqldb.Options{Name: "dw", Role: mysqldb.Target})
	if err == nil {
		p.Cleanup(func() { _ = db.Close() })
	}
	return db, err
}

// login makes a login, limited as MySQL writes it, with grants on the schema.
func (p *provoker) login(limits string, grants ...string) string {
	p.Helper()
	exec(p, p.admin, "CREATE USER "+p.schema+"@'%' IDENTIFIED BY 'pw' "+limits)
	p.Cleanup(func() { _, _ = p.admin.ExecContext(backgroundOf(p), "DROP USER "+p.schema+"@'%'") })
	for _, g := range grants {
		exec(p, p.admin, "GRANT "+g+" TO "+p.schema+"@'%'")
	}
	return p.schema + ":pw"
}

// say runs statements in the target's session, and returns the first error.
func (p *provoker) say(statements ...string) error { return p.sayAs(p.target, statements...) }

func (p *provoker) sayAs(conn *sql.Conn, statements ...string) error {
	for _, q := range statements {
		if _, err := conn.ExecContext(p.Context(), q); err != nil {
			return err
		}
	}
	return nil
}

// locked has another session hold row 1 in a transaction, and returns that session.
func (p *provoker) locked() *sql.Conn {
	p.Helper()
	other := session(p.T, p.admin)
	require.NoError(p, p.sayAs(other, "BEGIN", "UPDATE t SET v = 'x' WHERE id = 1"))
	return other
}

// whileWaiting lets the target's session wait for the lock of row 1, does something to it, and
// returns what the statement came back with.
func (p *provoker) whileWaiting(do string) error {
	p.Helper()
	p.locked()
	var id int
	require.NoError(p, p.target.QueryRowContext(p.Context(), "SELECT CONNECTION_ID()").Scan(&id))
	require.NoError(p, p.say("SET innodb_lock_wait_timeout = 60"))
	done := make(chan error, 1)
	go func() { done <- p.say("UPDATE t SET v = 's3cret' WHERE id = 1") }()
	waits := fmt.Sprintf("SELECT COUNT(*) FROM information_schema.processlist WHERE id = %d AND info LIKE 'UPDATE%%'", id)
	require.Eventually(p, func() bool { return texts(p, p.admin, waits)[0] == "1" }, soon, 10*time.Millisecond)
	exec(p, p.admin, strings.ReplaceAll(do, "ID", fmt.Sprint(id)))
	return <-done
}

// endless is a SELECT that would run for hours.
const endless = "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c"

// provoked is one error number and how to come by it.
type provoked struct {
	number uint16
	// on is the only flavor that says it; empty is both.
	on    servers.Flavor
	class mysqldb.Class
	// says is a part of the sentence; it names what is wrong, and for a name of theirs holds it.
	says string
	by   func(p *provoker) error
}

// requireProvoked holds an error against what the table of errors promises of its number.
func requireProvoked(t *testing.T, want provoked, err error) {
	t.Helper()
	require.Error(t, err)
	safe := mysqldb.Safe(err)
	require.Equal(t, want.number, mysqldb.NumberOf(safe), "%v", err)
	require.Equal(t, want.class, mysqldb.Classify(safe), "%v", err)
	require.ErrorContains(t, safe, want.says)
	require.ErrorContains(t, safe, fmt.Sprintf("(error %d)", want.number))
	require.NotContains(t, safe.Error(), "s3cret")
	permanent := want.class == mysqldb.ClassConfiguration || want.class == mysqldb.ClassRowData
	require.Equal(t, permanent, mysqldb.IsPermanent(safe))
	if permanent || want.class == mysqldb.ClassCapacity || want.class == mysqldb.ClassFailover {
		require.NotEmpty(t, mysqldb.Describe(safe).Remedy, "nobody knows what to do")
	}
}

// shouldSay runs a table of errors, each as a subtest with the number's name.
func shouldSay(t *testing.T, s *servers.Server, table []provoked) {
	for _, c := range table {
		if c.on != "" && c.on != s.Flavor {
			continue
		}
		name := fmt.Sprint(c.number)
		t.Run(name, func(t *testing.T) { requireProvoked(t, c, c.by(newProvoker(t, s))) })
	}
}

// Every number that two sessions and a login can provoke, one by one, on real servers.
func TestEachErrorNumberIsWhatItsClassSays(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for _, table := range [][]provoked{provokedByOthers, provokedByGrants, provokedByNames, provokedByRows} {
			shouldSay(t, s, table)
		}
	})
}

// A connection that is gone has no number in Go: what C clients call 2006 and 2013.
func TestEachWayToLoseAConnectionIsRetried(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, by := range map[string]func(p *provoker) error{
			"2013, killed during a statement": func(p *provoker) error { return p.whileWaiting("KILL ID") },
			"2006, killed between statements": func(p *provoker) error {
				var id int
				require.NoError(p, p.target.QueryRowContext(p.Context(), "SELECT CONNECTION_ID()").Scan(&id))
				exec(p, p.admin, fmt.Sprintf("KILL %d", id))
				return p.untilError("DO 1")
			},
			"4031, idle for too long": func(p *provoker) error {
				require.NoError(p, p.say("SET wait_timeout = 1"))
				var id int
				require.NoError(p, p.target.QueryRowContext(p.Context(), "SELECT CONNECTION_ID()").Scan(&id))
				there := fmt.Sprintf("SELECT COUNT(*) FROM information_schema.processlist WHERE id = %d", id)
				require.Eventually(p, func() bool { return texts(p, p.admin, there)[0] == "0" }, soon, 50*time.Millisecond)
				return p.untilError("DO 1")
			},
		} {
			t.Run(name, func(t *testing.T) {
				p := newProvoker(t, s)
				err := mysqldb.Safe(by(p))
				t.Log(err)
				require.Equal(t, mysqldb.ClassRetry, mysqldb.Classify(err), "%v", err)
				number := mysqldb.NumberOf(err)
				require.Contains(t, []uint16{0, 1317, 1927, 4031}, number, "%v", err)
				require.NotContains(t, err.Error(), "s3cret")
				require.NoError(t, p.sayAs(p.session(""), "UPDATE t SET v = '' WHERE id = 2"), "a new connection")
			})
		}
	})
}

// backgroundOf is for what a cleanup has to say when the test's own context has ended.
func backgroundOf(p *provoker) context.Context { return context.WithoutCancel(p.Context()) }

// untilError repeats a statement until the session's end is noticed.
func (p *provoker) untilError(statement string) (err error) {
	p.Helper()
	require.Eventually(p, func() bool { err = p.say(statement); return err != nil }, soon, 10*time.Millisecond)
	return err
}
