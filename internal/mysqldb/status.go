package mysqldb

import (
	"context"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

// ThreadsRunning is how many threads of the server are at work now, the asking one included.
func (d *DB) ThreadsRunning(ctx context.Context) (int, error) {
	n, err := d.globalStatus(ctx, "Threads_running")
	if err != nil {
		return 0, fmt.Errorf("ask for running threads: %w", mysqlerr.Safe(err))
	}
	return int(n), nil
}

// globalStatus is a number of the server's status, which any login may read.
func (d *DB) globalStatus(ctx context.Context, name string) (n int64, err error) {
	err = d.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE '"+name+"'").Scan(&name, &n)
	return n, err
}
