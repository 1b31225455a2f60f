package main

import (
	"context"
	"database/sql"
	"time"

	"github.com/tablehaul/tablehaul/integration/scene"
)

// load is the worst that was seen of both servers during a phase.
type load struct {
	// lockWaits is how often a row lock was waited for on the target, by anyone.
	lockWaits int64
	// history is the longest history list of the source: undo that could not be purged.
	history int64
	// threads is the most that were running on the target.
	threads int64
}

// watchLoad samples until the returned function is called.
func watchLoad(ctx context.Context, s *scene.Scene) (stop func() load) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan load)
	before := status(ctx, s.TargetDB, "Innodb_row_lock_waits")
	go func() {
		var worst load
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				done <- worst
				return
			case <-tick.C:
				worst.threads = max(worst.threads, status(ctx, s.TargetDB, "Threads_running"))
				worst.history = max(worst.history, historyList(ctx, s.SourceDB))
			}
		}
	}()
	return func() load {
		cancel()
		worst := <-done
		worst.lockWaits = status(context.WithoutCancel(ctx), s.TargetDB, "Innodb_row_lock_waits") - before
		return worst
	}
}

// status is a number of SHOW GLOBAL STATUS, 0 where it cannot be had.
func status(ctx context.Context, db *sql.DB, name string) int64 {
	var n int64
	if err := db.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE '"+name+"'").Scan(&name, &n); err != nil {
		return 0
	}
	return n
}

// historyList is the length of the source's history list.
func historyList(ctx context.Context, db *sql.DB) int64 {
	var n int64
	if err := db.QueryRowContext(ctx, "SELECT `count` FROM information_schema.innodb_metrics WHERE name = 'trx_rseg_history_len'").Scan(&n); err != nil {
		return 0
	}
	return n
}
