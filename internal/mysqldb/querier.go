package mysqldb

import (
	"context"
	"database/sql"
	"time"
)

// Querier runs statements: a pool, one of its connections, or a transaction.
type Querier interface {
	RowQuerier
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Sleep waits for d, or returns the error of a context that ends before.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
