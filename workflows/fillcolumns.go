package workflows

import (
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
)

// fillInput is what FillColumns takes: what a person has asked for, and how far an execution before this one is.
type fillInput struct {
	api.FillColumnsInput
	Resume *fillResume `json:"resume,omitempty"`
}

// fillResume is a fill whose history has become long, between two slices.
type fillResume struct {
	Plan activities.PlanFillResult `json:"plan"`
	// Slice is the one to write next, which is staged.
	Slice     int                      `json:"slice"`
	Extracted activities.ExtractResult `json:"extracted"`
	Counts    Counts                   `json:"counts"`
	Filled    int64                    `json:"filled,omitempty"`
	Pinned    bool                     `json:"pinned,omitempty"`
	Plans     int                      `json:"plans"`
	Started   time.Time                `json:"started"`
}

// FillColumns fills columns of rows that are on the target: PlanFill, and for each slice the steps of a range. The
// next slice is read while one is written, and only its writes hold the table's lease. Its input is a FillColumnsInput.
// It answers the query "status" with a Status.
//
// A row is written where the target still has the version that was read, by its cursor. So runs may come in between,
// and a fill that is started again counts what is filled already as equal.
func FillColumns(ctx workflow.Context, raw converter.RawValue) (FillColumnsResult, error) {
	in, err := decodeFill(raw)
	if err != nil {
		return FillColumnsResult{}, err
	}
	ctx = withPriority(ctx, in.Table, 0)
	f := &columnFill{in: in, status: Status{
		Table: in.Table, Phase: PhasePlan, Mode: api.ModeFill, Started: workflow.Now(ctx).UTC(),
	}}
	if r := in.Resume; r != nil {
		f.resume, f.status.Started, f.filled, f.plans = r, r.Started, r.Filled, r.Plans
	}
	if err := workflow.SetQueryHandler(ctx, QueryStatus, func() (Status, error) { return f.status, nil }); err != nil {
		return FillColumnsResult{}, err
	}
	for {
		long, err := f.attempt(ctx)
		switch altered := failureType(err); {
		case err == nil && long != nil:
			in.Resume = long
			return FillColumnsResult{}, continueAsNew(ctx, api.FillColumnsName, in)
		case err == nil:
			return f.receipt(ctx), nil
		case !needsNewPlan(err) && altered != failure.TableChanged && altered != failure.StagedFileCorrupt ||
			f.plans >= activities.MaxPlans:
			return FillColumnsResult{}, cause(err)
		}
		workflow.GetLogger(ctx).Warn("the plan of the backfill no longer holds: planning again", "error", err)
	}
}

func decodeFill(raw converter.RawValue) (fillInput, error) {
	var in fillInput
	if err := fillForm.decode(raw, &in); err != nil {
		return in, err
	}
	if err := fillForm.checkTable(in.Table); err != nil {
		return in, err
	}
	if len(in.Columns) == 0 {
		return in, fillForm.invalid("the columns are missing")
	}
	return in, nil
}

// columnFill is the state of a running FillColumns.
type columnFill struct {
	in     fillInput
	status Status
	plan   activities.PlanFillResult
	plans  int
	router hostRouter
	resume *fillResume
	counts Counts
	// filled are the rows that plans before this one have filled.
	filled int64
}

// attempt goes by one plan. It returns what remains where the history has become long.
func (f *columnFill) attempt(ctx workflow.Context) (*fillResume, error) {
	resume := f.resume
	f.resume = nil
	if resume != nil {
		f.plan, f.counts = resume.Plan, resume.Counts
		f.router = hostRouter{queue: f.plan.Queue, pinned: resume.Pinned}
	} else if err := f.planFill(ctx); err != nil {
		return nil, err
	}
	ctx = withPriority(ctx, f.in.Table, f.plan.Priority)
	f.status.Target, f.status.RowsTotal, f.status.Ranges = f.plan.Target, f.plan.RowsEstimate, 1
	f.status.Window.Hi = f.plan.Through
	remaining, err := f.move(ctx, resume)
	if remaining != nil {
		return remaining, nil
	}
	f.status.Phase = PhaseFinish
	drop := activities.DropPlanInput{Table: f.in.Table, Run: f.plan.Run, Queue: f.plan.Queue}
	if failureType(err) != failure.HostGone {
		detached, cancel := workflow.NewDisconnectedContext(ctx)
		defer cancel()
		step := f.router.step(detached, tidyOptions, "remove the files of the backfill", "DropPlan", drop)
		if dropErr := step.Get(detached, nil); dropErr != nil {
			workflow.GetLogger(ctx).Warn("files of the backfill not removed", "error", dropErr) // they are swept
		}
	}
	if err != nil {
		f.filled += f.counts.Updated
	}
	return nil, err
}

