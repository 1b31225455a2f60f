package txn

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Committed says how a transaction went.
type Committed struct {
	// Approximate says that an earlier try with an unknown outcome may have written what this one has found there.
	Approximate bool
	// Seconds is how long the committed transaction took; Tries counts transactions, that one included.
	Seconds float64
	Tries   int
}

// Run runs body between START TRANSACTION and COMMIT, on a connection of its own. After a lock conflict, and once
// after a COMMIT without an answer, it tries the whole again, MaxTries times at most: body begins from nothing each
// time, and finds what an earlier try may have written. Name is the table whose locks an error speaks of.
//
// An error of body rolls everything back. Besides errors of body and of the server it returns [ErrOutcomeUnknown].
func Run(
	ctx context.Context, d *mysqldb.DB, name table.Name, body func(ctx context.Context, conn *sql.Conn) error,
) (Committed, error) {
	unknown := false
	for try := 1; ; try++ {
		var watch *LockWatch
		if try == MaxTries { // the lock has been there for two tries
			watch = WatchLocks(ctx, d, name)
		}
		seconds, err := once(ctx, d, body)
		blocker := watch.Stop()
		switch {
		case err == nil:
			return Committed{Approximate: unknown, Seconds: seconds, Tries: try}, nil
		case errors.Is(err, ErrOutcomeUnknown) && !unknown:
			unknown = true
		case !mysqlerr.IsLockConflict(err) || try >= MaxTries:
			return Committed{}, blocker.Describe(err)
		}
		if err := clock.Sleep(ctx, RetryPause(try)); err != nil {
			return Committed{}, err
		}
	}
}

// once is one try. An error rolls everything back, except one that wraps ErrOutcomeUnknown.
func once(
	ctx context.Context, d *mysqldb.DB, body func(ctx context.Context, conn *sql.Conn) error,
) (seconds float64, err error) {
	conn, err := d.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }() // an error means that the pool has dropped the connection already
	begun := time.Now()
	if _, err = conn.ExecContext(ctx, "START TRANSACTION"); err != nil {
		Drop(conn) // the server may have executed it
		return 0, err
	}
	if err = body(ctx, conn); err == nil {
		err = ctx.Err() // a context that ends before COMMIT is sent leaves nothing
	}
	if err != nil {
		Rollback(ctx, conn)
		if mysqlerr.IsFailover(err) || errors.Is(err, mysqldb.ErrOtherServer) {
			Drop(conn) // the address may lead to another server by now
		}
		return 0, err
	}
	err = Commit(ctx, conn)
	return time.Since(begun).Seconds(), err
}
