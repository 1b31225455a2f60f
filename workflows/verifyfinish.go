package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// end finishes a comparison. swept is the failure of a guard of its deletes.
func (v *verification) end(ctx workflow.Context, swept error) {
	v.setPhase(ctx, PhaseFinish)
	v.finish(ctx, swept)
	v.setPhase(ctx, PhaseDone)
}

// finish records what was found, and removes files. Neither decides over the comparison: files that are left are swept.
func (v *verification) finish(ctx workflow.Context, swept error) {
	v.result.Seconds = workflow.Now(ctx).Sub(v.status.Started).Seconds()
	v.result.Sample = v.sampled()
	exec := workflow.GetInfo(ctx).WorkflowExecution
	in := activities.FinishVerifyInput{
		RangeInput: v.rangeInput(v.plan.Ranges), StateID: v.plan.StateID, Watermark: v.plan.Watermark,
		Receipt: &v.result, Sweep: v.sweepRecord(exec, swept),
	}
	if !v.in.Deletes && v.in.Replay == "" {
		in.Record = &owner.VerifyRecord{
			WorkflowID: exec.ID, RunID: exec.RunID, Depth: v.result.Depth, Cursor: v.result.Cursor, AsOf: v.result.AsOf,
			Differs: v.result.Differs, Verdicts: v.result.Verdicts, SourceRows: v.result.SourceRows,
			Pending: v.result.Pending, Seconds: v.result.Seconds, Partial: v.result.Sample != nil || v.in.Since,
		}
	}
	if v.in.Repair && in.Record != nil {
		in.Record.Verdicts = v.result.Left // what differs still
	}
	const summary = "record what was found, remove the files of the comparison"
	var out activities.FinishVerifyResult
	err := v.router.step(ctx, tidyOptions, summary, "FinishVerify", in).Get(ctx, &out)
	if failureType(err) == failure.HostGone {
		in.Queue = "" // the files are gone with the host; any host records
		err = (&hostRouter{}).step(ctx, tidyOptions, summary, "FinishVerify", in).Get(ctx, &out)
	}
	if err != nil {
		workflow.GetLogger(ctx).Warn("the comparison is not recorded, or its files are left", "error", err)
	}
	v.result.Warnings = append(v.result.Warnings, out.Warnings...)
}
