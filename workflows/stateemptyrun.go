package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// checkEmptyRun refuses a run that was planned by another state than this one. Since the state has not changed, no
// other run can have had the lease meanwhile.
func (o *stateWorkflow) checkEmptyRun(req owner.EmptyRunRequest) error {
	if o.finished(req.Finish) {
		return nil
	}
	return o.checkUnchanged(req.StateID, req.Revision)
}

// checkUnchanged refuses what was decided by another state than this one, and all while a run has the lease.
func (o *stateWorkflow) checkUnchanged(id string, revision int64) error {
	switch {
	case o.state.Lease != nil:
		return o.busy("wait for it")
	case id != o.state.ID || revision != o.state.Revision:
		return failure.New(failure.TableBusy, "the state of table "+o.state.Table+" has changed since it was read",
			"look again")
	}
	return nil
}

// grant gives the lease to a run, or to a slice.
func (o *stateWorkflow) grant(ctx workflow.Context, req owner.BeginRequest) {
	o.state.Notices = owner.NoticesWith(o.state.Notices, req.Notices)
	o.state.Visibility = req.Visibility
	if l := o.state.Lease; l != nil && l.BelongsTo(req) {
		return // the reply of an earlier try was lost
	}
	now := workflow.Now(ctx).UTC()
	if o.state.ID == "" {
		o.state.ID = workflow.GetInfo(ctx).WorkflowExecution.RunID
	}
	// A state workflow that was started again, or restored, does not know the fences of before. Those above a lease's
	// are of its run's later plans.
	o.state.Fence = max(o.state.Fence+activities.PlansOfRun, now.UnixMilli())
	o.state.Lease = &owner.Lease{
		WorkflowID: req.WorkflowID, RunID: req.RunID, Fence: o.state.Fence, Since: now, Slice: req.Slice,
	}
}

// emptyRun gives the lease to a run that found nothing, and takes it back.
func (o *stateWorkflow) emptyRun(ctx workflow.Context, req owner.EmptyRunRequest) (owner.EmptyRunReply, error) {
	if o.finished(req.Finish) {
		o.changed()
		return o.emptyRunReply(req), nil
	}
	if err := o.checkEmptyRun(req); err != nil {
		return owner.EmptyRunReply{}, err
	}
	o.grant(ctx, req.Begin)
	req.Finish.Fence = o.state.Fence
	if err := o.finish(ctx, req.Finish); err != nil {
		return owner.EmptyRunReply{}, err
	}
	return o.emptyRunReply(req), nil
}

func (o *stateWorkflow) emptyRunReply(req owner.EmptyRunRequest) owner.EmptyRunReply {
	return owner.EmptyRunReply{
		Watermark: o.state.Watermark, FreshAt: o.state.FreshAt, LastSuccess: o.state.LastSuccess,
		KnownWarnings: o.state.KnownWarnings(req.Finish.Warnings),
	}
}
