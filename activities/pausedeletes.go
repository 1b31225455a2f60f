package activities

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/owner"
)

// PauseDeletesInput pauses a table's deletes.
type PauseDeletesInput struct {
	Table string `json:"table"`
	// Reason says why, for people.
	Reason string `json:"reason"`
}

// PauseDeletesResult is empty.
type PauseDeletesResult struct{}

// PauseDeletes keeps sweeps from deleting rows of a table until a person resumes them. Repeating it is harmless.
func (a *Activities) PauseDeletes(ctx context.Context, in PauseDeletesInput) (PauseDeletesResult, error) {
	var s owner.State
	req := owner.PauseDeletesRequest{Paused: true, Reason: in.Reason}
	if err := a.update(ctx, in.Table, owner.UpdatePauseDeletes, req, &s); err != nil {
		return PauseDeletesResult{}, err
	}
	a.observe(s)
	return PauseDeletesResult{}, nil
}

// DropPlanInput names a plan that is not needed any more.
type DropPlanInput struct {
	Table string `json:"table"`
	// Run is the plan's staging name.
	Run string `json:"run"`
	// Queue is that of the host which has the plan; empty if any host will do.
	Queue string `json:"queue,omitempty"`
}

// DropPlanResult is empty.
type DropPlanResult struct{}

// DropPlan removes a staged plan, and every other file of its run. Repeating it is harmless.
func (a *Activities) DropPlan(ctx context.Context, in DropPlanInput) (DropPlanResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return DropPlanResult{}, err
	}
	err := a.dropPlan(ctx, in.Table, in.Run)
	return DropPlanResult{}, translate(ctx, err, where{doing: "remove the files of " + in.Table})
}
