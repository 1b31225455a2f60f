package activities

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// A slice is a piece of a comparison that holds the table's lease: no run writes meanwhile, and runs wait for its end.
// A step of a comparison that only reads gets a slice by sliceHolder; a workflow whose slices write uses BeginSlice and
// EndSlice.

const (
	// sliceTime is after how long a slice that reads ends, when the statements under way have ended.
	sliceTime = 2 * time.Second
	// maxLostSlices is how many attempts of a step may be made where its slice loses the lease.
	maxLostSlices = 5
	// releaseTimeout bounds the return of a lease by a step that was cancelled.
	releaseTimeout = 10 * time.Second
)

// BeginSliceInput asks for the table's lease for a slice that may write the target.
type BeginSliceInput struct {
	Table string `json:"table"`
	// WorkflowID and RunID are those of the asking comparison.
	WorkflowID string `json:"workflowId"`
	RunID      string `json:"runId"`
}

// Slice is the right to write a table's target for some seconds, while no run does.
type Slice struct {
	// Fence is that of the lease. Steps of the slice take it as RangeInput.Fence.
	Fence int64 `json:"fence"`
	// State is the table's as of now, without its last runs, samples and first load.
	State owner.State `json:"state"`
	// TargetRow is the state row in which the slice has begun. What the row says of the last whole run stays.
	TargetRow *TargetRow `json:"targetRow"`
}

// BeginSlice gets the table's lease for a slice, and begins the slice on the target's state row. It waits while a run
// or another slice holds the lease, and until the table's limits let both servers be used. It takes over a lease whose
// holder is closed, as BeginRun does. It fails with ServerRejected where the login may not keep a state row.
//
// Repeating it is harmless: the same comparison gets the same lease. While it waits it heartbeats what for.
func (a *Activities) BeginSlice(ctx context.Context, in BeginSliceInput) (Slice, error) {
	settings, err := a.settings(in.Table)
	if err != nil {
		return Slice{}, err
	}
	var waiting atomic.Value
	waiting.Store("")
	defer beat(ctx, func() any { return compareProgress{Waiting: waiting.Load().(string)} })()
	say := func(reason string) { waiting.Store(reason) }
	if err := a.waitForLimits(ctx, settings, say); err != nil {
		return Slice{}, err
	}
	state, err := a.acquireSlice(ctx, in, settings, say)
	if err != nil {
		return Slice{}, err
	}
	row, err := a.beginSliceOnTarget(ctx, settings, state)
	state.FirstLoad, state.Samples, state.Notices = nil, nil, nil
	return Slice{Fence: state.Lease.Fence, State: state, TargetRow: row}, err
}

func (a *Activities) acquireSlice(
	ctx context.Context, in BeginSliceInput, s Settings, say func(reason string),
) (owner.State, error) {
	w := leaseWait{table: in.Table, settings: s, req: a.beginRequest(ctx, s, in.WorkflowID, in.RunID)}
	w.req.Slice, w.ifBusy = true, api.IfBusyWait
	w.pause = func(ctx context.Context, d time.Duration, why string) error {
		say(why)
		defer say("")
		return clock.Sleep(ctx, d)
	}
	begun, err := a.waitForLease(ctx, w)
	return begun.State, err
}

// waitForLimits waits until the table's limits let both servers be used: a slice does not wait for them.
func (a *Activities) waitForLimits(ctx context.Context, s Settings, say func(reason string)) error {
	if s.Throttle.IsZero() {
		return nil
	}
	src, err := a.deps.Source(ctx, s.SourceConnection)
	if err != nil {
		return translate(ctx, err, where{s.SourceConnection, "look at the server's load"})
	}
	dst, err := a.deps.Target(ctx, s.TargetConnection)
	if err != nil {
		return translate(ctx, err, where{s.TargetConnection, "look at the server's load"})
	}
	if err := a.waitOut(ctx, src, s, say); err != nil {
		return err
	}
	return a.waitOut(ctx, dst.DB, s, say)
}

