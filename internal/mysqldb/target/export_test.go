package target

import (
	"context"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

// ExecEndable is DB.execEndable for tests of another package.
func ExecEndable(ctx context.Context, d *mysqldb.DB, statement string) error {
	return execEndable(ctx, d, statement)
}

// ExecWatched is ExecEndable with its own pause between looks.
func ExecWatched(ctx context.Context, d *mysqldb.DB, statement string, every time.Duration) error {
	conn, err := d.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return execWatched(ctx, d, conn, statement, every)
}
