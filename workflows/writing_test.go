package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/verify"
	"github.com/tablehaul/tablehaul/workflows"
)

// leasing adds the steps of a workflow whose slices write.
func (f *fake) leasing(env *testsuite.TestWorkflowEnvironment) {
	f.add(env, map[string]any{
		"BeginSlice": kept(f, "BeginSlice", func(activities.BeginSliceInput) activities.Slice {
			return activities.Slice{Fence: 7}
		}),
		"EndSlice": answered(f, "EndSlice", func(activities.EndSliceInput) (activities.EndSliceResult, error) {
			return activities.EndSliceResult{}, f.endSlice()
		}),
		"DropPlan": kept(f, "DropPlan", func(activities.DropPlanInput) activities.DropPlanResult {
			return activities.DropPlanResult{}
		}),
	})
}

func (f *fake) add(env *testsuite.TestWorkflowEnvironment, steps map[string]any) {
	for name, fn := range steps {
		env.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
	}
}

const (
	// sweptAtOnce and repairedAtOnce are the rows of a batch of the fakes.
	sweptAtOnce    = 5000
	repairedAtOnce = 2000
)

// writing is a fake of a comparison that deletes or repairs rows, and of an undo.
type writing struct {
	*fake
	// mode is that of the table's deletes.
	mode string
	// found are the rows that each plan finds; the last one counts for all plans after it. checked is what the guards
	// say.
	found   []int64
	checked activities.CheckDeletesResult
	// deleteRows deletes a batch, and finishRepair looks at one.
	deleteRows   func(activities.DeleteRowsInput) (activities.DeleteRowsResult, error)
	finishRepair func(activities.RangeInput) (activities.FinishRepairResult, error)
	// files is how many the undo has.
	files int

	plans    []string
	deleted  []activities.DeleteRowsInput
	repaired []int
	undone   []int
	ended    []activities.FinishVerifyInput
}

func newWriting() *writing {
	w := &writing{fake: newFake(), mode: api.DeletesHard}
	w.chunks = 1
	w.extract = func(activities.RangeInput) (activities.ExtractResult, error) {
		return activities.ExtractResult{Rows: fakeChunkRows, Chunks: 1, Parts: 1, Bytes: 1}, nil
	}
	w.deleteRows = w.deleteAll
	w.finishRepair = func(activities.RangeInput) (activities.FinishRepairResult, error) { return repairedAll(), nil }
	return w
}

// now is how many rows the present plan has found.
func (w *writing) now() int64 { return w.found[min(len(w.plans), len(w.found))-1] }

// deleteAll deletes the rows of a batch of the list.
func (w *writing) deleteAll(in activities.DeleteRowsInput) (out activities.DeleteRowsResult, _ error) {
	out.Deleted, out.Kept = min(sweptAtOnce, w.now()-in.From), true
	out.Next = in.From + out.Deleted
	out.Done = out.Next == w.now()
	return out, nil
}

func repairedAll() activities.FinishRepairResult {
	return activities.FinishRepairResult{Repaired: map[verify.Verdict]int64{verify.Missing: repairedAtOnce}}
}

func (w *writing) register(env *testsuite.TestWorkflowEnvironment) {
	w.fake.register(env)
	w.leasing(env)
	w.comparing(env)
	w.undoing(env)
	w.add(env, map[string]any{
		"CheckDeletes": kept(w.fake, "CheckDeletes", func(activities.CheckDeletesInput) activities.CheckDeletesResult {
			return w.checked
		}),
		"DeleteRows": answered(w.fake, "DeleteRows", func(in activities.DeleteRowsInput) (
			activities.DeleteRowsResult, error,
		) {
			w.deleted = append(w.deleted, in)
			return w.deleteRows(in)
		}),
		"PlanRepair": kept(w.fake, "PlanRepair", func(in activities.PlanRepairInput) activities.PlanRepairResult {
			return activities.PlanRepairResult{
				Run: in.Run + ".repair", PlanSum: "sum", Batches: int(w.now() / repairedAtOnce), Undo: in.Run,
				ChunksInFlight: 1, ChunkRows: fakeChunkRows,
			}
		}),
		"StageRepair": answered(w.fake, "StageRepair", w.extract),
		"FinishRepair": answered(w.fake, "FinishRepair", func(in activities.RangeInput) (
			activities.FinishRepairResult, error,
		) {
			w.repaired = append(w.repaired, in.Range)
			return w.finishRepair(in)
		}),
	})
}

