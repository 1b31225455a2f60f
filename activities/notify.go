package activities

import (
	"context"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/notify"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// NotifyInput is an event of a table, and what is known of the table at that time.
type NotifyInput struct {
	Table string `json:"table"`
	// Event is one of Event….
	Event      string           `json:"event"`
	Time       time.Time        `json:"time"`
	FreshAt    time.Time        `json:"freshAt,omitzero"`
	FailedRuns int              `json:"failedRuns,omitempty"`
	HeldBack   string           `json:"heldBack,omitempty"`
	LastRun    *owner.RunRecord `json:"lastRun,omitempty"`
	// LastVerify is set for events of a comparison.
	LastVerify *owner.VerifyRecord `json:"lastVerify,omitempty"`
	// LastSweep is set for a held sweep.
	LastSweep *owner.SweepRecord `json:"lastSweep,omitempty"`
	// Quarantine is what is in quarantine, nil for nothing.
	Quarantine *api.Quarantine `json:"quarantine,omitempty"`
}

// Notify notifies the worker's webhook of an event; a worker without one sends nothing. What the
// URL and the secret are, only the worker's configuration knows.
//
// Repeating it sends the message again, with the same id. It does not heartbeat: a try takes seconds.
func (a *Activities) Notify(ctx context.Context, in NotifyInput) (struct{}, error) {
	webhook := a.webhook()
	if webhook == nil {
		return struct{}{}, nil
	}
	info := activity.GetInfo(ctx)
	err := webhook.Send(ctx, message(in, shortID(info.WorkflowExecution.RunID+"/"+info.ActivityID)))
	if err != nil && ctx.Err() != nil {
		return struct{}{}, ctx.Err()
	}
	a.deps.Metrics.Notified(in.Event, err)
	logStep(ctx, "event", in.Event)
	if err != nil {
		return struct{}{}, temporal.NewApplicationErrorWithOptions("notify of "+in.Table+": "+err.Error(),
			failure.NotifyFailed, temporal.ApplicationErrorOptions{})
	}
	return struct{}{}, nil
}

// webhook is what is notified now; nil for nothing.
func (a *Activities) webhook() *notify.Webhook {
	if a.deps.Webhook == nil {
		return nil
	}
	return a.deps.Webhook()
}

// message puts an event into words and fields.
func message(in NotifyInput, id string) notify.Message {
	f := notify.Fields{
		ID: id, Event: in.Event, Table: in.Table, Time: in.Time, FailedRuns: in.FailedRuns, HeldBack: in.HeldBack,
	}
	if !in.FreshAt.IsZero() {
		f.FreshAt, f.LagSeconds = &in.FreshAt, max(0, in.Time.Sub(in.FreshAt).Seconds())
	}
	if in.LastRun != nil {
		f.WorkflowID, f.RunID = in.LastRun.WorkflowID, in.LastRun.RunID
	}
	if in.LastRun != nil && in.FailedRuns > 0 && in.LastRun.Failure != "" {
		typ, text, _ := strings.Cut(in.LastRun.Failure, ": ")
		f.Failure = &notify.Failure{Type: typ, Message: text}
	}
	if v := in.LastVerify; v != nil {
		f.WorkflowID, f.RunID, f.Failure, f.HeldBack = v.WorkflowID, v.RunID, nil, ""
		f.Verdicts = map[string]int64{}
		for _, verdict := range verify.Differences() {
			if n := v.Open()[verdict]; n > 0 {
				f.Verdicts[string(verdict)] = n
			}
		}
	}
	if d := in.LastSweep; d != nil {
		typ, text, _ := strings.Cut(d.Held, ": ")
		f.WorkflowID, f.RunID, f.HeldBack = d.WorkflowID, d.RunID, ""
		f.Failure = &notify.Failure{Type: typ, Message: text}
	}
	if q := in.Quarantine; q.Rows() > 0 {
		f.Quarantine = &notify.Quarantine{Rows: q.Rows(), Oldest: q.Oldest, First: q.First}
	}
	return notify.New(owner.EventText(in.Event), f)
}
