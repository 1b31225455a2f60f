package activities

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/failure"
)

// attempt is what translate knows of the running attempt at a step.
type attempt struct {
	failures *failures
	// step is unique for a step over all its attempts.
	step  string
	begun time.Time
}

type attemptKey struct{}

// withAttempt wraps a step: it heartbeats where it has a heartbeat timeout, and its failures are counted by time.
func withAttempt[Out any](
	a *Activities, f func(context.Context) (Out, error),
) func(context.Context) (Out, error) {
	return func(ctx context.Context) (out Out, err error) {
		info := activity.GetInfo(ctx)
		at := &attempt{&a.failures, info.WorkflowExecution.RunID + "/" + info.ActivityID, time.Now()}
		ctx, stop := withPulse(context.WithValue(ctx, attemptKey{}, at))
		defer stop()
		out, err = f(ctx)
		at.end(err)
		return out, err
	}
}

// end takes in how the attempt has ended.
func (a *attempt) end(err error) {
	switch {
	case isWait(err):
		a.failures.waited(a.step, a.begun)
	case !mayLast(err):
		a.failures.forget(a.step)
	}
}

// waits are the failures of an attempt that has found that it is too early.
var waits = []string{failure.Throttled, failure.FilesIncomplete, failure.OpenTransactions}

func isWait(err error) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && !app.NonRetryable() && slices.Contains(waits, app.Type())
}

// mayLast reports whether the next attempt may fail in the same way.
func mayLast(err error) bool {
	var app *temporal.ApplicationError
	switch {
	case err == nil, errors.Is(err, context.Canceled), temporal.IsCanceledError(err):
		return false
	case errors.As(err, &app):
		return !app.NonRetryable()
	}
	return true
}

// lasted reports whether the running step has failed in a way for longer than limit, with this failure; 0 is no limit.
func lasted(ctx context.Context, typ string, limit time.Duration) bool {
	at, ok := ctx.Value(attemptKey{}).(*attempt)
	return ok && limit > 0 && at.failures.seen(at.step, typ, at.begun) > limit
}

// failures remembers which steps fail, and for how long, so that only a failure that lasts ends a run. The time since a
// step was scheduled does not say it: the step may have waited for its hours, or read for long.
type failures struct {
	mu sync.Mutex
	// steps has, by step and by type of failure, how long it lasts.
	steps map[string]map[string]streak
}

// streak is how long a failure lasts.
type streak struct {
	// spent is that time up to the last such failure, or up to the wait that has come since. Waits do not count.
	spent time.Duration
	// last is when the failure was seen last.
	last time.Time
	// waited says that a wait has come since. It goes on until the next attempt begins that does not wait.
	waited bool
}

// mostFailing bounds the steps that are remembered. Where more fail at once, the counts begin again.
const mostFailing = 10_000

// seen takes in a failure of an attempt that began at a time, and returns for how long the step fails in this way. If
// the attempt began long after the last such failure, the step has met other troubles since: the count begins again.
func (f *failures) seen(step, typ string, begun time.Time) time.Duration {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	types := f.steps[step]
	if types == nil {
		if f.steps == nil || len(f.steps) >= mostFailing {
			f.steps = map[string]map[string]streak{}
		}
		types = map[string]streak{}
		f.steps[step] = types
	}
	s, ok := types[typ]
	switch {
	case !ok || begun.Sub(s.last) > patience:
		s.spent = 0
	case s.waited:
		s.spent += now.Sub(begun)
	default:
		s.spent += now.Sub(s.last)
	}
	s.last, s.waited = now, false
	types[typ] = s
	return s.spent
}

// waited takes in an attempt that began at a time, and has found that it is too early. What was counted stays: a step
// that waits between its failures fails all the same.
func (f *failures) waited(step string, begun time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for typ, s := range f.steps[step] {
		if !s.waited {
			s.spent, s.waited = s.spent+max(0, begun.Sub(s.last)), true
			f.steps[step][typ] = s
		}
	}
}

// forget forgets a step that has ended.
func (f *failures) forget(step string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.steps, step)
}
