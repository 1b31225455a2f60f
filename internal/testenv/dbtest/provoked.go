package dbtest

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

// Provoker makes a server say one error. Its target is a session as the program opens them, its
// admin and other pools are anybody's. The schema has a table t of two rows, 1 and 2.
type Provoker struct {
	*testing.T
	Server *servers.Server
	Schema string
	Admin  *sql.DB
	Target *sql.Conn
}

// NewProvoker makes a schema with a table t of two rows, and a session of the target's kind.
func NewProvoker(t *testing.T, s *servers.Server) *Provoker {
	t.Helper()
	p := &Provoker{T: t, Server: s, Schema: s.Schema(t)}
	p.Admin = s.DB(t, p.Schema)
	Exec(t, p.Admin, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20)) ENGINE=InnoDB",
		"INSERT INTO t VALUES (1, 's3cret'), (2, 's3cret')")
	p.Target = p.Session("")
	return p
}

// Session is a target session of ours, in the schema. An empty login is root.
func (p *Provoker) Session(login string) *sql.Conn {
	p.Helper()
	db, err := p.Open(login)
	require.NoError(p, err)
	conn := Session(p.T, db.DB)
	_, err = conn.ExecContext(p.Context(), "USE "+p.Schema)
	require.NoError(p, err)
	return conn
}

// Open opens a pool of ours as a login that is written user:password.
func (p *Provoker) Open(login string) (*mysqldb.DB, error) {
	dsn := p.Server.DSN("")
	if login != "" {
		dsn = login + dsn[strings.Index(dsn, "@"):]
	}
	db, err := mysqldb.Open(p.Context(), dsn, mysqldb.Options{Name: "dw", Role: mysqldb.Target})
	if err == nil {
		p.Cleanup(func() { _ = db.Close() })
	}
	return db, err
}

// Login makes a login, limited as MySQL writes it, with grants on the schema.
func (p *Provoker) Login(limits string, grants ...string) string {
	p.Helper()
	Exec(p, p.Admin, "CREATE USER "+p.Schema+"@'%' IDENTIFIED BY 'pw' "+limits)
	p.Cleanup(func() { _, _ = p.Admin.ExecContext(BackgroundOf(p), "DROP USER "+p.Schema+"@'%'") })
	for _, g := range grants {
		Exec(p, p.Admin, "GRANT "+g+" TO "+p.Schema+"@'%'")
	}
	return p.Schema + ":pw"
}

// Say runs statements in the target's session, and returns the first error.
func (p *Provoker) Say(statements ...string) error { return p.SayAs(p.Target, statements...) }

// SayAs runs statements in a session, and returns the first error.
func (p *Provoker) SayAs(conn *sql.Conn, statements ...string) error {
	for _, q := range statements {
		if _, err := conn.ExecContext(p.Context(), q); err != nil {
			return err
		}
	}
	return nil
}

// Locked has another session hold row 1 in a transaction, and returns that session.
func (p *Provoker) Locked() *sql.Conn {
	p.Helper()
	other := Session(p.T, p.Admin)
	require.NoError(p, p.SayAs(other, "BEGIN", "UPDATE t SET v = 'x' WHERE id = 1"))
	return other
}

// WhileWaiting lets the target's session wait for the lock of row 1, does something to it, and
// returns what the statement came back with.
func (p *Provoker) WhileWaiting(do string) error {
	p.Helper()
	p.Locked()
	var id int
	require.NoError(p, p.Target.QueryRowContext(p.Context(), "SELECT CONNECTION_ID()").Scan(&id))
	require.NoError(p, p.Say("SET innodb_lock_wait_timeout = 60"))
	done := make(chan error, 1)
	go func() { done <- p.Say("UPDATE t SET v = 's3cret' WHERE id = 1") }()
	waits := fmt.Sprintf("SELECT COUNT(*) FROM information_schema.processlist WHERE id = %d AND info LIKE 'UPDATE%%'",
		id)
	require.Eventually(p, func() bool { return Texts(p, p.Admin, waits)[0] == "1" }, Soon, 10*time.Millisecond)
	Exec(p, p.Admin, strings.ReplaceAll(do, "ID", fmt.Sprint(id)))
	return <-done
}

// BackgroundOf is for what a cleanup has to say when the test's own context has ended.
func BackgroundOf(p *Provoker) context.Context { return context.WithoutCancel(p.Context()) }

// UntilError repeats a statement until the session's end is noticed.
func (p *Provoker) UntilError(statement string) (err error) {
	p.Helper()
	require.Eventually(p, func() bool { err = p.Say(statement); return err != nil }, Soon, 10*time.Millisecond)
	return err
}
