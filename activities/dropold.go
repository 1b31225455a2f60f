package activities

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/table"
)

// DropOldInput names the target whose former table is dropped when its time is over.
type DropOldInput struct {
	Table      string     `json:"table"`
	Target     table.Name `json:"target"`
	Connection string     `json:"connection"`
}

// DropOldResult says what became of the former table.
type DropOldResult struct {
	// WaitSeconds is how long it is still kept; 0: there is none any more.
	WaitSeconds int64 `json:"waitSeconds,omitempty"`
	Dropped     bool  `json:"dropped,omitempty"`
}

// DropOld drops the former table of a target that was replaced, unless it is to be kept for longer.
//
// Repeating it is harmless: a table that is gone is not dropped again.
func (a *Activities) DropOld(ctx context.Context, in DropOldInput) (DropOldResult, error) {
	at := where{in.Connection, "drop the former table of " + in.Target.String()}
	l, err := a.swapLock(ctx, in.Connection, in.Target)
	if err != nil {
		return DropOldResult{}, err
	}
	defer l.Release()
	record, err := l.Record(ctx)
	if err != nil || record == nil || record.Old == nil {
		return DropOldResult{}, translate(ctx, err, at)
	}
	there, err := l.Look(ctx)
	if err != nil {
		return DropOldResult{}, translate(ctx, err, at)
	}
	if there.Old && record.Old.Written {
		return DropOldResult{}, nil // it has rows that are nowhere else
	}
	if !there.Target {
		return DropOldResult{}, nil // a RENAME that was cut off: the next run goes on from it
	}
	now, err := l.Now(ctx)
	if err != nil {
		return DropOldResult{}, translate(ctx, err, at)
	}
	if left := record.Old.SwappedAt + record.Old.KeepSeconds - now; left > 0 && there.Old {
		return DropOldResult{WaitSeconds: left}, nil
	}
	if there.Old && record.Stage == lineage.ReplacementUndoing { // an undo that has got no lock: it comes too late
		record.Stage = lineage.ReplacementSwapped
		if err := l.SetRecord(ctx, *record); err != nil {
			return DropOldResult{}, translate(ctx, err, at)
		}
	}
	if err := l.Drop(ctx, l.Tables.Old); err != nil {
		return DropOldResult{}, translate(ctx, err, at)
	}
	record.Old = nil
	logStep(ctx, "dropped", there.Old)
	return DropOldResult{Dropped: there.Old}, translate(ctx, l.SetRecord(ctx, *record), at)
}
