package txn

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

// ErrOutcomeUnknown is wrapped where the connection failed after COMMIT was sent: the target may have
// what the transaction wrote.
var ErrOutcomeUnknown = errors.New("the commit was not answered")

// MaxTries bounds the tries of a transaction after lock conflicts. The caller may retry later.
const MaxTries = 3

// rollbackTimeout bounds a statement that ends a transaction after an error. Without an answer the connection is
// dropped.
const rollbackTimeout = 3 * time.Second

// Commit ends the transaction. Where the connection fails meanwhile, the outcome is unknown. After any other error,
// nothing of the transaction is left.
func Commit(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "COMMIT")
	switch {
	case err == nil:
		return nil
	case mysqlerr.IsConnectionLost(err) || mysqlerr.Classify(err) == mysqlerr.ClassCanceled:
		Drop(conn)
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, mysqlerr.Safe(err))
	}
	Rollback(ctx, conn)
	return err
}

// Rollback ends the transaction, even where the caller's context has ended. A connection that does not
// confirm it is dropped; the server then rolls back by itself.
func Rollback(ctx context.Context, conn *sql.Conn) { Restore(ctx, conn, "ROLLBACK") }

// Restore runs a statement that makes the connection fit for others, even where the caller's context has ended. A
// connection that does not confirm it is dropped.
func Restore(ctx context.Context, conn *sql.Conn, statement string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	if _, err := conn.ExecContext(ctx, statement); err != nil {
		Drop(conn)
	}
}

// Drop closes the connection instead of giving it back to the pool.
func Drop(conn *sql.Conn) {
	// Raw returns the error that it is given, and the pool acts on it.
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

// RetryPause is 50 to 150 ms times the number of tries, so that two writers with a conflict do not meet again.
func RetryPause(try int) time.Duration {
	return time.Duration(try) * (50*time.Millisecond + rand.N(100*time.Millisecond))
}
