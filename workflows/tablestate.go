package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
)

const (
	// keptRuns is how many finished runs a state keeps: a day of five-minute runs would be 288, and a record is about
	// 400 bytes of the state that is carried over.
	keptRuns = 50
	// updatesPerRun is after how many updates the state workflow continues as new: far below 51,200 events, and rare.
	updatesPerRun = 500
)

// TableState holds one table's watermark and the right to write its target. It never ends: it
// continues as new with its state. Runs reach it through activities (update with start).
//
// Its updates are beginRun, recordProgress, finishRun, recordEmptyRun, setWatermark, releaseLease, recordVerify,
// pauseDeletes, ackWarnings and putFilesAway; all are safe to repeat. A validator refuses each that may not change the
// state, so that a refusal writes nothing to the history. Its query is state.
func TableState(ctx workflow.Context, state owner.State) error {
	if state.Version > owner.StateVersion {
		// A panic leaves the workflow as it is, until a worker takes it that knows the version.
		panic(owner.LaterVersion(state))
	}
	o := &stateWorkflow{state: state}
	if err := o.handle(ctx); err != nil {
		return err
	}
	o.show(ctx)
	full := func() bool {
		return o.updates >= updatesPerRun || workflow.GetInfo(ctx).GetContinueAsNewSuggested()
	}
	for !full() {
		o.notify(ctx)
		if err := workflow.Await(ctx, func() bool { return o.notices.pending || full() }); err != nil {
			return err
		}
	}
	if err := o.stopNotifying(ctx); err != nil {
		return err
	}
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return err
	}
	return continueAsNew(ctx, TableStateName, o.state)
}

type stateWorkflow struct {
	state   owner.State
	updates int
	notices notices
	// waiting counts updates that wait for the end of a slice; no slice begins meanwhile.
	waiting int
}

func (o *stateWorkflow) handle(ctx workflow.Context) error {
	if err := workflow.SetQueryHandler(ctx, owner.QueryState,
		func() (owner.State, error) { return o.state, nil }); err != nil {
		return fmt.Errorf("register query: %w", err)
	}
	for _, u := range []struct {
		name               string
		handler, validator any
	}{
		{owner.UpdateBeginRun, replying(o, o.begin), o.checkBegin},
		{owner.UpdateRecordProgress, replying(o, o.progress), o.checkProgress},
		{owner.UpdateFinishRun, replying(o, o.finish), o.checkFinish},
		{owner.UpdateRecordEmptyRun, o.emptyRun, o.checkEmptyRun},
		{owner.UpdateSetWatermark, replying(o, o.set), o.checkSet},
		{owner.UpdateReleaseLease, replying(o, o.release), o.checkRelease},
		{owner.UpdateRecordVerify, replying(o, o.recordVerify), func(owner.VerifyRequest) error { return nil }},
		{owner.UpdatePauseDeletes, replying(o, o.pauseDeletes), nil},
		{owner.UpdateAckWarnings, replying(o, o.ackWarnings), nil},
		{owner.UpdatePutFilesAway, replying(o, o.putFilesAway), o.checkPutFilesAway},
	} {
		opts := workflow.UpdateHandlerOptions{Validator: u.validator}
		if err := workflow.SetUpdateHandlerWithOptions(ctx, u.name, u.handler, opts); err != nil {
			return fmt.Errorf("register update %s: %w", u.name, err)
		}
	}
	return nil
}

// replying is a handler whose reply is the state. Of the last runs the reply has one: all of them are 25 KB, and each
// reply is kept in the history.
func replying[R any](
	o *stateWorkflow, handle func(workflow.Context, R) error,
) func(workflow.Context, R) (owner.State, error) {
	return func(ctx workflow.Context, req R) (owner.State, error) {
		err := handle(ctx, req)
		s := o.state
		s.LastRuns = s.LastRuns[max(0, len(s.LastRuns)-1):]
		return s, err
	}
}

// checkBegin refuses a run while another one holds the lease, unless it takes that lease over. It refuses a slice while
// a run waits, so that runs wait for one slice and not for all.
func (o *stateWorkflow) checkBegin(req owner.BeginRequest) error {
	l := o.state.Lease
	switch {
	case l != nil && (l.BelongsTo(req) || l.Fence == req.TakeOver):
		return nil
	case l != nil && (req.Slice || !l.Slice):
		return o.busy("wait for it")
	case l == nil && req.Slice && o.waiting > 0:
		return failure.New(failure.TableBusy, "a run waits for table "+o.state.Table, "wait for it")
	}
	return nil
}

func (o *stateWorkflow) begin(ctx workflow.Context, req owner.BeginRequest) error {
	if err := o.waitForSlice(ctx, req); err != nil {
		return err
	}
	o.changed()
	o.grant(ctx, req)
	o.show(ctx)
	return nil
}

func (o *stateWorkflow) checkProgress(req owner.ProgressRequest) error {
	return o.checkLease(req.RunID, req.Fence)
}

func (o *stateWorkflow) progress(ctx workflow.Context, req owner.ProgressRequest) error {
	o.changed()
	o.bindIdentity(req.Identity)
	if req.FirstLoad != nil {
		o.state.FirstLoad = req.FirstLoad
	}
	if req.ForgetWatermark {
		o.state.Watermark, o.state.Cursor, o.state.TailTop, o.state.Loaded, o.state.Seen = "", "", "", false, nil
		o.state.ClockBack, o.state.ClockUntil, o.state.FreshAt = 0, "", time.Time{}
	}
	if req.LostLoads != nil {
		o.state.Files = o.state.Files.Without(*req.LostLoads)
	}
	if first := o.state.FirstLoad; req.RangeDone != nil && first != nil && req.PlanSum == first.PlanSum &&
		*req.RangeDone < len(first.Done) {
		i := *req.RangeDone
		first.Done = first.Done[:i] + "1" + first.Done[i+1:]
	}
	if req.Samples != nil {
		o.state.Samples = req.Samples
	}
	o.setQuarantine(req.Quarantine)
	if req.HeldBack != nil {
		o.state.HeldBack, o.state.HeldBackSeconds = *req.HeldBack, req.HeldBackSeconds
	}
	o.show(ctx)
	return nil
}

