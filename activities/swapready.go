package activities

import (
	"context"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/mysqldb/swap"
	"github.com/tablehaul/tablehaul/internal/table"
)

// requireUnbound refuses a target that has a trigger, or to which another table refers by a foreign key: it would go
// along with the table that loses its name. The plan of a run has refused both, and others may have made them since.
func requireUnbound(ctx context.Context, l *swap.Lock, then string) error {
	bound, err := l.Bound(ctx)
	what := ""
	switch {
	case err != nil:
		return err
	case len(bound.Triggers) > 0:
		what = "has triggers (" + strings.Join(bound.Triggers, ", ") + "), which"
	case len(bound.Children) > 0:
		what = "is referred to by foreign keys of other tables (" + strings.Join(bound.Children, ", ") + "), which"
	default:
		return nil
	}
	return failure.New(failure.TableChanged, fmt.Sprintf("%s %s would go along with the table that loses its name: "+
		"the target stays as it is", l.Tables.Target, what), "drop them, "+then)
}

// requireUntouched refuses a target that others have written or altered since the load began, as far as the server
// knows: what they wrote would be lost. What was written is read last, right before the RENAME.
func (w *swapping) requireUntouched(
	ctx context.Context, l *swap.Lock, record *lineage.Replacement, there swap.There,
) error {
	if !there.Target {
		return nil
	}
	name := l.Tables.Target
	if record.Writes == nil {
		return failure.New(failure.TargetWritten, fmt.Sprintf("%s was created by others while the table was "+
			"loaded that takes its place", name), "look at it, then run again")
	}
	if err := requireUnbound(ctx, l, "or use write: upsert; then run again"); err != nil {
		return err
	}
	now, err := l.Writes(ctx, name)
	switch {
	case err != nil:
		return err
	case now.Structure != record.Writes.Structure:
		return failure.New(failure.TableChanged, fmt.Sprintf("%s was altered while the table was loaded that takes "+
			"its place: the target stays as it is", name), "run again: the new shape is copied")
	case now.Since(*record.Writes):
		return failure.New(failure.TargetWritten, fmt.Sprintf("others have written %s while the table was loaded that "+
			"takes its place: their rows would be lost, and the target stays as it is", name),
			"let only this run write the target, or use write: upsert; then run again")
	}
	return nil
}

// requireOldUntouched fails where others have written the former target in the moment of the swap: a statement that had
// begun before the RENAME, and ended while that waited for its locks. A table keeps its UPDATE_TIME under its new name.
// It records that their rows are there, and nowhere else.
func (w *swapping) requireOldUntouched(
	ctx context.Context, l *swap.Lock, record *lineage.Replacement, there swap.There,
) error {
	if !there.Old || record.Writes == nil {
		return nil
	}
	now, err := l.Writes(ctx, l.Tables.Old)
	if err != nil || !now.Since(*record.Writes) {
		return err
	}
	if record.Old != nil && !record.Old.Written {
		record.Old.Written = true
		if err := l.SetRecord(ctx, *record); err != nil {
			return err
		}
	}
	return othersRows(l.Tables)
}

// othersRows is the failure of a run whose target's former table has rows of others that are nowhere else.
func othersRows(names table.Replacement) error {
	return failure.New(failure.TargetWritten, fmt.Sprintf("others have written %s in the moment in "+
		"which it was replaced: their rows are in %s only", names.Target, names.Old),
		"take them from there and drop that table, which no run does, or let `tablehaul undo` bring it back; let only "+
			"these runs write the target; then run again")
}

// prepare drops the table of an earlier swap and records that this one is kept, and says what to rename.
func (w *swapping) prepare(
	ctx context.Context, l *swap.Lock, record *lineage.Replacement, there swap.There,
) ([][2]table.Name, error) {
	load := [2]table.Name{l.Tables.Load, l.Tables.Target}
	if !there.Target {
		return [][2]table.Name{load}, nil
	}
	if there.Old {
		if err := l.Drop(ctx, l.Tables.Old); err != nil {
			return nil, err
		}
	}
	now, err := l.Now(ctx)
	if err != nil {
		return nil, err
	}
	record.Old = &lineage.OldTable{
		SwappedAt: now, Watermark: w.in.Watermark,
		KeepSeconds: int64(w.r.plan.Settings.Replace.KeepOld.Seconds()),
	}
	if err := l.SetRecord(ctx, *record); err != nil {
		return nil, err
	}
	return [][2]table.Name{{l.Tables.Target, l.Tables.Old}, load}, nil
}
