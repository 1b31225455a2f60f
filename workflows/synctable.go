package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// SyncTable is one run of one table: it gets the lease, plans, moves every range, and raises
// the watermark. Its input is a SyncTableInput; it is decoded by hand so that a misspelt key
// is an InvalidInput failure that says so.
//
// It never continues as new: that would end a cron schedule.
func SyncTable(ctx workflow.Context, raw converter.RawValue) (SyncTableResult, error) {
	in, err := decodeSync(raw)
	if err != nil {
		return SyncTableResult{}, err
	}
	ctx = withPriority(ctx, in.Table, 0)
	s := newSync(ctx, in)
	if err := s.serveStatus(ctx); err != nil {
		return SyncTableResult{}, err
	}
	begun, err := s.begin(ctx)
	if err != nil {
		return SyncTableResult{}, cause(err)
	}
	if begun.Busy != nil {
		s.result.Skipped, s.result.HolderID = true, begun.Busy.WorkflowID
		s.setPhase(ctx, PhaseDone)
		return s.result, nil
	}
	if err := s.runToEnd(ctx, begun.State); err != nil {
		return SyncTableResult{}, cause(err)
	}
	return s.result, nil
}

// runToEnd runs and gives the lease back. Where the target may have lost rows of the run in a crash,
// it runs again, once.
func (s *sync) runToEnd(ctx workflow.Context, state owner.State) error {
	for again := false; ; again = true {
		runErr := s.run(ctx, state)
		err := s.finish(ctx, runErr)
		if err == nil || runErr != nil {
			return err
		}
		if again || failureType(err) != failure.TargetRestarted {
			return s.finish(ctx, err) // what the target refused must not keep the lease
		}
		workflow.GetLogger(ctx).Warn("the target was started again during the run and may have lost rows, writing them again")
		queue := s.plan.Queue
		if state = s.stateForNewPlan(state); state.FirstLoad != nil {
			state.FirstLoad.Queue = queue
		}
	}
}

// sync is the state of a running SyncTable.
type sync struct {
	in     SyncTableInput
	lease  owner.Lease
	status Status
	result SyncTableResult
	plan   activities.PlanRunResult
	// running are the ranges that children move, in the order of their starts; ranges has the
	// counts that running ranges have told so far.
	running []int
	ranges  map[int]rangeProgress
	router  hostRouter
	// visibility is what lists may show; told are the phases that they have been told.
	visibility   owner.Visibility
	listedPhases map[string]bool
	// planned says that PlanRun succeeded; plans counts how often it was asked for.
	planned bool
	plans   int
}

func newSync(ctx workflow.Context, in SyncTableInput) *sync {
	return &sync{
		in:           in,
		status:       Status{Table: in.Table, Phase: PhaseBegin, Started: workflow.Now(ctx).UTC()},
		result:       SyncTableResult{Table: in.Table, Seconds: map[string]float64{}},
		ranges:       map[int]rangeProgress{},
		listedPhases: map[string]bool{},
	}
}

func (s *sync) begin(ctx workflow.Context) (activities.BeginRunResult, error) {
	exec := workflow.GetInfo(ctx).WorkflowExecution
	var out activities.BeginRunResult
	err := workflow.ExecuteActivity(withOptions(ctx, beginOptions, "get the lease of "+s.in.Table), "BeginRun", activities.BeginRunInput{
		Table: s.in.Table, WorkflowID: exec.ID, RunID: exec.RunID, IfBusy: s.in.IfBusy,
	}).Get(ctx, &out)
	s.visibility = out.Visibility
	s.status.FreshAt = out.State.FreshAt
	if err == nil && out.State.Lease != nil {
		s.lease = *out.State.Lease
		s.result.Watermark = out.State.Watermark
	}
	return out, err
}

