package activities

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/throttle"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// PlanUndoInput asks for the undo of a repair or a sweep.
type PlanUndoInput struct {
	Table string `json:"table"`
	// Undo is the run whose writes are taken back.
	Undo string `json:"undo"`
	// Run is the name that the undo's own files get in staging.
	Run string `json:"run"`
}

// PlanUndoResult is the plan of an undo as far as histories may know it: no keys, no rows.
type PlanUndoResult struct {
	Target  string `json:"target"`
	Run     string `json:"run"`
	PlanSum string `json:"planSum"`
	// Batches are the ranges of the plan, in the order in which they are undone.
	Batches        int   `json:"batches"`
	ChunksInFlight int   `json:"chunksInFlight"`
	ChunkRows      int64 `json:"chunkRows"`
	Priority       int   `json:"priority,omitempty"`
	// Queue is that of the host which has the plan; empty where every worker sees it.
	Queue string `json:"queue,omitempty"`
	// NoSweeps says that the table's deletes are off: none is to be resumed.
	NoSweeps bool `json:"noSweeps,omitempty"`
}

// undoPiece is the file of an undo that a range takes back.
type undoPiece struct {
	Run   string `json:"run"`
	Batch int    `json:"batch"`
	Try   int    `json:"try,omitempty"`
}

// PlanUndo finds what is kept of a run, and checks that the target still is the table that it is of.
//
// Repeating it is harmless: it plans again, and the last plan counts.
func (a *Activities) PlanUndo(ctx context.Context, in PlanUndoInput) (PlanUndoResult, error) {
	s, err := a.settings(in.Table)
	if err != nil {
		return PlanUndoResult{}, err
	}
	files, err := a.undoIndexes(ctx, s.Table, in.Undo)
	if err != nil {
		return PlanUndoResult{}, translate(ctx, err, where{doing: "look for what is kept of " + in.Table})
	}
	if len(files) == 0 {
		return PlanUndoResult{}, noUndo(s, in.Undo, a.keep(staging.KeptUndo, s.Table))
	}
	for _, f := range files {
		if err := f.goesTo(s); err != nil {
			return PlanUndoResult{}, err
		}
	}
	dst, err := a.deps.Target(ctx, s.TargetConnection)
	if err != nil {
		return PlanUndoResult{}, lookupFailure(ctx, err, targetAt(s))
	}
	t, err := schema.Read(ctx, dst.DB, s.Target)
	if err != nil {
		return PlanUndoResult{}, lookupFailure(ctx, err, targetAt(s))
	}
	if t, err = s.ownRows(t, files[0].Layout.KeyNames(verify.Target)); err != nil {
		return PlanUndoResult{}, translate(ctx, err, targetAt(s))
	}
	state, err := a.state(ctx, in.Table)
	if err != nil {
		return PlanUndoResult{}, err
	}
	x := files[0]
	plan := stagedPlan{
		Version: 1, Deployment: a.deps.Deployment, StateID: state.ID,
		WorkflowID: activity.GetInfo(ctx).WorkflowExecution.ID, Settings: s, ByKey: true,
		Columns: append(slices.Clone(x.rowColumns()), textColumn(expectColumn, false)), Key: t.PrimaryKey,
		Comparison: &comparison{Layout: x.Layout}, Expect: x.rowColumns(),
	}
	plan.Settings.Throttle = throttle.Limits{} // each batch has waited before it holds the lease
	if s.Write != table.WriteHistory {         // where the cursor names the version
		plan.Settings.Cursor = "" // each row is written, also one with a smaller cursor
	}
	for _, f := range files {
		if err := f.fits(t, &x); err != nil {
			return PlanUndoResult{}, err
		}
		plan.Ranges = append(plan.Ranges, piece{Undo: &undoPiece{Run: in.Undo, Batch: f.Batch, Try: f.Try}})
	}
	out := PlanUndoResult{
		Target: s.Target.String(), Run: in.Run, Batches: len(plan.Ranges), ChunksInFlight: s.ChunksInFlight,
		ChunkRows: int64(s.ChunkRows), Priority: s.Priority, Queue: a.deps.HostQueue, NoSweeps: s.Deletes.off(),
	}
	if out.PlanSum, err = a.writePlan(ctx, in.Run, plan); err != nil {
		return PlanUndoResult{}, translate(ctx, err, where{doing: "stage the plan of an undo of " + in.Table})
	}
	logStep(ctx, "batches", out.Batches)
	return out, nil
}

// noUndo is the refusal of an undo of which nothing is kept.
func noUndo(s Settings, run string, keep time.Duration) error {
	remedy := fmt.Sprintf("name a run as its receipt does; what a run replaces is kept for %s", human.Duration(keep))
	if s.UndoOff {
		remedy = "undo is off for this table: nothing is kept of what is replaced"
	}
	return failure.New(failure.InvalidInput, fmt.Sprintf("staging has no undo of %s and run %q", s.Table, run), remedy)
}

// goesTo refuses a file of a table that is not the target any more.
func (x *undoIndex) goesTo(s Settings) error {
	if x.Target == s.Target && x.Connection == s.TargetConnection {
		return nil
	}
	return failure.New(failure.InvalidInput, fmt.Sprintf("the undo is of %s on connection %s, and %s now goes to %s on"+
		" connection %s", x.Target, x.Connection, s.Table, s.Target, s.TargetConnection), "")
}

// fits refuses a file whose rows cannot be written back as they were. first is the file whose columns the plan has.
func (x *undoIndex) fits(dst *schema.Table, first *undoIndex) error {
	altered := func(what string) error {
		return failure.New(failure.TableChanged, fmt.Sprintf("%s was altered since: %s", x.Target, what),
			"alter it back, then undo; or write the rows by hand")
	}
	key := len(dst.PrimaryKey) == x.Layout.Key
	for _, c := range x.Columns[:x.Layout.Key] {
		key = key && table.HasColumn(dst.PrimaryKey, c.Name)
	}
	if !key {
		return altered("it has another primary key")
	}
	for i, c := range x.rowColumns() {
		switch now := dst.Column(c.Name); {
		case now == nil:
			return altered("column " + c.Name + " is gone")
		case now.Type != c.Type || now.Collation != c.Collation || now.Generated:
			return altered("column " + c.Name + " has another type")
		case i >= len(first.Columns) || !table.SameColumn(first.Columns[i].Name, c.Name):
			return altered("the columns differ between the batches of the run")
		}
	}
	return nil
}
