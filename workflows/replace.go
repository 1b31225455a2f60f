package workflows

import (
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
)

// replaceTarget checks the table that was loaded beside the target, gives it the target's name, and sees that the
// former target is dropped when its time is over.
func (s *sync) replaceTarget(ctx workflow.Context) error {
	in := s.rangeInput(0).Range
	s.setPhase(ctx, api.PhaseCheck)
	check := activities.CheckReplacementInput{
		RangeInput: in, Rows: s.result.RowsExtracted - s.result.Quarantined, Digest: s.result.Loaded,
	}
	done := s.measure(ctx, api.PhaseCheck)
	err := s.router.step(ctx, checkOptions, "check the table that was loaded", "CheckReplacement", check).Get(ctx, nil)
	if done(); err != nil {
		return err
	}
	s.setPhase(ctx, api.PhaseSwap)
	defer s.measure(ctx, api.PhaseSwap)()
	swap := activities.SwapTableInput{RangeInput: in, Watermark: s.plan.Watermark}
	if row := s.plan.TargetRow; row != nil {
		swap.Volatile = row.Volatile
	}
	var out activities.SwapTableResult
	summary := "give " + s.plan.Target + " the table that was loaded"
	if err := s.router.step(ctx, swapOptions, summary, "SwapTable", swap).Get(ctx, &out); err != nil {
		return err
	}
	s.result.Swap = &api.Swap{Seconds: out.Seconds, Rebuilt: out.Rebuilt}
	if !out.Kept {
		return nil
	}
	s.result.Swap.KeptSeconds = s.plan.Replacement.KeepSeconds
	return s.dropOld(ctx)
}

// dropOld drops the former target: at once, or by a workflow of its own that waits. One that waits already sees to the
// newer table, too.
func (s *sync) dropOld(ctx workflow.Context) error {
	in := activities.DropOldInput{
		Table: s.in.Table, Target: s.plan.Replacement.Target, Connection: s.plan.Replacement.Connection,
	}
	if s.plan.Replacement.KeepSeconds == 0 {
		drop := withOptions(ctx, dropOptions, "drop the former table")
		return workflow.ExecuteActivity(drop, "DropOld", in).Get(ctx, nil)
	}
	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:        api.DropOldTableID(workflow.GetInfo(ctx).TaskQueueName, s.in.Table),
		ParentClosePolicy: enumspb.PARENT_CLOSE_POLICY_ABANDON,
		StaticSummary:     "drops the former table of " + s.plan.Target,
		Memo:              map[string]any{api.MemoTable: s.in.Table},
	})
	err := workflow.ExecuteChildWorkflow(child, api.DropOldTableName, in).GetChildWorkflowExecution().Get(ctx, nil)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return nil
	}
	return err
}

// DropOldTable drops the former table of a target when its time is over. A swap that comes meanwhile makes it wait
// again: the record beside the target says for how long.
func DropOldTable(ctx workflow.Context, in activities.DropOldInput) error {
	for {
		var out activities.DropOldResult
		drop := withOptions(ctx, dropOptions, "drop the former table of "+in.Target.String())
		if err := workflow.ExecuteActivity(drop, "DropOld", in).Get(ctx, &out); err != nil {
			return err
		}
		if out.WaitSeconds == 0 {
			return nil
		}
		if err := workflow.Sleep(ctx, time.Duration(out.WaitSeconds)*time.Second); err != nil {
			return err
		}
	}
}
