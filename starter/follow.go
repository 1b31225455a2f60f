package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/workflows"
)

// pollInterval is how often a run is asked for its status, where few are followed: each question
// is a task of a worker.
const pollInterval = time.Second

// silence is after how many unanswered questions in a row somebody is told why.
const silence = 2

// follow shows a run's progress until it ends. Only ctx and a long outage of Temporal end it sooner.
func (a *app) follow(ctx context.Context, f *following, tbl string, e execution, d display) (workflows.SyncTableResult, error) {
	var (
		last       workflows.Status
		answered   bool
		unanswered int
		teller     = newWaitTeller(func(text string) { d.note(tbl, text) })
	)
	return f.run(ctx, e, func(ctx context.Context) {
		s := f.service
		status, err := s.status(ctx, e)
		if err == nil {
			last, answered, unanswered = status, true, 0
		} else if unanswered++; unanswered == silence && ctx.Err() == nil {
			d.note(tbl, a.silent(ctx, s, err).Error())
		}
		steps, err := s.pending(ctx, e)
		if err != nil || steps.Closed != "" {
			steps = pending{}
		}
		if ctx.Err() != nil {
			return // it has just ended
		}
		now := join(last, steps)
		teller.tell(time.Now(), now.Waits)
		if answered {
			d.update(tbl, now)
		}
	})
}

// startRun starts a run. One of the same workflow id that is already there is another run that
// holds the table, and is treated as --if-busy says, like those that the table's owner finds.
func (a *app) startRun(ctx context.Context, f *following, in workflows.SyncTableInput, noWait bool, d display) (execution, error) {
	for {
		e, err := f.start(ctx, in)
		var busy *busyError
		if !errors.As(err, &busy) || in.IfBusy != api.IfBusyWait || noWait {
			return e, err
		}
		d.note(in.Table, "waiting for "+busy.holder.String())
		var failed *failedError
		if _, err := f.run(ctx, busy.holder, func(context.Context) {}); err != nil && !errors.As(err, &failed) {
			return busy.holder, err
		}
	}
}

func (a *app) interval() time.Duration {
	if a.poll == 0 {
		return pollInterval
	}
	return a.poll
}

// await looks every interval until wait returns or ctx ends; a nil look is none.
func await[T any](ctx context.Context, interval time.Duration, wait func() (T, error), look func()) (T, error) {
	type end struct {
		result T
		err    error
	}
	ended := make(chan end, 1)
	go func() {
		result, err := wait()
		ended <- end{result, err}
	}()
	var ticks <-chan time.Time
	if look != nil {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		ticks = tick.C
	}
	for {
		select {
		case x := <-ended:
			return x.result, x.err
		case <-ctx.Done():
			var none T
			return none, ctx.Err()
		case <-ticks:
			look()
		}
	}
}

// silent says why a question stayed without an answer: mostly because nobody is there to give one.
func (a *app) silent(ctx context.Context, s service, err error) error {
	if !isUnreachable(err) {
		return err
	}
	there, askErr := s.workers(ctx)
	switch {
	case askErr != nil:
		return err
	case there:
		return fmt.Errorf("no answer from a worker within %s: it is busy, or has just died; runs go on when one is there", queryTimeout)
	default:
		return a.noWorker()
	}
}

func (a *app) noWorker() error {
	return fmt.Errorf("no worker polls the task queue %q: start one, or name the right queue with --task-queue", a.taskQueue)
}
