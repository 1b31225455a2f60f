package workflows

import (
	"cmp"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// sweep does with the rows that have the verdict deleted what the table's deletes say: CheckDeletes, and for each batch
// of rows, under the table's lease, DeleteRows. Between two batches runs may have the lease. A guard that trips is a
// failure before the first delete.
func (v *verification) sweep(ctx workflow.Context) error {
	if v.plan.Deletes == "" {
		return nil
	}
	s := &api.SweepResult{Mode: v.plan.Deletes, Found: v.result.Verdicts[verify.Deleted]}
	v.result.Sweep = s
	if s.Mode == api.DeletesReport || s.Found == 0 && v.in.Approve == "" {
		return nil
	}
	v.setPhase(ctx, api.PhaseDeletes)
	check := activities.CheckDeletesInput{
		RangeInput: v.rangeInput(v.plan.Ranges), Found: s.Found, SourceRows: v.result.SourceRows,
		TargetRows: v.result.TargetRows, Approved: v.in.Approve != "",
	}
	var checked activities.CheckDeletesResult
	step := v.router.step(ctx, planOptions, "hold the sweep against its guards", "CheckDeletes", check)
	err := step.Get(ctx, &checked)
	if err != nil {
		return err
	}
	if checked.First {
		s.Waiting = s.Found
		return nil
	}
	in := activities.DeleteRowsInput{
		RangeInput: v.rangeInput(v.plan.Ranges), List: cmp.Or(v.in.Approve, v.plan.Run), Before: checked.Before,
	}
	for done := false; !done; {
		var out activities.DeleteRowsResult
		err := underLease(ctx, v.in.Table, func(ctx workflow.Context, slice activities.Slice) error {
			in.Fence = slice.Fence
			summary := fmt.Sprintf("delete rows of the target, batch %d", in.Batch+1)
			return v.router.step(ctx, extractOptions, summary, "DeleteRows", in).Get(ctx, &out)
		})
		if err != nil {
			return err
		}
		s.Add(out.SweptRows)
		s.LongestTransaction = max(s.LongestTransaction, out.LongestTransaction)
		in.From, done = out.Next, out.Done
		in.Batch++
	}
	if v.in.Approve != "" {
		s.Found = s.Deleted + s.Back + s.Changed + s.Gone + s.Referenced
	}
	if s.Deleted > 0 && v.plan.Undo {
		s.Undo = v.plan.Run
	}
	return nil
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
