package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/throttle"
	"github.com/tablehaul/tablehaul/internal/verify"
)

const (
	// repairBatchKeys is how many keys a batch has: it holds the table's lease for some seconds.
	repairBatchKeys = 2_000
	// maxRepairBatches bounds what one comparison repairs.
	maxRepairBatches = 500
)

// PlanRepairInput asks for the repair of what a comparison has found. Run and PlanSum are those of the comparison.
type PlanRepairInput struct {
	RangeInput
	// OverwriteNewer repairs rows that are newer on the target, too.
	OverwriteNewer bool `json:"overwriteNewer,omitempty"`
}

// PlanRepairResult is the plan of a repair as far as histories may know it: no keys, no rows.
type PlanRepairResult struct {
	// Run and PlanSum name the staged plan of the repair.
	Run     string `json:"run"`
	PlanSum string `json:"planSum"`
	// Batches is how many there are; they are the ranges 0 to Batches-1 of the plan.
	Batches int `json:"batches"`
	// Left counts keys that this repair does not look at, by verdict.
	Left map[verify.Verdict]int64 `json:"left,omitempty"`
	// Undo is the run's name for `tablehaul undo`, empty where nothing is kept.
	Undo           string `json:"undo,omitempty"`
	ChunksInFlight int    `json:"chunksInFlight"`
	ChunkRows      int64  `json:"chunkRows"`
}

// repairPlan is what the steps of a repair agree on, in its staged plan.
type repairPlan struct {
	// Keys are the parts that list the keys to repair, with their verdicts.
	Keys []table.Part `json:"keys"`
	// UndoRun is the run whose undo is kept; empty where none is.
	UndoRun string `json:"undoRun,omitempty"`
}

// repairPiece is the batch of a range: a chunk of the list of keys.
type repairPiece struct {
	Part  int `json:"part"`
	Chunk int `json:"chunk"`
	// Overwrite says that these rows are written also where the target's are newer.
	Overwrite bool `json:"overwrite,omitempty"`
}

// repairRun is the staging name of a comparison's repair.
func repairRun(run string) string { return run + ".repair" }

// PlanRepair checks both sides again, as the plan of a run does, and cuts the keys that a comparison has found into
// batches: first those that are written by the usual order of cursors, then those that are newer on the target.
//
// Repeating it is harmless: it plans again, and the last plan counts.
func (a *Activities) PlanRepair(ctx context.Context, in PlanRepairInput) (PlanRepairResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return PlanRepairResult{}, err
	}
	state, err := a.state(ctx, in.Table)
	if err != nil {
		return PlanRepairResult{}, err
	}
	p, err := a.draft(ctx, PlanRunInput{Table: in.Table, State: state, preview: true})
	if err != nil {
		return PlanRepairResult{}, err
	}
	if p.settings.Write == table.WriteHistory && in.OverwriteNewer {
		return PlanRepairResult{}, invalidInput("overwriteNewer of "+in.Table+", which has write: history and keeps "+
			"newer versions", "repair it without, which adds the versions that are missing")
	}
	if err := p.comparable(in.Table); err != nil {
		return PlanRepairResult{}, err
	}
	dst, err := p.readTarget(ctx)
	if err != nil {
		return PlanRepairResult{}, err
	}
	c := comparison{SourceInstance: p.instance.Digest, TargetInstance: p.dst.DB.Instance().Digest}
	if c.Layout, err = p.layout(ctx, dst, api.DepthDigest); err != nil {
		return PlanRepairResult{}, err
	}
	x, err := newUndoIndex(p.settings, in.Run, 0, c.Layout, dst)
	if err != nil {
		return PlanRepairResult{}, err
	}
	plan := stagedPlan{
		Version: 1, Deployment: a.deps.Deployment, StateID: state.ID,
		WorkflowID: activity.GetInfo(ctx).WorkflowExecution.ID, Settings: p.settings, ByKey: true,
		Columns: writtenColumns(&c.Layout), Key: p.table.PrimaryKey, Comparison: &c,
		RefersToItself: p.target.RefersToItself, Expect: x.rowColumns(), Repair: &repairPlan{},
	}
	plan.Settings.Throttle = throttle.Limits{} // each batch has waited before it holds the lease
	out := PlanRepairResult{
		Run: repairRun(in.Run), Left: map[verify.Verdict]int64{},
		ChunksInFlight: p.settings.ChunksInFlight, ChunkRows: int64(p.settings.ChunkRows),
	}
	if err := a.listRepairs(ctx, in, &plan, &out); err != nil {
		return PlanRepairResult{}, translate(ctx, err, where{doing: "list the repairs of " + in.Table})
	}
	out.Batches, out.Undo = len(plan.Ranges), plan.Repair.UndoRun
	if out.PlanSum, err = a.writePlan(ctx, out.Run, plan); err != nil {
		return PlanRepairResult{}, translate(ctx, err, where{doing: "stage the plan of a repair of " + in.Table})
	}
	logStep(ctx, "batches", out.Batches)
	return out, nil
}

