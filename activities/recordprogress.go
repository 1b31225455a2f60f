package activities

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/owner"
)

// RecordProgressInput says how far a run is.
type RecordProgressInput struct {
	Table    string                `json:"table"`
	Progress owner.ProgressRequest `json:"progress"`
	// TargetRow is where a loaded range is recorded, too; nil where no state row is kept.
	TargetRow *TargetRow `json:"targetRow,omitempty"`
}

// RecordProgressResult is empty.
type RecordProgressResult struct{}

// RecordProgress keeps what a later run needs should this one not end well: the plan of a
// first load and its loaded ranges. Repeating it is harmless.
func (a *Activities) RecordProgress(ctx context.Context, in RecordProgressInput) (RecordProgressResult, error) {
	// The target first: a range that it does not say it has is loaded again.
	if err := a.markRange(ctx, in.TargetRow, in.Progress.RangeDone); err != nil {
		return RecordProgressResult{}, err
	}
	var s owner.State
	if err := a.update(ctx, in.Table, owner.UpdateRecordProgress, in.Progress, &s); err != nil {
		return RecordProgressResult{}, err
	}
	a.observe(s)
	return RecordProgressResult{}, nil
}
