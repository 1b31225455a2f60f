package target

import (
	"context"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

// ExecCancelable is DB.execCancelable for tests of another package.
func ExecCancelable(ctx context.Context, d *mysqldb.DB, statement string) error {
	return execCancelable(ctx, d, statement)
}

// ExecWatched is ExecCancelable with its own pause between looks.
func ExecWatched(ctx context.Context, d *mysqldb.DB, statement string, every time.Duration) error {
	conn, err := d.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return execWatched(ctx, d, conn, statement, every)
}
