package activities

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// PlanRunInput asks what a run is to do.
type PlanRunInput struct {
	Table string `json:"table"`
	// Run is the name that the run's files get in staging.
	Run string `json:"run"`
	// State is the table's, as BeginRun returned it.
	State owner.State `json:"state"`
	// Full starts over; From (exclusive) and To (inclusive) make the run a backfill.
	Full bool   `json:"full,omitempty"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Only are the only files to load, by their names below files.url.
	Only []string `json:"only,omitempty"`
	// Force loads files also where their rows could undo newer ones.
	Force bool `json:"force,omitempty"`
	// Plan counts the plans of the run, from 0. Each has a fence of its own on the target: Plan above the lease's.
	Plan int `json:"plan,omitempty"`
	// Lost is the staging name of what the same run had planned before, and cannot use any more.
	Lost string `json:"lost,omitempty"`
	// Queue is that of the host on which the run is to be planned; empty is any.
	Queue string `json:"queue,omitempty"`

	preview bool // no run follows
	compare bool // a comparison follows
	run     bool // a run follows, or a preview of one
	// startOver says why an unfinished run of files is not taken up; "" where nothing speaks against it.
	startOver string
}

// PlanRunResult is a run's plan as far as histories may know it: no keys, no rows.
type PlanRunResult struct {
	Target string `json:"target"`
	Mode   string `json:"mode"`
	// Window is empty for a table without a cursor.
	Window table.Window `json:"window"`
	Cursor string       `json:"cursor,omitempty"`
	// Run and PlanSum name the staged plan; Run is an earlier run's where a first load resumes.
	Run     string `json:"run"`
	PlanSum string `json:"planSum"`
	// Ranges is how many there are; 0: nothing to read. Done has a '1' for each that an earlier run has loaded.
	Ranges int    `json:"ranges"`
	Done   string `json:"done,omitempty"`
	// TailLast says that the last range is what lies above the window's end. It begins when all others are done.
	TailLast bool `json:"tailLast,omitempty"`
	// TailTop is where the source's clock was, in the cursor's exact text; see State.
	TailTop string `json:"tailTop,omitempty"`
	// RowsEstimate is the server's guess, 0 where it has none.
	RowsEstimate   int64 `json:"rowsEstimate,omitempty"`
	ChunksInFlight int   `json:"chunksInFlight"`
	// ChunkRows is the most rows of a staged chunk.
	ChunkRows      int64 `json:"chunkRows,omitempty"`
	RangesInFlight int   `json:"rangesInFlight"`
	// HeldBack says what open work keeps the window's end back, empty for none.
	HeldBack string `json:"heldBack,omitempty"`
	// HeldBackSeconds is how far it keeps it back, 0 where the reason is no open work.
	HeldBackSeconds float64 `json:"heldBackSeconds,omitempty"`
	// FreshAt is the moment, by the worker's clock, whose state of the source the target holds
	// when the run is done; the zero time where the run changes nothing about that.
	FreshAt time.Time             `json:"freshAt,omitzero"`
	Samples []source.CursorSample `json:"samples,omitempty"`
	// ClockBack and ClockUntil are what the next runs have to know of the source's clock: see State.
	ClockBack  time.Duration `json:"clockBack,omitempty"`
	ClockUntil string        `json:"clockUntil,omitempty"`
	// Seen is what the run saw of the source, for the next one to compare.
	Seen     *source.Seen `json:"seen,omitempty"`
	Warnings []string     `json:"warnings,omitempty"`
	// IndexesLater is how many indexes the target gets when the first load is done.
	IndexesLater int `json:"indexesLater,omitempty"`
	// TargetLost says that the watermark is void: the target has none of the rows that it promises, or a full run is
	// about to make it hold others.
	TargetLost bool `json:"targetLost,omitempty"`
	// Queue is that of the host which has the plan and will have the files; empty where every worker sees them.
	Queue string `json:"queue,omitempty"`
	// Priority is 1 to 5, for the steps that follow.
	Priority int `json:"priority,omitempty"`
	// Watermark is the table's as it holds for what is there now: a cursor's type may have changed, and
	// the target may have lost its last runs.
	Watermark string `json:"watermark,omitempty"`
	// Identity is what the run binds the watermark to.
	Identity *owner.Identity `json:"identity,omitempty"`
	// Instance is the digest of the server that all pages of the run must be read from.
	Instance string `json:"instance,omitempty"`
	// TargetRow is the run's state row beside the target; nil where none is kept.
	TargetRow *TargetRow `json:"targetRow,omitempty"`
	// Replacement is set where the run replaces its target.
	Replacement *Replacement `json:"replacement,omitempty"`
	// Quarantine bounds the rows that the run sets aside; nil: it sets none aside.
	Quarantine *QuarantinePlan `json:"quarantine,omitempty"`
	// Files is set where the table is loaded from files.
	Files *FilesPlan `json:"files,omitempty"`
	// Resumable says that the state keeps what is done of this run of files, so that the next one goes on from there.
	// TakenFrom names the plan of the run which this one has taken up.
	Resumable bool   `json:"resumable,omitempty"`
	TakenFrom string `json:"takenFrom,omitempty"`
	// InQuarantine says that earlier runs have set rows aside.
	InQuarantine bool `json:"inQuarantine,omitempty"`
}

// KeepsProgress reports whether the table's state keeps what is done of the run, so that the next one can go on from
// there.
func (p *PlanRunResult) KeepsProgress() bool { return p.Mode == api.ModeFirstLoad || p.Resumable }

// RaiseWatermark sets the watermark that the state has after the run, where the mode has one. was is the one before.
//
// The run binds the identity of what is there now. So a watermark that holds no further there is lowered, also where
// the run has no window: a cursor of another type, or a target that has lost rows.
func (p *PlanRunResult) RaiseWatermark(req *owner.FinishRequest, was string) {
	req.FreshAt, req.TailTop = p.FreshAt, p.TailTop
	switch p.Mode {
	case api.ModeFirstLoad:
		req.Watermark, req.Cursor, req.ForgetFirstLoad = p.Window.Hi, p.Cursor, true
		req.Seen = p.Seen
	case api.ModeFiles:
		req.ForgetFirstLoad = p.Resumable
	case api.ModeIncremental, api.ModeReplace:
		req.ForgetFirstLoad = true // a full run that was ended: only another one begins again
		if p.Window.Hi != "" {     // otherwise open work left no end
			req.Watermark, req.Cursor, req.Seen = p.Window.Hi, p.Cursor, p.Seen
		}
	}
	if req.Watermark == "" && p.Watermark != was {
		req.Watermark, req.Cursor, req.Lowered = p.Watermark, p.Cursor, p.Watermark != ""
	}
}

// PlanProgress is what PlanRun heartbeats.
type PlanProgress struct {
	// Samples are what earlier tries have seen of an integer cursor, where none of them could choose
	// an end: once the work has ended that was open at the first of them, the next try can.
	Samples []source.CursorSample `json:"samples,omitempty"`
}

// planProgress is what an earlier try of the same step has left.
func planProgress(ctx context.Context) (last PlanProgress) {
	if activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &last) != nil {
		return PlanProgress{}
	}
	return last
}

// PlanRun checks the table on both sides, chooses the window's upper end, cuts the ranges, and
// creates or widens the target. All refusals come before the first write.
//
// Repeating it is harmless: it plans again, and the last plan counts. An unfinished first load
// is resumed where its plan is still there and still fits. It heartbeats PlanProgress.
func (a *Activities) PlanRun(ctx context.Context, in PlanRunInput) (PlanRunResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return PlanRunResult{}, err
	}
	var progress atomic.Value
	progress.Store(planProgress(ctx))
	if samples := progress.Load().(PlanProgress).Samples; samples != nil {
		in.State.Samples = samples // of an earlier try: they hold those of the state
	}
	defer beat(ctx, progress.Load)()
	in.run = true
	p, err := a.draft(ctx, in)
	if held := new(noUpperBoundError); errors.As(err, &held) {
		progress.Store(PlanProgress{Samples: held.samples})
		activity.RecordHeartbeat(ctx, progress.Load())
		return PlanRunResult{}, held.error
	}
	if err != nil {
		return PlanRunResult{}, err
	}
	if refusal := p.refusal(); refusal != nil {
		return PlanRunResult{}, refusal
	}
	if err := p.identityChanged(); err != nil {
		return PlanRunResult{}, err
	}
	in.State = p.id.state
	if err := p.findOwned(ctx, in.State); err != nil {
		return PlanRunResult{}, err
	}
	if in.Lost != "" {
		a.forgetPlan(ctx, in.Table, in.Lost)
	}
	if old := in.State.FirstLoad; old != nil && (p.mode == api.ModeIncremental || p.mode == api.ModeReplace) {
		a.forgetPlan(ctx, in.Table, old.Run) // of a full run that was ended: none goes on from it
	}
	if p.mode == api.ModeReplace {
		return a.planReplacement(ctx, in, p)
	}
	if err := a.startOver(ctx, in, p); err != nil {
		return PlanRunResult{}, translate(ctx, err, where{doing: "remove the old plan of " + in.Table})
	}
	out, err := a.stagePlan(ctx, in, p)
	if err != nil {
		return PlanRunResult{}, err
	}
	out.Queue = a.deps.HostQueue
	if err := a.planQuarantine(ctx, in, p, &out); err != nil {
		return PlanRunResult{}, translate(ctx, err, where{doing: "look for rows of " + in.Table + " in quarantine"})
	}
	logStep(ctx, "mode", out.Mode, "window", out.Window.String(), "ranges", out.Ranges, "statements",
		len(p.target.Statements), "warnings", len(out.Warnings), "heldBack", out.HeldBack)
	if err := p.dst.Apply(ctx, p.target); err != nil {
		return PlanRunResult{}, translate(ctx, err,
			where{p.settings.TargetConnection, "create or widen " + p.settings.Target.String()})
	}
	return out, a.beginTarget(ctx, in, p, &out)
}

// stagePlan resumes an earlier plan, or cuts and stages a new one. It comes before the target is created: a repeated
// step, which finds the target there, must still know from the plan which indexes it was created without.
func (a *Activities) stagePlan(ctx context.Context, in PlanRunInput, p *planDraft) (PlanRunResult, error) {
	if resumed, ok, err := a.resume(ctx, in, p); err != nil || ok {
		return resumed, err
	}
	if err := p.cut(ctx); err != nil {
		return PlanRunResult{}, err
	}
	a.timeIndexes(ctx, in, p)
	out := p.result(in)
	if len(p.ranges) == 0 {
		return out, nil
	}
	var err error
	out.PlanSum, err = a.writePlan(ctx, in.Run, a.staged(ctx, in, p))
	return out, translate(ctx, err, where{doing: "stage the plan of " + in.Table})
}

// staged is the draft as the steps of the run need it.
func (a *Activities) staged(ctx context.Context, in PlanRunInput, p *planDraft) stagedPlan {
	out := stagedPlan{
		Version: 1, Deployment: a.deps.Deployment, StateID: in.State.ID,
		WorkflowID: activity.GetInfo(ctx).WorkflowExecution.ID, Settings: p.settings, Mode: p.mode,
		Window: p.window, FreshAt: p.freshAt, ByKey: p.byKey(),
		ZoneOffset: p.tail.upperBound.ZoneOffset, Ceiling: p.tail.upperBound.Ceiling, Unsettled: p.unsettled(in),
		NeedsFence: p.mode != api.ModeFirstLoad && !p.lowered,
		Columns:    p.target.Columns, Key: p.table.PrimaryKey, Ranges: p.ranges,
		RefersToItself: p.target.RefersToItself,
		IndexesLater:   p.target.Deferred, Ordered: p.ordered(),
	}
	if p.files != nil {
		out.FilesText, out.Removal, out.Frozen = p.files.found.Text, p.files.removal, p.frozen(in)
		out.DoneBefore = p.files.doneBefore()
	}
	return out
}

// result is the draft as histories may know it.
func (p *planDraft) result(in PlanRunInput) PlanRunResult {
	out := PlanRunResult{
		Target: p.settings.Target.String(), Mode: p.mode, Window: p.window, Cursor: p.settings.Cursor,
		Run: in.Run, Ranges: len(p.ranges), Done: strings.Repeat("0", len(p.ranges)),
		TailLast: p.tailLast, TailTop: p.tailTop(),
		RowsEstimate: p.rowsEstimate, ChunksInFlight: p.settings.chunksAtOnce(p.dst.IsFar()), ChunkRows: int64(
			p.settings.ChunkRows), RangesInFlight: p.settings.RangesInFlight,
		HeldBack: p.heldBack, HeldBackSeconds: p.heldFor.Seconds(), FreshAt: p.freshAt.UTC(), Samples: p.samples,
		Seen: p.seen, ClockBack: p.clockBack, ClockUntil: p.clockUntil, Warnings: p.warnings,
		IndexesLater: len(p.target.Deferred), TargetLost: p.targetLost && in.State.Watermark != "" ||
			p.id.forget, Watermark: in.State.Watermark, Priority: p.settings.Priority,
	}
	p.filesResult(in, &out)
	return out
}