// beginSliceOnTarget makes the target's state row that of the slice: chunks of earlier runs and slices cannot commit
// afterwards. What the row says of the last whole run, and of the ranges of a first load, stays.
func (a *Activities) beginSliceOnTarget(ctx context.Context, s Settings, state owner.State) (*TargetRow, error) {
	at := where{s.TargetConnection, "begin on " + s.Target.String()}
	dst, err := a.deps.Target(ctx, s.TargetConnection)
	if err != nil {
		return nil, translate(ctx, err, at)
	}
	row := &TargetRow{
		Ref:        lineage.Ref{Target: s.Target, StateID: state.ID, Fence: state.Lease.Fence, Shared: s.shared()},
		Connection: s.TargetConnection,
	}
	rows, err := lineage.Read(ctx, dst.DB, s.Target)
	if err == nil {
		spec := lineage.BeginSpec{Ref: row.Ref, Keeper: a.keeper(ctx, s.Table.String())}
		for _, r := range rows {
			if r.StateID == row.StateID {
				spec.Expected, spec.Done = r.Run, r.Done
			}
		}
		err = lineage.Begin(ctx, dst.DB, spec)
	}
	if errors.Is(err, lineage.ErrNoStateTable) {
		return nil, at.permanent(failure.ServerRejected, err,
			"a comparison that writes needs this row, which keeps late writes out: docs/security.md has the grants")
	}
	return row, translate(ctx, err, at)
}

// EndSliceInput ends a slice.
type EndSliceInput struct {
	Table string `json:"table"`
	RunID string `json:"runId"`
	Fence int64  `json:"fence"`
}

// EndSliceResult is empty.
type EndSliceResult struct{}

// EndSlice gives the lease of a slice back. It fails with LeaseLost where a run has taken the lease over, or the state
// workflow was started again: what the slice has seen may not hold. Repeating it is harmless.
func (a *Activities) EndSlice(ctx context.Context, in EndSliceInput) (EndSliceResult, error) {
	var s owner.State
	req := owner.ReleaseRequest{Fence: in.Fence, RunID: in.RunID}
	if err := a.update(ctx, in.Table, owner.UpdateReleaseLease, req, &s); err != nil {
		return EndSliceResult{}, err
	}
	a.observe(s)
	return EndSliceResult{}, nil
}

// sliceHolder holds the lease for the slices of one step, one after the other.
type sliceHolder struct {
	a        *Activities
	in       BeginSliceInput
	settings Settings
	// say gets what the step waits for, and "" when the wait is over.
	say func(reason string)
}

func (a *Activities) sliceHolder(ctx context.Context, tbl string, s Settings, say func(string)) *sliceHolder {
	exec := activity.GetInfo(ctx).WorkflowExecution
	return &sliceHolder{a, BeginSliceInput{Table: tbl, WorkflowID: exec.ID, RunID: exec.RunID}, s, say}
}

// hold calls f with the lease held. f reads, and ends soon after the moment that it gets. Where the lease was lost in
// the middle, what f has seen does not count: hold fails with LeaseLost, and the step is tried again.
func (h *sliceHolder) hold(ctx context.Context, f func(until time.Time) error) error {
	if err := h.a.waitForLimits(ctx, h.settings, h.say); err != nil {
		return err
	}
	state, err := h.a.acquireSlice(ctx, h.in, h.settings, h.say)
	if err != nil {
		return err
	}
	err = f(time.Now().Add(sliceTime))
	if endErr := h.release(ctx, state.Lease.Fence); err == nil {
		err = endErr
	}
	var app *temporal.ApplicationError
	if errors.As(err, &app) && app.Type() == failure.LeaseLost {
		what := fmt.Sprintf("the comparison of %s has lost the lease: what it has seen does not count", h.in.Table)
		return temporal.NewApplicationErrorWithOptions(what, failure.LeaseLost, temporal.ApplicationErrorOptions{
			NonRetryable: activity.GetInfo(ctx).Attempt >= maxLostSlices, Details: []any{failure.Details{What: what}},
		})
	}
	return err
}

// release gives the lease back, also where the step was cancelled: runs wait for it.
func (h *sliceHolder) release(ctx context.Context, fence int64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	_, err := h.a.EndSlice(ctx, EndSliceInput{Table: h.in.Table, RunID: h.in.RunID, Fence: fence})
	return err
}
