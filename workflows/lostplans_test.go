package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/verify"
	"github.com/tablehaul/tablehaul/workflows"
)

// altered is the failure of a batch whose table was altered.
func altered() error { return failure.New(failure.TableChanged, "shop.orders was altered", "") }

// receipt is what a comparison says at its end.
func (w *writing) receipt(t *testing.T, in workflows.VerifyTableInput) (out workflows.VerifyTableResult) {
	t.Helper()
	env := w.run(in)
	require.NoError(t, env.GetWorkflowError())
	require.NoError(t, env.GetWorkflowResult(&out))
	require.Len(t, w.ended, 1)
	require.Equal(t, out.Undo, w.ended[0].Receipt.Undo)
	return out
}

// failsAt lets a batch of the first plan fail, before it deletes a row.
func (w *writing) failsAt(batch int, err error) {
	deleteRows := w.deleteRows
	w.deleteRows = func(in activities.DeleteRowsInput) (activities.DeleteRowsResult, error) {
		if len(w.plans) == 1 && in.Batch == batch {
			return activities.DeleteRowsResult{}, err
		}
		return deleteRows(in)
	}
}

// What a sweep has deleted by a plan that was lost is on its receipt, with its undo, and in the table's state.
func TestASweepThatPlansAgainKeepsWhatItHasDeleted(t *testing.T) {
	for _, typ := range []string{failure.TableChanged, failure.ServerChanged, failure.HostGone} {
		w := newWriting()
		w.found = []int64{12_000, 2_000}
		w.failsAt(2, failure.New(typ, "lost", ""))
		out := w.receipt(t, sweepOrders)
		require.Len(t, w.plans, 2)
		require.Equal(t, w.plans, out.Undo, typ)
		require.EqualValues(t, [2]int64{12_000, 12_000}, [2]int64{out.Sweep.Found, out.Sweep.Deleted}, typ)
		record := w.ended[0].Sweep
		require.EqualValues(t, [2]int64{12_000, 12_000}, [2]int64{record.Found, record.Deleted}, typ)
		require.Empty(t, record.Held)
		last := w.deleted[len(w.deleted)-1]
		require.Equal(t, w.plans[1], last.List)
		require.Zero(t, last.Batch)
		require.Zero(t, last.From)
	}
}

// Rows that a lost plan has left on the target are found again, and count once. A plan that finds nothing more says
// what the one before it has done.
func TestRowsThatALostPlanHasLeftCountOnce(t *testing.T) {
	w := newWriting()
	w.found = []int64{7_000, 2_300}
	w.deleteRows = func(in activities.DeleteRowsInput) (out activities.DeleteRowsResult, _ error) {
		if len(w.plans) > 1 {
			return w.deleteAll(in)
		}
		out.SweptRows = api.SweptRows{Deleted: 4_600, Back: 70, Changed: 200, Gone: 30, Referenced: 100}
		out.Kept, out.Next, out.LongestTransaction = true, sweptAtOnce, 0.5
		return out, nil
	}
	w.failsAt(1, altered())
	got := w.receipt(t, sweepOrders).Sweep
	require.Equal(t, &api.SweepResult{
		Mode: api.DeletesHard, Found: 7_000, LongestTransaction: 0.5,
		SweptRows: api.SweptRows{Deleted: 6_900, Back: 70, Gone: 30},
	}, got)
	require.Zero(t, got.Left())

	w = newWriting()
	w.found = []int64{7_000, 0}
	w.failsAt(1, altered())
	out := w.receipt(t, sweepOrders)
	require.EqualValues(t, [2]int64{5_000, 5_000}, [2]int64{out.Sweep.Found, out.Sweep.Deleted})
	require.Equal(t, w.plans[:1], out.Undo)
}

// A list that a person has approved is the same one by the next plan: the sweep goes on where it was.
func TestAnApprovedSweepThatPlansAgainGoesOnInItsList(t *testing.T) {
	w := newWriting()
	w.found = []int64{12_000}
	w.failsAt(2, altered())
	in := sweepOrders
	in.Approve = "sweep-0"
	out := w.receipt(t, in)
	require.EqualValues(t, [2]int64{12_000, 12_000}, [2]int64{out.Sweep.Found, out.Sweep.Deleted})
	require.Equal(t, w.plans, out.Undo)
	var from []int64
	for _, in := range w.deleted {
		require.Equal(t, "sweep-0", in.List)
		from = append(from, in.From)
	}
	require.Equal(t, []int64{0, 5_000, 10_000, 10_000}, from)
	require.Zero(t, w.count("CompareRange"))
}