// run plans and moves the rows. Where the host that has the files is gone, it plans anew, on
// another; so it does where the plan itself is lost. What it returns is the first thing that
// went wrong.
func (s *sync) run(ctx workflow.Context, state owner.State) error {
	for lost := 1; ; lost++ {
		err := s.attempt(ctx, state)
		if !needsNewPlan(err) || lost >= activities.MaxPlans {
			return err
		}
		workflow.GetLogger(ctx).Warn("the plan, the host with the staged files, or the server that it was made for is gone: planning anew", "queue", s.plan.Queue, "error", err)
		if s.plan.Cursor == "" {
			// A host that lost Temporal but not the target may be at a chunk still, and without a
			// cursor nothing keeps its rows from replacing what is about to be read anew.
			if err := workflow.Sleep(ctx, activities.ChunkTimeout); err != nil {
				return err
			}
		}
		state = s.stateForNewPlan(state)
	}
}

// needsNewPlan reports whether a run goes on with another plan.
func needsNewPlan(err error) bool {
	switch failureType(err) {
	case failure.HostGone, failure.PlanLost, failure.ServerChanged:
		return true
	}
	return false
}

// afterLoss is the table's state, as its owner has it now, for planning anew. A plan that
// turns out to be there still is taken up again.
func (s *sync) stateForNewPlan(state owner.State) owner.State {
	state.FirstLoad = nil
	if s.plan.Mode == api.ModeFirstLoad {
		state.Identity = s.plan.Identity
		state.FirstLoad = &owner.FirstLoad{Run: s.plan.Run, PlanSum: s.plan.PlanSum, Done: s.plan.Done, IndexesLater: s.plan.IndexesLater > 0}
	}
	if s.plan.TargetLost {
		state.Watermark, state.Cursor, state.Loaded = "", "", false
	}
	if s.plan.Marks != nil {
		state.Marks = s.plan.Marks
	}
	state.HeldBack = s.plan.HeldBack
	s.status.Waits = nil
	return state
}

// attempt plans, moves every range, and adds indexes.
func (s *sync) attempt(ctx workflow.Context, state owner.State) error {
	if err := s.planRun(ctx, state); err != nil {
		return err
	}
	ctx = withPriority(ctx, s.in.Table, s.plan.Priority)
	if err := s.recordPlan(ctx, state); err != nil {
		return err
	}
	var todo []SyncRangeInput
	for _, i := range missingRanges(s.plan) {
		todo = append(todo, s.rangeInput(i))
	}
	var err error
	switch {
	case len(todo) == 1 && s.plan.Ranges == 1:
		err = s.moveInline(ctx)
	case len(todo) > 0:
		s.setPhase(ctx, PhaseRanges)
		err = s.moveChildren(ctx, todo)
	}
	if err == nil && s.result.Written() != s.result.RowsExtracted {
		// Invariant: rows extracted = rows in manifests = rows applied. If it does not hold,
		// the watermark must not rise.
		err = temporal.NewNonRetryableApplicationError(
			fmt.Sprintf("%d rows were extracted and %d applied: the watermark stays", s.result.RowsExtracted, s.result.Written()),
			failure.Unexpected, nil)
	}
	if err == nil && s.plan.IndexesLater > 0 {
		err = s.addIndexes(ctx)
	}
	return err
}

// addIndexes gives a target that this load has created the indexes that it lacks.
func (s *sync) addIndexes(ctx workflow.Context) error {
	s.setPhase(ctx, PhaseIndexes)
	defer s.measure(ctx, PhaseIndexes)()
	return s.router.step(ctx, indexOptions, "build the target's indexes", "AddIndexes", s.rangeInput(0).Range).Get(ctx, nil)
}