func (f *columnFill) planFill(ctx workflow.Context) error {
	in := activities.PlanFillInput{
		Table: f.in.Table, Columns: f.in.Columns, DryRun: f.in.DryRun,
		Run: activities.StagingName(workflow.GetInfo(ctx).WorkflowExecution.RunID, f.plans),
	}
	f.plans++
	f.plan, f.counts = activities.PlanFillResult{}, Counts{}
	options := withOptions(ctx, planOptions, "check both sides of "+f.in.Table)
	if err := workflow.ExecuteActivity(options, "PlanFill", in).Get(ctx, &f.plan); err != nil {
		return err
	}
	f.router = hostRouter{queue: f.plan.Queue}
	return nil
}

// move fills slice after slice.
func (f *columnFill) move(ctx workflow.Context, resume *fillResume) (*fillResume, error) {
	at := activities.RangeInput{Table: f.in.Table, Run: f.plan.Run, PlanSum: f.plan.PlanSum, Queue: f.plan.Queue}
	in := SyncRangeInput{Ranges: 1, ChunksInFlight: f.plan.ChunksInFlight, ChunkRows: f.plan.ChunkRows}
	var extracted *activities.ExtractResult
	if resume != nil {
		at.Slice, in.Counts, extracted = resume.Slice, resume.Counts, &resume.Extracted
	}
	in.Range = at
	r := newRangeRunner(in, &f.router, func(phase string) { f.status.Phase = phase }, f.onChunk)
	defer func() { f.counts = r.counts }()
	s, err := r.stage(ctx, r.at, extracted, r.setPhase)
	if err != nil {
		r.cleanup(ctx, r.at, err)
		return nil, err
	}
	if extracted == nil {
		r.addExtracted(s.ExtractResult)
	}
	for {
		r.totalChunks += int64(s.Chunks)
		next := r.prefetch(ctx, nil, nil, s.More)
		err := f.write(ctx, r, s)
		staged, stageErr := next.wait(ctx, err != nil)
		if err == nil {
			err = stageErr
		}
		r.cleanup(ctx, r.at, err) // the next slice has begun where its manifest says
		if err != nil || !s.More {
			if s.More {
				r.cleanup(ctx, next.at, err)
			}
			return nil, err
		}
		r.at, s = next.at, staged
		r.addExtracted(s.ExtractResult)
		if historyIsLong(ctx) {
			if err := r.checkCancel(ctx); err != nil {
				return nil, err
			}
			return &fillResume{
				Plan: f.plan, Slice: r.at.Slice, Extracted: s.ExtractResult, Counts: r.counts, Filled: f.filled,
				Pinned: f.router.pinned, Plans: f.plans, Started: f.status.Started,
			}, nil
		}
	}
}

// write writes a slice that is staged, under the table's lease.
func (f *columnFill) write(ctx workflow.Context, r *rangeRunner, s stagedSlice) error {
	if s.Chunks == 0 {
		return nil
	}
	r.setPhase(PhaseUpsert)
	before := r.counts
	do := func(ctx workflow.Context, slice activities.Slice) error {
		r.counts = before
		at := r.at
		at.Fence = slice.Fence
		chunks := newFanOut(r)
		chunks.writeSlice(ctx, &sliceWrites{at: at}, s.first)
		chunks.drain(ctx)
		return chunks.firstErr
	}
	if f.in.DryRun {
		return do(ctx, activities.Slice{})
	}
	return underLease(ctx, f.in.Table, do)
}

func (f *columnFill) onChunk(p rangeProgress) {
	f.status.RowsExtracted, f.status.RowsWritten = p.Extracted, p.Written
	f.status.Chunks, f.status.ChunksDone = p.Chunks, p.ChunksDone
	f.status.ChunkRows, f.status.WriteLimit = p.ChunkRows, p.WriteLimit
}

func (f *columnFill) receipt(ctx workflow.Context) FillColumnsResult {
	f.status.Phase, f.status.RangesDone = PhaseDone, 1
	return FillColumnsResult{
		Table: f.in.Table, Target: f.plan.Target, Columns: f.plan.Columns, DryRun: f.in.DryRun,
		Cursor: f.plan.Cursor, Through: f.plan.Through, Rows: f.counts.RowsExtracted,
		Filled: f.filled + f.counts.Updated, Equal: f.counts.Unchanged, Newer: f.counts.Changed,
		Missing: f.counts.Missing, Approximate: f.counts.Approximate,
		LongestTransaction: f.counts.LongestTransaction,
		Seconds:            workflow.Now(ctx).Sub(f.status.Started).Seconds(), Warnings: f.plan.Warnings,
	}
}