// An undo is named where rows are kept, also where no row was deleted by the attempt that answers. One that keeps
// nothing is not named.
func TestASweepNamesWhatIsKept(t *testing.T) {
	for _, kept := range []bool{true, false} {
		w := newWriting()
		w.found = []int64{100}
		w.deleteRows = func(activities.DeleteRowsInput) (activities.DeleteRowsResult, error) {
			return activities.DeleteRowsResult{SweptRows: api.SweptRows{Gone: 100}, Kept: kept, Done: true}, nil
		}
		out := w.receipt(t, sweepOrders)
		require.Equal(t, kept, len(out.Undo) == 1)
	}
}

// A sweep that is held in the middle says what it has deleted before, and what takes that back.
func TestASweepThatIsHeldInTheMiddleSaysWhatItHasDone(t *testing.T) {
	for name, in := range map[string]workflows.VerifyTableInput{
		"a sweep":          sweepOrders,
		"an approved list": {Table: "shop.orders", Deletes: true, Approve: "sweep-0"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWriting()
			w.found = []int64{12_000}
			w.failsAt(2, failure.New(failure.DeletesHeld, "deletes of shop.orders are paused", ""))
			env := w.run(in)
			requireType(t, env.GetWorkflowError(), failure.DeletesHeld)
			require.Len(t, w.ended, 1)
			require.Equal(t, w.plans, w.ended[0].Receipt.Undo)
			require.EqualValues(t, 10_000, w.ended[0].Sweep.Deleted)
			require.GreaterOrEqual(t, w.ended[0].Sweep.Found, w.ended[0].Sweep.Deleted)
			require.Contains(t, w.ended[0].Sweep.Held, "are paused")
		})
	}
}

// An answer counts as it is, and nothing of one that a lost lease has made void.
func TestABatchThatIsDeletedAgainCountsOnce(t *testing.T) {
	w := newWriting()
	w.found = []int64{100}
	first := true
	w.deleteRows = func(activities.DeleteRowsInput) (out activities.DeleteRowsResult, err error) {
		out.Deleted, out.Kept, out.Done = 95, true, true
		if first {
			out.Back, out.Changed = 3, 2
		}
		return out, err
	}
	w.endSlice = func() error {
		if first {
			first = false
			return failure.New(failure.LeaseLost, "taken over", "")
		}
		return nil
	}
	require.Equal(t, api.SweptRows{Deleted: 95}, w.receipt(t, sweepOrders).Sweep.SweptRows)
}

// What a repair has written by a plan that was lost is on its receipt, with its undo.
func TestARepairThatPlansAgainKeepsWhatItHasRepaired(t *testing.T) {
	w := newWriting()
	w.found = []int64{10_000, 6_000}
	w.finishRepair = func(in activities.RangeInput) (activities.FinishRepairResult, error) {
		if len(w.plans) == 1 && in.Range == 2 {
			return activities.FinishRepairResult{}, altered()
		}
		return repairedAll(), nil
	}
	out := w.receipt(t, repairOrders)
	require.Len(t, w.plans, 2)
	require.Equal(t, w.plans, out.Undo)
	require.Equal(t, map[verify.Verdict]int64{verify.Missing: 4_000 + 6_000}, out.Repaired)
	require.Equal(t, []int{0, 1, 2, 0, 1, 2}, w.repaired)
	require.False(t, out.Differs)

	w = newWriting()
	w.found = []int64{2_000, 0}
	w.finishRepair = func(activities.RangeInput) (activities.FinishRepairResult, error) {
		return activities.FinishRepairResult{}, altered()
	}
	out = w.receipt(t, repairOrders)
	require.Equal(t, w.plans[:1], out.Undo, "what was written before the failure can be undone")
	require.Empty(t, out.Repaired)
}