// repairs reports whether a repair writes rows of a verdict. A history gets versions, and keeps those that it has.
func (in PlanRepairInput) repairs(v verify.Verdict, write table.WriteMode) bool {
	switch v {
	case verify.Missing, verify.Stale, verify.Silent:
		return true
	case verify.Respelled:
		return write != table.WriteHistory
	case verify.Newer:
		return in.OverwriteNewer
	default:
		return false
	}
}

// undoable reports whether the repair of a verdict may replace a row, which is kept. A history gets a version beside
// the others, unless it has one of the same cursor, or one that is marked as deleted.
func undoable(v verify.Verdict, s Settings) bool {
	return !s.UndoOff && (s.Write != table.WriteHistory || v == verify.Silent || s.Deletes.softColumn() != "")
}

// listRepairs stages the keys to repair, a batch in a chunk, and makes a range of each batch.
func (a *Activities) listRepairs(ctx context.Context, in PlanRepairInput, plan *stagedPlan, out *PlanRepairResult,
) error {
	r := &openedRange{in: RangeInput{Table: in.Table, Run: out.Run}, name: plan.Settings.Table, plan: *plan}
	r.plan.Columns = repairKeyColumns(&plan.Comparison.Layout)
	r.plan.Settings.ChunkRows, r.plan.Settings.ChunkBytes, r.plan.Settings.PartBytes = repairBatchKeys, 1<<40, 1<<40
	parts := newPartWriter(a.deps.Store, r, attemptName(ctx))
	var listed int64
	row := table.NewRows(len(r.plan.Columns))
	for _, newer := range []bool{false, true} {
		err := a.eachDifference(ctx, r.name, in.Run, func(key table.Texts, verdict verify.Verdict) error {
			switch {
			case (verdict == verify.Newer) != newer:
				return nil
			case !in.repairs(verdict, plan.Settings.Write) || listed >= maxRepairBatches*repairBatchKeys:
				out.Left[verdict]++
				return nil
			}
			listed++
			if undoable(verdict, plan.Settings) {
				plan.Repair.UndoRun = in.Run
			}
			row.Reset()
			for _, v := range key {
				row.Append([]byte(v))
			}
			row.Append([]byte(verdict))
			return parts.write(ctx, row)
		})
		if err == nil {
			err = parts.close()
		}
		if err != nil {
			parts.discard(ctx)
			return err
		}
		for i := len(plan.Repair.Keys); i < len(parts.parts); i++ {
			plan.Repair.Keys = append(plan.Repair.Keys, parts.parts[i])
			for j := range parts.parts[i].Chunks {
				batch := repairPiece{Part: i, Chunk: j, Overwrite: newer}
				plan.Ranges = append(plan.Ranges, piece{Repair: &batch})
			}
		}
	}
	return nil
}

// repairKeyColumns are those of the list of keys to repair.
func repairKeyColumns(l *verify.Layout) []table.Column {
	return append(suspectColumns(l), textColumn("tablehaul_verdict", true))
}

// repairKey is a key to repair.
type repairKey struct {
	key     table.Texts
	bytes   string
	verdict verify.Verdict
}

// repairKeys reads the keys of a batch.
func (a *Activities) repairKeys(ctx context.Context, r *openedRange) ([]repairKey, error) {
	list := *r
	list.plan.Columns = repairKeyColumns(&r.plan.Comparison.Layout)
	m, p := staging.Manifest{Parts: r.plan.Repair.Keys}, r.plan.Ranges[r.in.Range].Repair
	ref := ChunkRef{Part: p.Part, Chunk: p.Chunk}
	if p.Part < len(m.Parts) && p.Chunk < len(m.Parts[p.Part].Chunks) { // readChunk refuses others
		chunk := m.Parts[p.Part].Chunks[p.Chunk]
		ref.Rows, ref.FirstRow = chunk.Rows, chunk.FirstRow
	}
	rows, err := a.readChunk(ctx, &list, m, ref)
	if err != nil {
		return nil, err
	}
	defer rows.Return()
	out := make([]repairKey, rows.Len())
	for at := range out {
		key := keyTexts(rows, at, rows.Columns()-1)
		out[at] = repairKey{key, key.Bytes(), verify.Verdict(rows.Value(at, rows.Columns()-1))}
	}
	return out, nil
}
