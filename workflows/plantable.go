package workflows

import (
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
)

// PlanTable says what a run of the table would do now: preflight, window, ranges, DDL. It
// writes nothing anywhere. Its input is a PlanTableInput.
func PlanTable(ctx workflow.Context, raw converter.RawValue) (PlanTableResult, error) {
	var in PlanTableInput
	if err := runInput.decode(raw, &in); err != nil {
		return PlanTableResult{}, err
	}
	if err := runInput.checkTable(in.Table); err != nil {
		return PlanTableResult{}, err
	}
	ctx = withPriority(ctx, in.Table, 0)
	var out PlanTableResult
	err := workflow.ExecuteActivity(withOptions(ctx, planOptions, "look at "+in.Table), "PreviewRun", in).Get(ctx, &out)
	return out, err
}
