package workflows

import (
	"cmp"
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// sweep does with the rows that have the verdict deleted what the table's deletes say: CheckDeletes, and for each batch
// of rows, under the table's lease, DeleteRows. Between two batches runs may have the lease. A guard that trips is a
// failure before the first delete. A sweep that is resumed goes on with its next batch.
func (v *verification) sweep(ctx workflow.Context, resumed bool) error {
	if v.plan.Deletes == "" {
		return nil
	}
	if !resumed {
		if found, err := v.checkDeletes(ctx); !found || err != nil {
			return err
		}
	}
	for s := v.result.Sweep; ; {
		out, err := v.deleteBatch(ctx)
		if err != nil {
			return err
		}
		s.Add(out.SweptRows)
		if v.in.Approve != "" {
			s.Found = s.Total()
		}
		s.LongestTransaction = max(s.LongestTransaction, out.LongestTransaction)
		v.deletes.From = out.Next
		v.deletes.Batch++
		v.show(ctx)
		if out.Done {
			return nil
		}
		if historyIsLong(ctx) {
			return v.continueAsNew(ctx)
		}
	}
}

// sweepSoFar is what a sweep has done that has compared by its plan. What it has done by a plan that was lost is done.
// Rows that it has left then are on the target, and are found again.
func (v *verification) sweepSoFar() *api.SweepResult {
	s := &api.SweepResult{Mode: v.plan.Deletes, Found: v.result.Verdicts[verify.Deleted]}
	if before := v.result.Sweep; before != nil {
		s.SweptRows, s.LongestTransaction = before.SweptRows, before.LongestTransaction
		if v.in.Approve == "" {
			s.Changed, s.Referenced, s.Waiting = 0, 0, 0
		}
		s.Found += s.Total()
	}
	return s
}

// checkDeletes prepares the first batch. It is false where no row is to be deleted.
func (v *verification) checkDeletes(ctx workflow.Context) (bool, error) {
	found := v.result.Verdicts[verify.Deleted]
	v.result.Sweep = v.sweepSoFar()
	if v.plan.Deletes == api.DeletesReport || found == 0 && v.in.Approve == "" {
		return false, nil
	}
	v.setPhase(ctx, api.PhaseDeletes)
	check := activities.CheckDeletesInput{
		RangeInput: v.rangeInput(v.plan.Ranges), Found: found, SourceRows: v.result.SourceRows,
		TargetRows: v.result.TargetRows, Approved: v.in.Approve != "",
	}
	var checked activities.CheckDeletesResult
	step := v.router.step(ctx, planOptions, "hold the sweep against its guards", "CheckDeletes", check)
	if err := step.Get(ctx, &checked); err != nil {
		return false, err
	}
	if checked.First {
		v.result.Sweep.Waiting = found
		return false, nil
	}
	v.deletes.RangeInput, v.deletes.Before = check.RangeInput, checked.Before
	v.deletes.List = cmp.Or(v.in.Approve, v.plan.Run)
	return true, nil
}

// deleteBatch deletes the rows of the next batch. It names the undo of what may be kept of them: a batch that fails may
// have deleted rows before.
func (v *verification) deleteBatch(ctx workflow.Context) (out activities.DeleteRowsResult, err error) {
	err = underLease(ctx, v.in.Table, func(ctx workflow.Context, slice activities.Slice) error {
		in := v.deletes
		in.Fence = slice.Fence
		out = activities.DeleteRowsResult{} // what an answer leaves out is not that of the slice before
		summary := fmt.Sprintf("delete rows of the target, batch %d", in.Batch+1)
		err := v.router.step(ctx, extractOptions, summary, "DeleteRows", in).Get(ctx, &out)
		if v.plan.Undo && (out.Kept || err != nil) {
			v.addUndo(v.plan.Run)
		}
		return err
	})
	return out, err
}

// addUndo names what can be undone, once.
func (v *verification) addUndo(run string) {
	if !slices.Contains(v.result.Undo, run) {
		v.result.Undo = append(v.result.Undo, run)
	}
}

// sweepRecord is what the table's state keeps of a sweep, nil for another comparison. held is the failure of a guard.
func (v *verification) sweepRecord(exec workflow.Execution, held error) *owner.SweepRecord {
	s := v.result.Sweep
	if s == nil {
		return nil
	}
	out := &owner.SweepRecord{
		WorkflowID: exec.ID, RunID: exec.RunID, Mode: s.Mode, Found: s.Found, Deleted: s.Deleted,
	}
	if held != nil {
		out.Held = failureText(held)
	}
	return out
}
