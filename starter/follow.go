package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/remote"
)

const (
	// pollInterval is how often a run is asked for its status, where four or fewer are followed. A worker answers.
	pollInterval = time.Second
	// quietPolls is how many polls in a row stay without an answer before the reason is printed.
	quietPolls = 2
)

// runner starts and follows runs side by side.
type runner struct {
	*app
	service  service
	follower *remote.Follower
	display  display
	// several runs have one link together.
	several bool
}

// newRunner returns a runner for the tables, which shows their progress where it follows them. The caller closes its
// follower and its display.
func (a *app) newRunner(ctx context.Context, s service, tables []string, follows bool) *runner {
	var shown display = quiet{a.stderr}
	if follows && !a.web {
		shown = a.display(tables)
	}
	return &runner{a, s, remote.NewFollower(ctx, s, a.interval()), shown, len(tables) > 1}
}

// follow shows a run's progress until the run ends. Only ctx and a long outage of Temporal stop it earlier.
func (r *runner) follow(ctx context.Context, tbl string, e remote.Execution) (api.SyncTableResult, error) {
	var (
		last       api.Status
		answered   bool
		unanswered int
		printer    = newWaitPrinter(func(text string) { r.display.message(tbl, text) })
	)
	return r.follower.Run(ctx, e, func(ctx context.Context) {
		status, err := r.service.Status(ctx, e)
		if err == nil {
			last, answered, unanswered = status, true, 0
		} else if unanswered++; unanswered == quietPolls && ctx.Err() == nil {
			r.display.message(tbl, r.explainSilence(ctx, r.service, err).Error())
		}
		steps, err := r.service.Pending(ctx, e)
		if err != nil || steps.Closed != "" {
			steps = remote.Pending{}
		}
		if ctx.Err() != nil {
			return // the run has ended since
		}
		now := remote.Join(last, steps)
		printer.update(time.Now(), now.Waits)
		if answered {
			r.display.update(tbl, now)
		}
	})
}

// start starts a run. A run with the same workflow id holds the table, and --if-busy decides what happens then, as it
// does where the table's state workflow finds a run with another id.
func (r *runner) start(ctx context.Context, in api.SyncTableInput, noWait bool) (remote.Execution, error) {
	for {
		e, err := r.follower.Start(ctx, in)
		var busy *remote.BusyError
		if !errors.As(err, &busy) || in.IfBusy != api.IfBusyWait || noWait {
			return e, err
		}
		r.display.message(in.Table, "waiting for "+busy.Holder.String())
		var failed *remote.FailedError
		if _, err := r.follower.Run(ctx, busy.Holder, func(context.Context) {}); err != nil &&
			!errors.As(err, &failed) {
			return busy.Holder, err
		}
	}
}

func (a *app) interval() time.Duration {
	if a.poll == 0 {
		return pollInterval
	}
	return a.poll
}

// await calls poll at the interval until wait returns or ctx ends.
func await[T any](ctx context.Context, interval time.Duration, wait func() (T, error), poll func()) (T, error) {
	type end struct {
		result T
		err    error
	}
	ended := make(chan end, 1)
	go func() {
		result, err := wait()
		ended <- end{result, err}
	}()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case x := <-ended:
			return x.result, x.err
		case <-ctx.Done():
			var none T
			return none, ctx.Err()
		case <-tick.C:
			poll()
		}
	}
}

// explainSilence says why a query got no answer: mostly because no worker runs.
func (a *app) explainSilence(ctx context.Context, s service, err error) error {
	if !remote.IsUnreachable(err) {
		return err
	}
	there, askErr := s.HasWorker(ctx)
	switch {
	case askErr != nil:
		return err
	case there:
		return fmt.Errorf("no worker answered within %s: it is busy, or has just ended; runs go on as soon as a "+
			"worker runs", remote.QueryTimeout)
	default:
		return a.noWorker()
	}
}

func (a *app) noWorker() error {
	return fmt.Errorf("no worker polls the task queue %q: start one, or name the right queue with --task-queue",
		a.taskQueue)
}
