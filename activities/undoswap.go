package activities

import (
	"context"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/mysqldb/swap"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// PlanUndoSwapInput asks for the undo of the last swap of a table whose target is replaced.
type PlanUndoSwapInput struct {
	Table string `json:"table"`
	// DryRun looks, and changes nothing.
	DryRun bool `json:"dryRun,omitempty"`
}

// PlanUndoSwapResult says which swap is undone.
type PlanUndoSwapResult struct {
	Target string `json:"target"`
	// SwappedAt is when the kept table was put aside, in seconds since 1970, and KeepSeconds how long it is still kept.
	SwappedAt   int64 `json:"swappedAt"`
	KeepSeconds int64 `json:"keepSeconds"`
	// Watermark is what the table's watermark was before that swap; empty for none.
	Watermark string `json:"watermark,omitempty"`
	Priority  int    `json:"priority,omitempty"`
}

// PlanUndoSwap finds the former table of a target that was replaced, and sets the table's watermark back to what it was
// then, by the update that sets it by hand. A watermark that is too low makes a run read rows again, one that is too
// high loses rows: so it goes first. It fails with InvalidInput where no former table is kept, and with TableBusy while
// a run is under way.
//
// Repeating it is harmless.
func (a *Activities) PlanUndoSwap(ctx context.Context, in PlanUndoSwapInput) (PlanUndoSwapResult, error) {
	s, err := a.settings(in.Table)
	if err != nil {
		return PlanUndoSwapResult{}, err
	}
	if s.Replace == nil {
		return PlanUndoSwapResult{}, failure.New(failure.InvalidInput, "the run to undo is missing, and "+in.Table+
			" has no write: replace", "name the run of the repair or sweep, as its receipt does")
	}
	at := where{s.TargetConnection, "look for the former table of " + s.Target.String()}
	l, err := a.swapLock(ctx, s.TargetConnection, s.Target)
	if err != nil {
		return PlanUndoSwapResult{}, err
	}
	defer l.Release()
	old, there, err := keptTable(ctx, l)
	if err == nil && there.Target {
		err = requireUndoable(ctx, l)
	}
	if err != nil {
		return PlanUndoSwapResult{}, translate(ctx, err, at)
	}
	now, err := l.Now(ctx)
	if err != nil {
		return PlanUndoSwapResult{}, translate(ctx, err, at)
	}
	out := PlanUndoSwapResult{
		Target: s.Target.String(), SwappedAt: old.SwappedAt, KeepSeconds: max(0, old.SwappedAt+old.KeepSeconds-now),
		Watermark: old.Watermark, Priority: s.Priority,
	}
	if in.DryRun {
		return out, nil
	}
	var state owner.State
	set := owner.SetRequest{Watermark: old.Watermark}
	if set.Watermark != "" {
		set.Cursor = s.Cursor
	}
	if err := a.update(ctx, in.Table, owner.UpdateSetWatermark, set, &state); err != nil {
		return PlanUndoSwapResult{}, err
	}
	a.observe(state)
	return out, nil
}

// keptTable is the former table of a target, as its record says it, and which tables exist; InvalidInput where none is
// kept.
func keptTable(ctx context.Context, l *swap.Lock) (*lineage.OldTable, swap.There, error) {
	there, err := l.Look(ctx)
	if err != nil {
		return nil, there, err
	}
	record, err := l.Record(ctx)
	if err != nil {
		return nil, there, err
	}
	if record == nil || record.Old == nil || !there.Old {
		return nil, there, noFormerTable(l.Tables)
	}
	return record.Old, there, nil
}

// requireUndoable refuses a target that has got a trigger, or another table's foreign key, since its swap: the undo
// would drop the one, and fail by the other with the target's name given away.
func requireUndoable(ctx context.Context, l *swap.Lock) error {
	return requireUnbound(ctx, l, "then undo again")
}

func noFormerTable(names table.Replacement) error {
	return failure.New(failure.InvalidInput, fmt.Sprintf("no former table of %s is kept: %s is not there, or not of a "+
		"swap", names.Target, names.Old), "run the table again: it is loaded as the source is now")
}

// UndoSwapInput names the swap to undo, under a slice that holds the table's lease.
type UndoSwapInput struct {
	Table string `json:"table"`
	Fence int64  `json:"fence"`
	// SwappedAt is PlanUndoSwap's.
	SwappedAt int64 `json:"swappedAt"`
}

// UndoSwapResult is empty.
type UndoSwapResult struct{}

// UndoSwap gives the former table of a target its name back, by one RENAME, and drops the one that took its place. It
// waits for locks as a swap does, and refuses where another swap was made since it was planned. Older transactions
// need not be waited for: the former table was whole before the swap.
//
// Repeating it is harmless: the tables that exist say what an earlier attempt has done.
func (a *Activities) UndoSwap(ctx context.Context, in UndoSwapInput) (UndoSwapResult, error) {
	s, err := a.settings(in.Table)
	if err != nil {
		return UndoSwapResult{}, err
	}
	at := where{s.TargetConnection, "undo the swap of " + s.Target.String()}
	state, err := a.state(ctx, in.Table)
	if err != nil {
		return UndoSwapResult{}, err
	}
	l, err := a.swapLock(ctx, s.TargetConnection, s.Target)
	if err != nil {
		return UndoSwapResult{}, err
	}
	defer l.Release()
	if err := l.Check(ctx, lineage.Ref{Target: s.Target, StateID: state.ID, Fence: in.Fence}); err != nil {
		return UndoSwapResult{}, translate(ctx, err, at)
	}
	return UndoSwapResult{}, translate(ctx, undoSwap(ctx, l, in), at)
}

// undoSwap goes on from what is there:
//
//	target  load  old   means                                        then
//	yes     any   yes   not undone; a load is one that has failed    drops load, renames both
//	no      any   yes   a RENAME that is not atomic was cut off      renames old
//	yes     yes   no    undone, if the record says it was begun      drops load
//	yes     no    no    undone, if the record says so                nothing
func undoSwap(ctx context.Context, l *swap.Lock, in UndoSwapInput) error {
	record, err := l.Record(ctx)
	if err != nil {
		return err
	}
	there, err := l.Look(ctx)
	switch {
	case err != nil:
		return err
	case record == nil:
		return noFormerTable(l.Tables)
	case !there.Old && record.Stage == lineage.ReplacementUndone:
		return nil
	case !there.Old && record.Stage == lineage.ReplacementUndoing:
		return undone(ctx, l, in.Fence)
	case !there.Old, record.Old == nil:
		return noFormerTable(l.Tables)
	case record.Old.SwappedAt != in.SwappedAt:
		return failure.New(failure.TableChanged, fmt.Sprintf("%s was replaced again meanwhile: nothing is undone",
			l.Tables.Target), "pause the table's schedule, then undo")
	}
	if err := swapBack(ctx, l, record, there, in.Fence); err != nil {
		return err
	}
	return undone(ctx, l, in.Fence)
}

// undone drops the table that had taken the target's place, and records that the former one is back.
func undone(ctx context.Context, l *swap.Lock, fence int64) error {
	if err := l.Drop(ctx, l.Tables.Load); err != nil {
		return err
	}
	return l.SetRecord(ctx, lineage.Replacement{Stage: lineage.ReplacementUndone, Fence: fence})
}

// swapBack renames the former table to the target, and the target to the table beside it.
func swapBack(
	ctx context.Context, l *swap.Lock, record *lineage.Replacement, there swap.There, fence int64,
) error {
	back := [2]table.Name{l.Tables.Old, l.Tables.Target}
	unbound := func(ctx context.Context) error { return requireUndoable(ctx, l) }
	if there.Target {
		if err := unbound(ctx); err != nil {
			return err
		}
	}
	if there.Target && there.Load {
		if err := l.Drop(ctx, l.Tables.Load); err != nil {
			return err
		}
	}
	if record.Stage != lineage.ReplacementUndoing || record.Fence != fence {
		record.Stage, record.Fence = lineage.ReplacementUndoing, fence
		if err := l.SetRecord(ctx, *record); err != nil {
			return err
		}
	}
	if !there.Target {
		return l.Rename(ctx, nil, back)
	}
	return l.Rename(ctx, unbound, [2]table.Name{l.Tables.Target, l.Tables.Load}, back)
}