// finished reports whether the run of a request has finished already: the reply of an earlier try was lost.
func (o *stateWorkflow) finished(req owner.FinishRequest) bool {
	n := len(o.state.LastRuns)
	return n > 0 && o.state.LastRuns[n-1].RunID == req.Record.RunID && o.state.Lease == nil
}

func (o *stateWorkflow) checkFinish(req owner.FinishRequest) error {
	if o.finished(req) {
		return nil
	}
	return o.checkLease(req.RunID, req.Fence)
}

func (o *stateWorkflow) finish(ctx workflow.Context, req owner.FinishRequest) error {
	o.changed()
	if o.finished(req) {
		return nil
	}
	o.bindIdentity(req.Identity)
	o.state.Raise(req)
	if req.TailTop != "" {
		o.state.TailTop = req.TailTop
	}
	o.setQuarantine(req.Quarantine)
	loaded := req.Record.Rows > 0 || o.state.FirstLoad.HasRanges() // of which a run that takes it up may read none
	if req.ForgetFirstLoad {
		o.state.FirstLoad = nil
	}
	if req.Files != nil {
		o.state.LoadFiles(*req.Files, req.Fence, workflow.Now(ctx))
	}
	if req.Refused {
		o.state.Lease = nil
		o.show(ctx)
		return nil
	}
	o.state.Loaded = o.state.Loaded || loaded
	req.Record.Finished = workflow.Now(ctx).UTC()
	o.count(req)
	o.state.Lease = nil
	o.state.LastRuns = append(o.state.LastRuns, req.Record)
	o.state.LastRuns = o.state.LastRuns[max(0, len(o.state.LastRuns)-keptRuns):]
	o.show(ctx)
	return nil
}

// count keeps how the table's runs end, and how fresh its target is.
func (o *stateWorkflow) count(req owner.FinishRequest) {
	if req.FreshAt.After(o.state.FreshAt) {
		o.state.FreshAt = req.FreshAt
	}
	switch req.Record.Outcome {
	case owner.OutcomeDone:
		o.state.LastSuccess, o.state.FailedRuns = req.Record.Finished, 0
		o.state.Warnings = owner.FollowWarnings(o.state.Warnings, req.Warnings, req.Record.Finished)
	case owner.OutcomeFailed:
		o.state.FailedRuns++
	}
}

// changed counts an update, after which an event may be due.
func (o *stateWorkflow) changed() {
	o.updates++
	o.state.Revision++
	o.notices.pending = true
}

// checkSet refuses while a run holds the lease, which is no slice, and a text that is no value of the table's cursor.
// The command line asks a worker first, which knows the cursor better; this is for all other clients.
func (o *stateWorkflow) checkSet(req owner.SetRequest) error {
	if l := o.state.Lease; l != nil && !l.Slice {
		return o.busy("wait for it, then set the watermark")
	}
	if req.Adopt {
		return nil
	}
	before := ""
	if req.Cursor == "" || req.Cursor == o.state.Cursor {
		before = o.state.Watermark
	}
	return owner.CheckWatermark(req.Watermark, before)
}

// busy is the refusal of a request that needs the lease to be free.
func (o *stateWorkflow) busy(remedy string) error {
	l := o.state.Lease
	return failure.New(failure.TableBusy,
		fmt.Sprintf("table %s is being written by workflow %s (run %s)", o.state.Table, l.WorkflowID, l.RunID), remedy)
}

func (o *stateWorkflow) set(ctx workflow.Context, req owner.SetRequest) error {
	if err := o.waitForSlice(ctx, owner.BeginRequest{}); err != nil {
		return err
	}
	if o.state.Lease != nil {
		return o.busy("wait for it, then set the watermark")
	}
	o.changed()
	if req.Adopt {
		o.state.Adopt, o.state.Identity = true, nil
		o.show(ctx)
		return nil
	}
	o.state.SetByHand = o.state.Identity == nil
	o.state.Watermark, o.state.Cursor, o.state.TailTop = req.Watermark, req.Cursor, ""
	o.state.FirstLoad, o.state.HeldBack, o.state.Loaded, o.state.Seen = nil, "", false, nil
	o.state.ClockBack, o.state.ClockUntil = 0, ""
	o.state.HeldBackSeconds, o.state.FreshAt = 0, time.Time{} // a cursor value alone says nothing of time
	o.show(ctx)
	return nil
}

// bind keeps what the watermark speaks of.
func (o *stateWorkflow) bindIdentity(id *owner.Identity) {
	if id != nil {
		o.state.Identity, o.state.Adopt, o.state.SetByHand = id, false, false
	}
}

// checkLease refuses a run that does not hold the lease any more.
func (o *stateWorkflow) checkLease(run string, fence int64) error {
	if l := o.state.Lease; l != nil && l.Fence == fence && l.RunID == run {
		return nil
	}
	return failure.New(failure.LeaseLost, fmt.Sprintf("table %s was taken over by a newer run", o.state.Table), "")
}

// show puts the state where people look: the Web UI's user metadata, and lists of workflows.
func (o *stateWorkflow) show(ctx workflow.Context) {
	workflow.SetCurrentDetails(ctx, stateDetails(o.state))
	o.updateSearchAttributes(ctx)
}
