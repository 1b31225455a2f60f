package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/internal/owner"
)

// pauseDeletes keeps sweeps from deleting rows, or lets them again.
func (o *stateWorkflow) pauseDeletes(ctx workflow.Context, req owner.PauseDeletesRequest) (owner.State, error) {
	o.changed()
	o.state.DeletesPaused, o.state.DeletesPausedReason = req.Paused, req.Reason
	o.show(ctx)
	return o.state, nil
}
