package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// notices is what a table's owner does about telling people: one message at a time, beside its
// updates, which never wait for it. What has been told is in the owner's state.
type notices struct {
	// news says that there may be something to do.
	pending bool
	// sending is the event being told, "" for none; cancel gives it up.
	sending string
	cancel  workflow.CancelFunc
	// wake is when the next timer fires, the zero time where none is set.
	wake time.Time
}

// tell begins to tell what is due, and gives up telling what is so no more: a receiver that
// was away for an hour gets no message about what has passed.
func (o *stateWorkflow) notify(ctx workflow.Context) {
	n := &o.notices
	n.pending = false
	now := workflow.Now(ctx)
	due := o.state.Due(now)
	switch {
	case n.sending != "" && n.sending != due:
		n.cancel() // its end is news
	case n.sending == "" && due != "":
		o.send(ctx, due)
	}
	at, known := o.state.StaleAt()
	if known && now.Before(at) && (n.wake.IsZero() || at.Before(n.wake)) {
		o.wakeAt(ctx, at, now)
	}
}

// send tells one event, which a step retries for a day; after that it counts as told.
func (o *stateWorkflow) send(ctx workflow.Context, event string) {
	n := &o.notices
	in := activities.NotifyInput{
		Table: o.state.Table, Event: event, Time: workflow.Now(ctx).UTC(), FreshAt: o.state.FreshAt,
		FailedRuns: o.state.FailedRuns, HeldBack: o.state.HeldBack,
	}
	if runs := o.state.LastRuns; len(runs) > 0 {
		in.LastRun = &runs[len(runs)-1]
	}
	sending, cancel := workflow.WithCancel(ctx)
	n.sending, n.cancel = event, cancel
	workflow.Go(sending, func(ctx workflow.Context) {
		err := workflow.ExecuteActivity(withOptions(ctx, notifyOptions, "tell that "+o.state.Table+" "+owner.EventText(event)), "Notify", in).Get(ctx, nil)
		n.sending, n.pending = "", true
		if temporal.IsCanceledError(err) {
			return
		}
		if err != nil {
			workflow.GetLogger(ctx).Error("nobody was told, given up", "table", o.state.Table, "event", event, "error", err)
		}
		if o.state.Notices != nil {
			o.state.Notices.SetNotified(event)
		}
	})
}

// wakeAt makes it news when a table may have become stale. The timer is not moved by runs that
// come first: it looks again when it fires, which costs one timer in that time.
func (o *stateWorkflow) wakeAt(ctx workflow.Context, at, now time.Time) {
	n := &o.notices
	n.wake = at
	timer := workflow.NewTimerWithOptions(ctx, at.Sub(now), workflow.TimerOptions{Summary: "stale unless a run comes first"})
	workflow.Go(ctx, func(ctx workflow.Context) {
		_ = timer.Get(ctx, nil) // a cancel ends the owner anyway
		if n.wake.Equal(at) {
			n.wake = time.Time{}
		}
		n.pending = true
	})
}

// stopTelling ends a message on its way before the owner continues as new, which begins it again.
func (o *stateWorkflow) stopNotifying(ctx workflow.Context) error {
	if o.notices.sending == "" {
		return nil
	}
	o.notices.cancel()
	return workflow.Await(ctx, func() bool { return o.notices.sending == "" })
}
