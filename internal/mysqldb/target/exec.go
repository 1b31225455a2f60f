package target

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/wire"
)

const (
	// killTimeout bounds the KILL of a statement that is not wanted any more.
	killTimeout = 5 * time.Second
	// watchEvery is the pause between two looks whether a long statement is still there, and
	// unseenLimit how many in a row have to miss it.
	watchEvery  = 15 * time.Second
	unseenLimit = 3
)

// errStatementGone is a long statement that the server does not run any more, while its connection is silent.
var errStatementGone = errors.New("the server does not have the statement any more, and the connection says nothing")

// execWatched executes a long statement that does not outlive ctx: closing its connection, which is all that a driver
// does, would let it run on.
func execWatched(ctx context.Context, d *mysqldb.DB, conn *sql.Conn, statement string, every time.Duration) error {
	// The comment identifies the statement. A proxy may answer CONNECTION_ID() itself, and that number may be
	// another client's connection on the server.
	verb, rest, _ := strings.Cut(statement, " ")
	marked := verb + " /* tablehaul-" + rand.Text() + " */ "
	inner, cancel := context.WithCancelCause(wire.WithReadTimeout(ctx, wire.NoReadTimeout))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTimeout)
		defer cancel()
		if id, err := statementOf(detached, d, marked); err == nil && id != 0 { // it may have ended meanwhile
			_, _ = d.ExecContext(detached, fmt.Sprintf("KILL QUERY %d", id))
		}
	})
	defer stop()
	go watchStatement(inner, d, marked, every, func() { cancel(errStatementGone) })
	_, err := conn.ExecContext(inner, marked+rest)
	if err != nil && errors.Is(context.Cause(inner), errStatementGone) {
		return mysqldb.LostConn(errStatementGone)
	}
	return err
}

// watchStatement looks whether the server still has a statement, until ctx ends.
func watchStatement(ctx context.Context, d *mysqldb.DB, marked string, every time.Duration, onGone func()) {
	for unseen := 0; unseen < unseenLimit; {
		if clock.Sleep(ctx, every) != nil {
			return
		}
		id, err := statementOf(ctx, d, marked)
		switch {
		case err != nil: // a server that cannot be asked proves nothing
		case id != 0:
			unseen = 0
		default:
			unseen++
		}
	}
	onGone()
}

// statementOf is the connection whose statement begins with a text, 0 for none.
func statementOf(ctx context.Context, d *mysqldb.DB, marked string) (id int64, err error) {
	const find = "SELECT COALESCE(MAX(ID), 0) FROM information_schema.PROCESSLIST WHERE LEFT(INFO, CHAR_LENGTH(?)) = ?"
	err = d.QueryRowContext(ctx, find, marked, marked).Scan(&id)
	return id, err
}
