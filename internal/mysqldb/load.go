package mysqldb

import (
	"context"
	"fmt"
	"time"
)

// ThreadsRunning is how many threads of the server are at work now, the asking one included.
func (d *DB) ThreadsRunning(ctx context.Context) (int, error) {
	n, err := d.globalStatus(ctx, "Threads_running")
	if err != nil {
		return 0, fmt.Errorf("ask for running threads: %w", Safe(err))
	}
	return int(n), nil
}

// globalStatus is a number of the server's status, which any login may read.
func (d *DB) globalStatus(ctx context.Context, name string) (n int64, err error) {
	err = d.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE '"+name+"'").Scan(&name, &n)
	return n, err
}

// ReplicaLag is how far the server is behind those that it replicates from, in whole seconds:
// the longest of its channels. known is false where a channel does not say, as when its
// replication is stopped, where the account may not ask (REPLICATION CLIENT; on MariaDB
// REPLICA MONITOR), or where the server replicates from nobody.
func (d *DB) ReplicaLag(ctx context.Context) (lag time.Duration, known bool, err error) {
	channels, seen, err := d.replicaChannels(ctx)
	if err != nil {
		return 0, false, fmt.Errorf("ask for the replica's lag: %w", Safe(err))
	}
	if !seen || len(channels) == 0 {
		return 0, false, nil
	}
	known = true
	for _, c := range channels {
		behind, says := secondsBehind(c)
		known = known && says
		lag = max(lag, behind)
	}
	return lag, known, nil
}