func (s *sync) planRun(ctx workflow.Context, state owner.State) error {
	s.setPhase(ctx, PhasePlan)
	defer s.measure(ctx, PhasePlan)()
	in := activities.PlanRunInput{
		Table: s.in.Table, State: state, Full: s.in.Full, From: s.in.From, To: s.in.To,
	}
	in.Run = activities.StagingName(workflow.GetInfo(ctx).WorkflowExecution.RunID, s.plans)
	if s.plans++; s.planned && s.plan.Mode != api.ModeFirstLoad {
		in.Lost = s.plan.Run
	}
	if state.FirstLoad != nil {
		in.Queue = state.FirstLoad.Queue // only there is the plan that could be taken up again
	}
	var plan activities.PlanRunResult
	choose := func() error {
		at := hostRouter{queue: in.Queue}
		return at.step(ctx, planOptions, "check "+s.in.Table+" and choose what to read", "PlanRun", in).Get(ctx, &plan)
	}
	err := choose()
	if failureType(err) == failure.HostGone {
		in.Queue = ""
		err = choose()
	}
	if err != nil {
		return err
	}
	if s.planned && plan.PlanSum != s.plan.PlanSum {
		s.result.Counts = Counts{} // what a lost plan has moved is moved again
	}
	s.plan, s.planned, s.router = plan, true, hostRouter{queue: plan.Queue}
	s.result.Target, s.result.Mode, s.result.Window = s.plan.Target, s.plan.Mode, s.plan.Window
	s.result.Warnings, s.result.HeldBack = s.plan.Warnings, s.plan.HeldBack
	s.status.Target, s.status.Mode, s.status.Window = s.plan.Target, s.plan.Mode, s.plan.Window
	s.upsertMemo(ctx)
	s.status.Ranges, s.status.RowsTotal = int64(s.plan.Ranges), s.plan.RowsEstimate
	s.status.RangesDone = int64(strings.Count(s.plan.Done, "1"))
	if s.plan.HeldBack != "" {
		s.status.Waits = []Wait{{Reason: s.plan.HeldBack, Since: workflow.Now(ctx).UTC()}}
	}
	return nil
}

// recordPlan tells the owner what a later run needs to know, where there is something to tell.
func (s *sync) recordPlan(ctx workflow.Context, state owner.State) error {
	req := owner.ProgressRequest{Fence: s.lease.Fence, RunID: s.lease.RunID, Marks: s.plan.Marks, ForgetWatermark: s.plan.TargetLost}
	if s.plan.Mode == api.ModeFirstLoad && s.plan.Ranges > 0 {
		req.FirstLoad = &owner.FirstLoad{
			Run: s.plan.Run, PlanSum: s.plan.PlanSum, Done: s.plan.Done, IndexesLater: s.plan.IndexesLater > 0, Queue: s.plan.Queue,
		}
		req.Identity = s.plan.Identity
	}
	if s.plan.HeldBack != state.HeldBack {
		req.HeldBack, req.HeldBackSeconds = &s.plan.HeldBack, s.plan.HeldBackSeconds
	}
	if req.FirstLoad == nil && req.HeldBack == nil && len(req.Marks) == 0 && !req.ForgetWatermark {
		return nil
	}
	return s.record(ctx, "remember the plan", req)
}

// record tells the owner of the table how far the run is.
func (s *sync) record(ctx workflow.Context, summary string, req owner.ProgressRequest) error {
	return s.startRecord(ctx, summary, req).Get(ctx, nil)
}

// recording is record under way.
func (s *sync) startRecord(ctx workflow.Context, summary string, req owner.ProgressRequest) workflow.Future {
	return workflow.ExecuteActivity(withOptions(ctx, stateOptions, summary), "RecordProgress",
		activities.RecordProgressInput{Table: s.in.Table, Progress: req, TargetRow: s.targetRowFor(req)})
}

// rowOf is the target's state row where a request says that a range is loaded.
func (s *sync) targetRowFor(req owner.ProgressRequest) *activities.TargetRow {
	if req.RangeDone == nil {
		return nil
	}
	return s.plan.TargetRow
}

// fence is what the run's chunks check on the target; 0 where no state row is kept.
func (s *sync) fence() int64 {
	if s.plan.TargetRow == nil {
		return 0
	}
	return s.plan.TargetRow.Fence
}

// pending are the indexes of the ranges that are not loaded yet.
func missingRanges(p activities.PlanRunResult) []int {
	var out []int
	for i := range p.Ranges {
		if i >= len(p.Done) || p.Done[i] != '1' {
			out = append(out, i)
		}
	}
	return out
}
