package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// repair writes the rows that differ, where the input asks for it: PlanRepair, and for each batch of keys, under the
// table's lease, StageRepair, the steps of a range, and FinishRepair. Between two batches runs may have the lease.
func (v *verification) repair(ctx workflow.Context) error {
	if !v.in.Repair || v.result.Differences == "" {
		return nil
	}
	if v.repairs == nil {
		if err := v.planRepair(ctx); err != nil {
			return err
		}
	}
	plan := v.repairs
	for i := int(v.status.RangesDone); i < plan.Batches; i++ {
		var out activities.FinishRepairResult
		err := underLease(ctx, v.in.Table, func(ctx workflow.Context, slice activities.Slice) (err error) {
			out, err = v.repairBatch(ctx, *plan, i, slice)
			return err
		})
		if err != nil {
			return err
		}
		for _, verdict := range verify.Differences() {
			v.addRepaired(verdict, out.Repaired[verdict])
		}
		v.countLeft(out.Left)
		v.status.RangesDone++
		v.show(ctx)
		if i+1 < plan.Batches && historyIsLong(ctx) {
			return v.continueAsNew(ctx)
		}
	}
	v.countLeft(plan.Left)
	drop := activities.DropPlanInput{Table: v.in.Table, Run: plan.Run, Queue: v.plan.Queue}
	dropped := v.router.step(ctx, tidyOptions, "remove the files of the repair", "DropPlan", drop)
	if err := dropped.Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Warn("files of the repair not removed", "error", err) // they are swept
	}
	v.result.Differs = false
	for _, verdict := range verify.Differences() {
		v.result.Differs = v.result.Differs || v.result.Left[verdict] > 0
	}
	return nil
}

// planRepair plans the batches, and names their undo: a batch that fails may have written rows before.
func (v *verification) planRepair(ctx workflow.Context) error {
	v.setPhase(ctx, api.PhaseRepair)
	var plan activities.PlanRepairResult
	in := activities.PlanRepairInput{RangeInput: v.rangeInput(v.plan.Ranges), OverwriteNewer: v.in.OverwriteNewer}
	step := v.router.step(ctx, planOptions, "plan the repair", "PlanRepair", in)
	if err := step.Get(ctx, &plan); err != nil {
		return err
	}
	v.repairs, v.status.Ranges, v.status.RangesDone = &plan, int64(plan.Batches), 0
	if plan.Undo != "" && plan.Batches > 0 {
		v.addUndo(plan.Undo)
	}
	return nil
}

// repairBatch repairs the keys of one batch. To repeat it is harmless.
func (v *verification) repairBatch(
	ctx workflow.Context, plan activities.PlanRepairResult, i int, slice activities.Slice,
) (out activities.FinishRepairResult, err error) {
	at := v.rangeInput(i)
	at.Run, at.PlanSum, at.Fence = plan.Run, plan.PlanSum, slice.Fence
	written, err := writeBatch(ctx, &v.router, "StageRepair", SyncRangeInput{
		Range: at, Ranges: plan.Batches, ChunksInFlight: plan.ChunksInFlight, ChunkRows: plan.ChunkRows,
	})
	if err != nil {
		return out, err
	}
	v.status.RowsWritten += written
	summary := fmt.Sprintf("look at the rows of batch %d of %d again", i+1, plan.Batches)
	err = v.router.step(ctx, extractOptions, summary, "FinishRepair", at).Get(ctx, &out)
	return out, err
}

// writeBatch moves one range that readStep stages, by the steps of a run, and returns how many rows were written.
func writeBatch(ctx workflow.Context, router *hostRouter, readStep string, in SyncRangeInput) (int64, error) {
	r := newRangeRunner(in, router, func(string) {}, func(rangeProgress) {})
	r.readStep = readStep
	_, err := r.run(ctx)
	return r.counts.Written(), err
}

func (v *verification) addRepaired(verdict verify.Verdict, n int64) {
	if n == 0 {
		return
	}
	if v.result.Repaired == nil {
		v.result.Repaired = map[verify.Verdict]int64{}
	}
	v.result.Repaired[verdict] += n
}

// countLeft adds keys that are left as they are.
func (v *verification) countLeft(left map[verify.Verdict]int64) {
	for _, verdict := range append(verify.Differences(), verify.Pending, verify.Settled) {
		if n := left[verdict]; n > 0 {
			if v.result.Left == nil {
				v.result.Left = map[verify.Verdict]int64{}
			}
			v.result.Left[verdict] += n
		}
	}
}
