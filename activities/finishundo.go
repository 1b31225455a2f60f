package activities

import (
	"context"
	"errors"

	"github.com/tablehaul/tablehaul/internal/mysqldb/remove"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// FinishUndoInput ends the undo of one file.
type FinishUndoInput struct {
	RangeInput
	// DryRun counts only, and what would be restored as restored.
	DryRun bool `json:"dryRun,omitempty"`
}

// FinishUndoResult is what became of the rows of a file.
type FinishUndoResult struct {
	// Restored rows are as they were before, Changed ones stay.
	Restored int64 `json:"restored"`
	Changed  int64 `json:"changed"`
}

// FinishUndo deletes the rows that were not there before, and then looks at all rows of the file again: what it returns
// is what they are, and not what was written. Repeating it is harmless.
func (a *Activities) FinishUndo(ctx context.Context, in FinishUndoInput) (FinishUndoResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return FinishUndoResult{}, err
	}
	u, err := a.openUndo(ctx, in.RangeInput)
	if err != nil {
		return FinishUndoResult{}, err
	}
	if !in.DryRun {
		if err := u.removeInserted(ctx); err != nil {
			return FinishUndoResult{}, err
		}
	}
	var out FinishUndoResult
	counted, err := u.countedElsewhere(ctx, in.DryRun)
	if err != nil {
		return FinishUndoResult{}, translate(ctx, err, where{doing: "read the undo of " + in.Table})
	}
	err = u.compare(ctx, func(was *table.Rows, i int, _ *table.Rows, _ int, state undoState) error {
		if counted[u.x.Layout.KeyOf(was, i)] {
			return nil
		}
		if state == undoDone || in.DryRun && state != undoChanged {
			out.Restored++
		} else {
			out.Changed++
		}
		return nil
	})
	logStep(ctx, "batch", in.Range, "restored", out.Restored, "changed", out.Changed)
	return out, translate(ctx, err, where{doing: "read the undo of " + in.Table})
}

// countedElsewhere are the keys, by their Bytes, that count with another file of the batch, which was staged more than
// once: a row counts with the file that is undone last, and before an undo with the one that comes first.
func (u *openedUndo) countedElsewhere(ctx context.Context, dryRun bool) (map[string]bool, error) {
	out := map[string]bool{}
	try, step := u.x.Try-1, -1
	if dryRun {
		try, step = u.x.Try+1, 1
	}
	for ; try >= 0; try += step {
		x, err := u.a.readUndoIndex(ctx, u.x.Table, u.x.Run, u.x.Batch, try)
		if errors.Is(err, staging.ErrNotFound) {
			break
		}
		if err == nil {
			err = u.a.eachUndoRows(ctx, x, func(was *table.Rows) error {
				for i := range was.Len() {
					out[x.Layout.KeyOf(was, i)] = true
				}
				return nil
			})
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (u *openedUndo) removeInserted(ctx context.Context) error {
	keys, sums, err := u.a.removalsOf(ctx, u.r)
	if err != nil {
		return translate(ctx, err, where{doing: "read what the undo of " + u.r.in.Table + " deletes"})
	}
	rows := make([]remove.Row, len(keys))
	for i, key := range keys {
		rows[i] = remove.Row{Key: key, Sum: sums[i]}
	}
	_, err = u.a.removeRows(ctx, u.r, rows)
	return err
}