// comparing adds the steps of a comparison that only looks.
func (w *writing) comparing(env *testsuite.TestWorkflowEnvironment) {
	w.add(env, map[string]any{
		"PlanVerify": kept(w.fake, "PlanVerify", func(in activities.PlanVerifyInput) activities.PlanVerifyResult {
			w.plans = append(w.plans, in.Run)
			plan := activities.PlanVerifyResult{
				Target: "dw.orders", Run: in.Run, PlanSum: "sum", Ranges: 1, RangesInFlight: 1, Undo: in.Deletes,
			}
			if in.Deletes {
				plan.Deletes = w.mode
			}
			return plan
		}),
		"CompareRange": kept(w.fake, "CompareRange", func(activities.RangeInput) activities.CompareRangeResult {
			return activities.CompareRangeResult{Tally: verify.Tally{Suspects: w.now()}}
		}),
		"RecheckRows": kept(w.fake, "RecheckRows", func(activities.RangeInput) (out activities.RecheckRowsResult) {
			if n := w.now(); n > 0 {
				out.Verdicts, out.Differences = map[verify.Verdict]int64{verify.Deleted: n}, "list"
			}
			return out
		}),
		"FinishVerify": kept(w.fake, "FinishVerify", func(in activities.FinishVerifyInput) (
			out activities.FinishVerifyResult,
		) {
			w.ended = append(w.ended, in)
			return out
		}),
	})
}

// undoing adds the steps of an undo.
func (w *writing) undoing(env *testsuite.TestWorkflowEnvironment) {
	w.add(env, map[string]any{
		"PlanUndo": kept(w.fake, "PlanUndo", func(in activities.PlanUndoInput) activities.PlanUndoResult {
			return activities.PlanUndoResult{
				Target: "dw.orders", Run: in.Run, PlanSum: "sum", Batches: w.files, ChunksInFlight: 1,
				ChunkRows: fakeChunkRows,
			}
		}),
		"PauseDeletes": kept(w.fake, "PauseDeletes", func(activities.PauseDeletesInput) activities.PauseDeletesResult {
			return activities.PauseDeletesResult{}
		}),
		"StageUndo": answered(w.fake, "StageUndo", w.extract),
		"FinishUndo": kept(w.fake, "FinishUndo", func(in activities.FinishUndoInput) activities.FinishUndoResult {
			w.undone = append(w.undone, in.Range)
			return activities.FinishUndoResult{Restored: 9, Changed: 1}
		}),
	})
}

// run executes VerifyTable in one history.
func (w *writing) run(in workflows.VerifyTableInput) *testsuite.TestWorkflowEnvironment {
	env := newEnvironment()
	w.register(env)
	env.ExecuteWorkflow(workflows.VerifyTableName, in)
	return env
}

// The inputs of a sweep, a repair and an undo.
var (
	sweepOrders  = workflows.VerifyTableInput{Table: "shop.orders", Deletes: true}
	repairOrders = workflows.VerifyTableInput{Table: "shop.orders", Repair: true}
	undoOrders   = workflows.UndoTableInput{Table: "shop.orders", Run: "run-1"}
)

// once requires that each of n batches was done once, in order.
func once(t *testing.T, n int, batches []int) {
	t.Helper()
	require.Len(t, batches, n)
	for i, batch := range batches {
		require.Equal(t, i, batch)
	}
}
