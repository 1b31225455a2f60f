package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/internal/owner"
)

// sliceLimit is how long an update waits for the end of a slice of a comparison, which takes about five seconds. After
// that the worker of the slice may be gone: a run takes the lease over. The slice notices when it gives the lease back,
// and what it writes on the target is fenced off.
const sliceLimit = 20 * time.Second

// waitForSlice waits while a slice of a comparison has the lease. It fails with TableBusy where a run has it then. The
// request of a slice does not wait here: it is refused while a run waits.
func (o *stateWorkflow) waitForSlice(ctx workflow.Context, req owner.BeginRequest) error {
	held := func() bool {
		l := o.state.Lease
		return l != nil && l.Slice && !l.BelongsTo(req) && l.Fence != req.TakeOver
	}
	if !held() {
		return nil
	}
	o.waiting++
	ended, err := workflow.AwaitWithTimeout(ctx, sliceLimit, func() bool { return !held() })
	o.waiting--
	l := o.state.Lease
	if err == nil && ended && l != nil && !l.BelongsTo(req) {
		return o.busy("wait for it")
	}
	return err
}

func (o *stateWorkflow) checkRelease(req owner.ReleaseRequest) error {
	if req.Fence != 0 && req.Fence == o.state.Released {
		return nil // the reply of an earlier try was lost
	}
	return o.checkLease(req.RunID, req.Fence)
}

// release gives back the lease of a slice. It is no run, and leaves no record.
func (o *stateWorkflow) release(ctx workflow.Context, req owner.ReleaseRequest) error {
	o.changed()
	if req.Fence != o.state.Released {
		o.state.Lease, o.state.Released = nil, req.Fence
		o.show(ctx)
	}
	return nil
}

// recordVerify keeps what a comparison has found. It needs no lease, since it changes nothing that runs depend on.
func (o *stateWorkflow) recordVerify(ctx workflow.Context, req owner.VerifyRequest) error {
	if req.Sweep != nil {
		return o.recordSweep(ctx, req)
	}
	last, now := o.state.LastVerify, workflow.Now(ctx).UTC()
	repeated := last != nil && last.WorkflowID == req.Record.WorkflowID && last.RunID == req.Record.RunID
	if repeated || req.StateID != o.state.ID {
		return nil
	}
	o.changed()
	req.Record.At = now
	req.Record.Follow(last)
	o.state.LastVerify = &req.Record
	o.setKept(req.Kept, now)
	o.show(ctx)
	return nil
}

// setKept keeps how much staging keeps of the table.
func (o *stateWorkflow) setKept(kept *owner.Kept, now time.Time) {
	if o.state.Kept = kept; kept != nil {
		kept.At = now
	}
}
