package activities

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/owner"
)

// FinishRunInput ends a run.
type FinishRunInput struct {
	Table  string              `json:"table"`
	Finish owner.FinishRequest `json:"finish"`
	// TargetRow is set where the run is done and has written rows: the state row beside the target says
	// so, with TargetWatermark, before the watermark rises.
	TargetRow       *TargetRow `json:"targetRow,omitempty"`
	TargetWatermark string     `json:"targetWatermark,omitempty"`
	// DropPlan is the run whose staged plan is not needed any more; empty keeps it.
	DropPlan string `json:"dropPlan,omitempty"`
	// DropTaken is the run whose plan this one has taken up; empty for none.
	DropTaken string `json:"dropTaken,omitempty"`
	// Queue is that of the host which has the plan; empty if any host will do.
	Queue string `json:"queue,omitempty"`
}

// FinishRunResult is what the table's state says now.
type FinishRunResult struct {
	Watermark string `json:"watermark,omitempty"`
	// KnownWarnings are those of the run's warnings that an earlier run has given, too.
	KnownWarnings []string `json:"knownWarnings,omitempty"`
}

// FinishRun gives the lease back and, for a run that is done, raises the watermark. Repeating
// it is harmless. A plan that cannot be removed does not fail a run: it is logged and left.
func (a *Activities) FinishRun(ctx context.Context, in FinishRunInput) (FinishRunResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return FinishRunResult{}, err
	}
	if err := a.finishTarget(ctx, in.TargetRow, in.TargetWatermark); err != nil {
		return FinishRunResult{}, err
	}
	var s owner.State
	if err := a.update(ctx, in.Table, owner.UpdateFinishRun, in.Finish, &s); err != nil {
		return FinishRunResult{}, err
	}
	a.showEnd(ctx, in.Table, in.Finish.Record, s)
	if in.DropPlan != "" {
		a.forgetPlan(ctx, in.Table, in.DropPlan)
	}
	if in.DropTaken != "" {
		a.forgetPlan(ctx, in.Table, in.DropTaken)
	}
	return FinishRunResult{Watermark: s.Watermark, KnownWarnings: s.KnownWarnings(in.Finish.Warnings)}, nil
}

// showEnd shows by metrics and in the log that a run has ended, and the state that it has left. more are further keys
// and values of the log.
func (a *Activities) showEnd(ctx context.Context, tbl string, r owner.RunRecord, s owner.State, more ...any) {
	a.observe(s)
	a.deps.Metrics.Ended(tbl, r.Outcome, r.Seconds)
	logStep(ctx, append([]any{
		"outcome", r.Outcome, "mode", r.Mode, "rows", r.Rows, "runSeconds", r.Seconds, "watermark", s.Watermark,
	}, more...)...)
}
