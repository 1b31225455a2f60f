package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/throttle"
)

// waitNow says whether db may be used now under the table's limits, and if not, why.
func (a *Activities) waitNow(ctx context.Context, db mysqldb.Reader, s Settings) (throttle.Wait, error) {
	l := s.Throttle
	if l.IsZero() {
		return throttle.Wait{}, nil
	}
	wait, err := l.AtHour(time.Now())
	if err != nil || wait.Reason != "" {
		return wait, err
	}
	if l.ThreadsRunning > 0 {
		n, err := db.ThreadsRunning(ctx)
		if err != nil {
			return throttle.Wait{}, translate(ctx, err, where{db.ConnectionName(), "look at the server's load"})
		}
		if wait := l.AtThreads(db.ConnectionName(), n); wait.Reason != "" {
			return wait, nil
		}
	}
	if l.ReplicaLag == 0 {
		return throttle.Wait{}, nil
	}
	for _, name := range l.Replicas {
		at := where{name, "look at the replica's lag"}
		replica, err := a.deps.Source(ctx, name)
		if err != nil {
			return throttle.Wait{}, translate(ctx, err, at)
		}
		lag, known, err := replica.ReplicaLag(ctx)
		if err != nil {
			return throttle.Wait{}, translate(ctx, err, at)
		}
		if wait := l.AtLag(name, lag, known); wait.Reason != "" {
			return wait, nil
		}
	}
	return throttle.Wait{}, nil
}

// throttled is the failure of a step that may not begin yet: it is retried when it is time to
// look again, and shows as a pending step with its reason.
func throttled(w throttle.Wait) error {
	return temporal.NewApplicationErrorWithOptions("waiting: "+w.Reason, failure.Throttled,
		temporal.ApplicationErrorOptions{NextRetryDelay: w.For})
}

// waitOut waits inside a step that heartbeats, until db may be used. say gets the reason, and "" when the wait is over.
func (a *Activities) waitOut(ctx context.Context, db mysqldb.Reader, s Settings, say func(reason string)) error {
	defer say("")
	for {
		w, err := a.waitNow(ctx, db, s)
		if err != nil || w.Reason == "" {
			return err
		}
		say(w.Reason)
		begun := time.Now()
		err = clock.Sleep(ctx, w.For)
		a.deps.Metrics.Throttled(s.Table.String(), time.Since(begun))
		if err != nil {
			return err
		}
	}
}
