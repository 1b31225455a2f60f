package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/internal/owner"
)

// pauseDeletes keeps sweeps from deleting rows, or lets them again.
func (o *stateWorkflow) pauseDeletes(ctx workflow.Context, req owner.PauseDeletesRequest) error {
	o.changed()
	o.state.DeletesPaused, o.state.DeletesPausedReason = req.Paused, req.Reason
	o.show(ctx)
	return nil
}

// ackWarnings keeps that a person has seen the table's warnings.
func (o *stateWorkflow) ackWarnings(_ workflow.Context, _ owner.AckRequest) error {
	o.changed()
	o.state.Warnings = owner.Acknowledged(o.state.Warnings)
	return nil
}

// recordSweep keeps what a sweep has done.
func (o *stateWorkflow) recordSweep(ctx workflow.Context, req owner.VerifyRequest) error {
	last := o.state.LastSweep
	repeated := last != nil && last.WorkflowID == req.Sweep.WorkflowID && last.RunID == req.Sweep.RunID
	if repeated || req.StateID != o.state.ID {
		return nil
	}
	o.changed()
	req.Sweep.At = workflow.Now(ctx).UTC()
	o.state.LastSweep = req.Sweep
	o.setKept(req.Kept, req.Sweep.At)
	if n := o.state.Notices; n != nil && req.Sweep.Held == "" {
		n.NotifiedDeletes = false
	}
	o.show(ctx)
	return nil
}
