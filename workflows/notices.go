package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// notices sends the messages of a table to the webhook, one at a time, beside the updates of the state workflow, which
// never wait for a message. Which events were sent is in the state.
type notices struct {
	// pending says that an event may be due.
	pending bool
	// sending is the event being sent, "" for none; cancel ends its step.
	sending string
	cancel  workflow.CancelFunc
	// wake is when the next timer fires, the zero time if none is set.
	wake time.Time
}

// notify begins to send the event that is due, and ends the step of an event that is due no more: a receiver that was
// away for an hour gets no message about the past.
func (o *stateWorkflow) notify(ctx workflow.Context) {
	n := &o.notices
	n.pending = false
	now := workflow.Now(ctx)
	due := o.state.Due(now)
	switch {
	case n.sending != "" && n.sending != due:
		n.cancel() // when it has ended, pending is set again
	case n.sending == "" && due != "":
		o.send(ctx, due)
	}
	at, known := o.state.StaleAt()
	if known && now.Before(at) && (n.wake.IsZero() || at.Before(n.wake)) {
		o.wakeAt(ctx, at, now)
	}
}

// send sends one event. The step is retried for a day; after that the event counts as sent.
func (o *stateWorkflow) send(ctx workflow.Context, event string) {
	n := &o.notices
	in := activities.NotifyInput{
		Table: o.state.Table, Event: event, Time: workflow.Now(ctx).UTC(), FreshAt: o.state.FreshAt,
		FailedRuns: o.state.FailedRuns, HeldBack: o.state.HeldBack, Quarantine: o.state.Quarantine,
	}
	if runs := o.state.LastRuns; len(runs) > 0 {
		in.LastRun = &runs[len(runs)-1]
	}
	if event == owner.EventDiffers || event == owner.EventEqual {
		in.LastVerify = o.state.LastVerify
	}
	if event == owner.EventDeletesHeld {
		in.LastSweep = o.state.LastSweep
	}
	summary := "notify that " + o.state.Table + " " + owner.EventText(event)
	sending, cancel := workflow.WithCancel(ctx)
	n.sending, n.cancel = event, cancel
	workflow.Go(sending, func(ctx workflow.Context) {
		err := workflow.ExecuteActivity(withOptions(ctx, notifyOptions, summary), "Notify", in).Get(ctx, nil)
		n.sending, n.pending = "", true
		if temporal.IsCanceledError(err) {
			return
		}
		if err != nil {
			workflow.GetLogger(ctx).Error("webhook not notified", "table", o.state.Table, "event", event, "error", err)
		}
		if o.state.Notices != nil {
			o.state.Notices.SetNotified(event)
		}
	})
}

// wakeAt sets pending when a table may have become stale. Runs that come first do not move the timer: when it fires,
// the state is looked at again, which costs one timer in that time.
func (o *stateWorkflow) wakeAt(ctx workflow.Context, at, now time.Time) {
	n := &o.notices
	n.wake = at
	timer := workflow.NewTimerWithOptions(ctx, at.Sub(now),
		workflow.TimerOptions{Summary: "stale unless a run comes first"})
	workflow.Go(ctx, func(ctx workflow.Context) {
		_ = timer.Get(ctx, nil) // a cancel ends the state workflow anyway
		if n.wake.Equal(at) {
			n.wake = time.Time{}
		}
		n.pending = true
	})
}

// stopNotifying ends the step of an event before the state workflow continues as new, which begins it again.
func (o *stateWorkflow) stopNotifying(ctx workflow.Context) error {
	if o.notices.sending == "" {
		return nil
	}
	o.notices.cancel()
	return workflow.Await(ctx, func() bool { return o.notices.sending == "" })
}
