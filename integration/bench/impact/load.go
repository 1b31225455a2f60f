package main

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/tablehaul/tablehaul/integration/scene"
)

// load is the worst that was seen of both servers during a phase.
type load struct {
	// lockWaits is how often a row lock was waited for on the target, by anyone.
	lockWaits int64
	// history is how long the history list of the source was, every sampleEvery: undo that could
	// not be purged yet.
	history []int64
	// threads is the most that were running on the target.
	threads int64
}

// sampleEvery is the pause between two looks at the servers.
const sampleEvery = 200 * time.Millisecond

// longestHistory is the longest that the history list was.
func (l load) longestHistory() int64 {
	if len(l.history) == 0 {
		return 0
	}
	return slices.Max(l.history)
}

// historyAbove is the longest time that the history list stayed above a length.
func (l load) historyAbove(length int64) time.Duration {
	longest, now := 0, 0
	for _, n := range l.history {
		now++
		if n <= length {
			now = 0
		}
		longest = max(longest, now)
	}
	return time.Duration(longest) * sampleEvery
}

// watchLoad samples until the returned function is called.
func watchLoad(ctx context.Context, s *scene.Scene) (stop func() load) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan load)
	before := status(ctx, s.TargetDB, "Innodb_row_lock_waits")
	go func() {
		var worst load
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				done <- worst
				return
			case <-tick.C:
				worst.threads = max(worst.threads, status(ctx, s.TargetDB, "Threads_running"))
				if n, err := scene.HistoryList(ctx, s.SourceDB); err == nil {
					worst.history = append(worst.history, n)
				}
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

// status is a number of the server's status, 0 where it cannot be had.
func status(ctx context.Context, db *sql.DB, name string) int64 {
	n, err := scene.Status(ctx, db, name)
	if err != nil {
		return 0
	}
	return n
}
