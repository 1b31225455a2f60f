package workflows

import (
	"fmt"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
)

// UndoTable takes back what a repair or a sweep of deletes has written: PlanUndo, PauseDeletes, and for each file that
// is kept, the last one first and under the table's lease, StageUndo, the steps of a range, and FinishUndo. Its input
// is an UndoTableInput. It answers the query "status" with a Status.
//
// Without a run, it undoes the last swap of a table with write: replace: PlanUndoSwap, then UndoSwap under the lease.
//
// Rows that are not what was left there stay as they are. The table's deletes are paused first: the next sweep would
// delete again what comes back.
//
// Where its history is long, it continues as new between two files.
func UndoTable(ctx workflow.Context, raw converter.RawValue) (UndoTableResult, error) {
	in, err := decodeUndo(raw)
	if err != nil {
		return UndoTableResult{}, err
	}
	ctx = withPriority(ctx, in.Table, 0)
	u := &undo{
		in:     in.UndoTableInput,
		status: Status{Table: in.Table, Phase: PhasePlan, Mode: modeUndo, Started: workflow.Now(ctx).UTC()},
		result: UndoTableResult{Table: in.Table, Run: in.Run, DryRun: in.DryRun},
	}
	if err := workflow.SetQueryHandler(ctx, QueryStatus, func() (Status, error) { return u.status, nil }); err != nil {
		return UndoTableResult{}, err
	}
	switch {
	case in.Run == "":
		err = u.swap(ctx)
	case in.Resume != nil:
		err = u.resume(ctx, *in.Resume)
	default:
		err = u.run(ctx)
	}
	if err != nil {
		return UndoTableResult{}, cause(err)
	}
	u.status.Phase = PhaseDone
	u.result.Seconds = workflow.Now(ctx).Sub(u.status.Started).Seconds()
	return u.result, nil
}

// modeUndo is Status.Mode of an undo.
const modeUndo = "undo"

// undoInput is what UndoTable takes: what a person has asked for, and how far an execution before this one is.
type undoInput struct {
	UndoTableInput
	Resume *undoResume `json:"resume,omitempty"`
}

// undoResume is an undo whose history has become long, between two files: Status.RangesDone of the plan are done.
type undoResume struct {
	Plan   activities.PlanUndoResult `json:"plan"`
	Status Status                    `json:"status"`
	Result UndoTableResult           `json:"result"`
	Pinned bool                      `json:"pinned,omitempty"`
}

func decodeUndo(raw converter.RawValue) (undoInput, error) {
	var in undoInput
	if err := undoForm.decode(raw, &in); err != nil {
		return in, err
	}
	if err := undoForm.checkTable(in.Table); err != nil {
		return in, err
	}
	return in, nil
}

// undo is the state of a running UndoTable.
type undo struct {
	in     UndoTableInput
	status Status
	result UndoTableResult
	plan   activities.PlanUndoResult
	router hostRouter
}

func (u *undo) run(ctx workflow.Context) error {
	in := activities.PlanUndoInput{
		Table: u.in.Table, Undo: u.in.Run, Run: workflow.GetInfo(ctx).WorkflowExecution.RunID,
	}
	err := workflow.ExecuteActivity(withOptions(ctx, planOptions, "look for what is kept"), "PlanUndo", in).
		Get(ctx, &u.plan)
	if err != nil {
		return err
	}
	u.router = hostRouter{queue: u.plan.Queue}
	u.result.Target, u.status.Target, u.status.Ranges = u.plan.Target, u.plan.Target, int64(u.plan.Batches)
	if !u.in.DryRun {
		pause := activities.PauseDeletesInput{Table: u.in.Table, Reason: "run " + u.in.Run + " was undone"}
		options := withOptions(withPriority(ctx, u.in.Table, u.plan.Priority), stateOptions, "pause the deletes")
		paused := workflow.ExecuteActivity(options, "PauseDeletes", pause)
		if err := paused.Get(ctx, nil); err != nil {
			return err
		}
		u.result.DeletesPaused = !u.plan.NoSweeps
	}
	u.status.Phase = PhaseRanges
	return u.undoFiles(ctx)
}

// resume goes on where an execution before this one has ended.
func (u *undo) resume(ctx workflow.Context, r undoResume) error {
	u.plan, u.status, u.result = r.Plan, r.Status, r.Result
	u.router = hostRouter{queue: r.Plan.Queue, pinned: r.Pinned}
	return u.undoFiles(ctx)
}

// undoFiles takes back one file after the other, and removes the plan.
func (u *undo) undoFiles(ctx workflow.Context) error {
	ctx = withPriority(ctx, u.in.Table, u.plan.Priority)
	for i := int(u.status.RangesDone); i < u.plan.Batches; i++ {
		if err := u.undoFile(ctx, i); err != nil {
			return err
		}
		if u.status.RangesDone++; i+1 < u.plan.Batches && historyIsLong(ctx) {
			return continueAsNew(ctx, UndoTableName, undoInput{u.in, &undoResume{
				Plan: u.plan, Status: u.status, Result: u.result, Pinned: u.router.pinned,
			}})
		}
	}
	u.status.Phase = PhaseFinish
	drop := activities.DropPlanInput{Table: u.in.Table, Run: u.plan.Run, Queue: u.plan.Queue}
	dropped := u.router.step(ctx, tidyOptions, "remove the files of the undo", "DropPlan", drop)
	if err := dropped.Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Warn("files of the undo not removed", "error", err) // they are swept
	}
	return nil
}

// undoFile takes back one file.
func (u *undo) undoFile(ctx workflow.Context, i int) error {
	in := activities.FinishUndoInput{DryRun: u.in.DryRun, RangeInput: activities.RangeInput{
		Table: u.in.Table, Run: u.plan.Run, PlanSum: u.plan.PlanSum, Range: i, Queue: u.plan.Queue,
	}}
	var out activities.FinishUndoResult
	finish := func(ctx workflow.Context) error {
		summary := fmt.Sprintf("look at the rows of batch %d of %d", i+1, u.plan.Batches)
		return u.router.step(ctx, extractOptions, summary, "FinishUndo", in).Get(ctx, &out)
	}
	write := func(ctx workflow.Context, slice activities.Slice) error {
		in.Fence = slice.Fence
		written, err := writeBatch(ctx, &u.router, "StageUndo", SyncRangeInput{
			Range: in.RangeInput, Ranges: u.plan.Batches, ChunksInFlight: u.plan.ChunksInFlight,
			ChunkRows: u.plan.ChunkRows,
		})
		if err != nil {
			return err
		}
		u.status.RowsWritten += written
		return finish(ctx)
	}
	var err error
	if u.in.DryRun {
		err = finish(ctx)
	} else {
		err = underLease(ctx, u.in.Table, write)
	}
	u.result.Restored += out.Restored
	u.result.Changed += out.Changed
	return err
}
