package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
)

// swap undoes the last swap of a table whose target is replaced.
func (u *undo) swap(ctx workflow.Context) error {
	in := activities.PlanUndoSwapInput{Table: u.in.Table, DryRun: u.in.DryRun}
	var plan activities.PlanUndoSwapResult
	err := workflow.ExecuteActivity(withOptions(ctx, planOptions, "look for the former table"), "PlanUndoSwap", in).
		Get(ctx, &plan)
	if err != nil {
		return err
	}
	ctx = withPriority(ctx, u.in.Table, plan.Priority)
	u.result.Target, u.status.Target = plan.Target, plan.Target
	u.result.Swap = &api.UndoneSwap{
		At: time.Unix(plan.SwappedAt, 0).UTC(), Watermark: plan.Watermark, KeptSeconds: plan.KeepSeconds,
	}
	if u.in.DryRun {
		return nil
	}
	u.status.Phase = api.PhaseSwap
	return underLease(ctx, u.in.Table, func(ctx workflow.Context, slice activities.Slice) error {
		in := activities.UndoSwapInput{Table: u.in.Table, Fence: slice.Fence, SwappedAt: plan.SwappedAt}
		options := withOptions(ctx, dropOptions, "give the former table of "+plan.Target+" its name back")
		return workflow.ExecuteActivity(options, "UndoSwap", in).Get(ctx, nil)
	})
}
