package upsert

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/txn"
)

// reaction is what withRetries does after a transaction that failed.
type reaction int

const (
	giveUp reaction = iota
	// backOff sleeps, and tries again: the next try may succeed.
	backOff
	// adapt tries again at once, with a changed statement or without some rows. It does not count
	// as a try, since each change happens a bounded number of times.
	adapt
)

// withRetries runs transactions until one commits, or until no further one would help.
func (w *writer) withRetries(ctx context.Context) (Result, error) {
	outcomeUnknown := false
	for try := 1; ; try++ {
		var watch *txn.LockWatch
		if try == MaxTries { // the lock has been there for two tries
			watch = txn.WatchLocks(ctx, w.db, w.plan.target.Name)
		}
		res, err := w.withLimiter(ctx)
		blocker := watch.Stop()
		if err == nil {
			res.Tries = try
			res.Approximate = res.Approximate || outcomeUnknown
			return res, nil
		}
		next := w.react(err, outcomeUnknown)
		if errors.Is(err, ErrOutcomeUnknown) {
			outcomeUnknown = true
		} else if outcomeUnknown && next != adapt {
			err = fmt.Errorf("%w, and then: %w", ErrOutcomeUnknown, mysqlerr.Safe(err))
		}
		switch {
		case next == adapt && len(w.order) == 0:
			return Result{Tries: try}, nil
		case next == adapt:
			try--
			continue
		case next == giveUp || try >= MaxTries:
			return Result{}, blocker.Describe(err)
		}
		w.heartbeat()
		if err := clock.Sleep(ctx, txn.RetryPause(try)); err != nil {
			return Result{}, err
		}
	}
}

// react decides what follows an error, and changes the plan or the rows where that helps.
func (w *writer) react(err error, outcomeUnknown bool) reaction {
	switch {
	case errors.Is(err, errLoadRefused):
		w.plan.load = ""
		return adapt
	case errors.Is(err, ErrOutcomeUnknown):
		if outcomeUnknown { // twice
			return giveUp
		}
		return backOff
	case mysqlerr.Classify(err) == mysqlerr.ClassSplit:
		if w.plan.halve() {
			return adapt
		}
	case (isUniqueConflict(err) || mysqlerr.NumberOf(err) == mysqlerr.ErrForeignKey) && w.dropRowsAboveWindow():
		return adapt
	case mysqlerr.IsLockConflict(err) || mysqlerr.NumberOf(err) == mysqlerr.ErrHandlerError:
		// Smaller chunks meet fewer rows of others, and hold their own locks for less time.
		w.spec.Sizer.onConflict(len(w.order))
		return backOff
	}
	return giveUp
}

// withLimiter runs one transaction within the limiter. Between two tries the chunk has no slot: while
// it waits for a lock, other chunks are written.
func (w *writer) withLimiter(ctx context.Context) (Result, error) {
	limiter := w.spec.Limiter
	if limiter == nil {
		res, err := w.transaction(ctx)
		if err == nil {
			w.onCommit(res)
		}
		return res, err
	}
	othersActive := func() bool { return w.db.OtherTrafficActive(ctx) }
	limiter.onFirstChunk(w.spec.MaxInFlight, w.db.IsFar(), othersActive)
	s, err := limiter.acquire(ctx, w.spec.Order, w.spec.MaxInFlight)
	if err != nil {
		return Result{}, err
	}
	res, err := w.transaction(ctx)
	if err != nil {
		limiter.release(s, 0, w.spec.MaxInFlight)
		return res, err
	}
	if w.onCommit(res) {
		limiter.onSlowTransaction(s)
	}
	limiter.release(s, len(w.order), w.spec.MaxInFlight)
	// The slot is free: no chunk waits for this query.
	limiter.onOtherTraffic(othersActive())
	limiter.onLatency(w.latency)
	return res, nil
}

// onCommit reports a committed transaction to the sizer. It returns true for one that took too long
// and cannot be made shorter by fewer rows.
func (w *writer) onCommit(res Result) (tooSlow bool) {
	return w.spec.Sizer.onCommit(committed{
		rows: len(w.order), took: time.Duration(res.Seconds * float64(time.Second)), latency: w.latency,
		longest: w.spec.MaxTransaction, minRows: w.spec.MinRows,
	})
}
