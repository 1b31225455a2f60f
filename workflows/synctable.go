package workflows

import (
	"fmt"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// SyncTable is one run of one table: it gets the lease, plans, moves every range, and raises the watermark. Its input
// is a SyncTableInput. It decodes the input itself, so that a misspelt key is an InvalidInput failure that names the
// key.
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
	if begun.Empty != nil {
		s.endEmpty(ctx, *begun.Empty)
		return s.result, nil
	}
	if begun.Busy != nil {
		s.result.Skipped, s.result.HolderID = true, begun.Busy.WorkflowID
		s.setPhase(ctx, PhaseDone)
		return s.result, nil
	}
	if err := s.runToEnd(ctx, begun.State); err != nil {
		return SyncTableResult{}, cause(err)
	}
	s.putFilesAway(ctx)
	return s.result, nil
}

// runToEnd runs and gives the lease back. If the target may have lost rows of the run in a crash, it runs again, once.
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
		workflow.GetLogger(ctx).Warn("the target was restarted during the run and may have lost rows: writing again")
		state = s.stateForNewPlan(state)
	}
}

// sync is the state of a running SyncTable.
type sync struct {
	in     SyncTableInput
	lease  owner.Lease
	status Status
	result SyncTableResult
	plan   activities.PlanRunResult
	// running are the ranges that children move, in the order of their starts; ranges has the counts that running
	// ranges have reported so far.
	running []int
	ranges  map[int]rangeProgress
	router  hostRouter
	// visibility is what Temporal's lists may show of the run; listedPhases are the phases that they show already.
	visibility   owner.Visibility
	listedPhases map[string]bool
	// planned says that PlanRun succeeded; plans counts its calls.
	planned bool
	plans   int
	// files says that the table is loaded from files.
	files bool
	// firstBad is why the first row was set aside that was; begunWith is what was in quarantine before.
	firstBad  string
	begunWith *api.Quarantine
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
	ctx = withOptions(ctx, beginOptions, "get the lease of "+s.in.Table)
	err := workflow.ExecuteActivity(ctx, "BeginRun", activities.BeginRunInput{
		Table: s.in.Table, WorkflowID: exec.ID, RunID: exec.RunID, IfBusy: s.in.IfBusy,
		TakesEmpty: !hasArguments(s.in),
	}).Get(ctx, &out)
	s.visibility, s.files = out.Visibility, out.Files
	s.status.FreshAt = out.State.FreshAt
	if err == nil && out.State.Lease != nil {
		s.lease = *out.State.Lease
		s.result.Watermark, s.begunWith = out.State.Watermark, out.State.Quarantine
	}
	return out, err
}

// run plans and moves the rows. If the host that has the files does not answer, or the plan is lost, it plans again, on
// any host. It returns the first error.
func (s *sync) run(ctx workflow.Context, state owner.State) error {
	for lost := 1; ; lost++ {
		err := s.attempt(ctx, state)
		if !needsNewPlan(err) || lost >= activities.MaxPlans {
			return err
		}
		workflow.GetLogger(ctx).Warn("the plan, its host or its server is gone, planning again",
			"queue", s.plan.Queue, "error", err)
		if s.fence() == 0 {
			// A host that lost Temporal but not the target may still write a chunk. Where no state row keeps it out,
			// its rows could replace those that are about to be read again.
			if err := workflow.Sleep(ctx, activities.ChunkTimeout); err != nil {
				return err
			}
		}
		if state = s.stateForNewPlan(state); failureType(err) == failure.HostGone && state.FirstLoad != nil {
			state.FirstLoad.Queue = "" // its plan is gone with the host
		}
	}
}

// needsNewPlan reports whether a run goes on with another plan.
func needsNewPlan(err error) bool {
	switch failureType(err) {
	case failure.HostGone, failure.PlanLost, failure.ServerChanged, failure.FilesChanged:
		return true
	}
	return false
}

// stateForNewPlan is the table's state, as its state workflow has it now, for planning again. A plan that is still
// there is resumed: that of this run, or of an earlier one where this run has got none yet.
func (s *sync) stateForNewPlan(state owner.State) owner.State {
	if !s.planned {
		return state
	}
	state.FirstLoad = nil
	if s.plan.KeepsProgress() {
		state.Identity, state.FirstLoad = s.plan.Identity, s.firstLoad()
		state.FirstLoad.Queue = s.plan.Queue
		if f := s.plan.Files; f != nil && f.LostLoads != nil {
			state.Files = state.Files.Without(*f.LostLoads)
		}
	}
	if s.plan.TargetLost {
		state.Watermark, state.Cursor, state.Loaded = "", "", false
	}
	if s.plan.Samples != nil {
		state.Samples = s.plan.Samples
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
	if applied := s.result.Written() + s.result.Quarantined; err == nil && applied != s.result.RowsExtracted {
		// Invariant: rows extracted = rows in manifests = rows applied or set aside. If it does not hold,
		// the watermark must not rise.
		what := fmt.Sprintf("%s extracted and %d applied", human.Clause(s.result.RowsExtracted, "row", "was", "were"),
			applied)
		err = temporal.NewNonRetryableApplicationError(what+": the watermark stays", failure.Unexpected, nil)
	}
	if err == nil && s.plan.IndexesLater > 0 {
		err = s.addIndexes(ctx)
	}
	if err == nil && s.plan.Replacement != nil {
		err = s.replaceTarget(ctx)
	}
	return s.settleQuarantine(ctx, err)
}

// addIndexes gives a target that this load has created the indexes that it lacks.
func (s *sync) addIndexes(ctx workflow.Context) error {
	s.setPhase(ctx, PhaseIndexes)
	defer s.measure(ctx, PhaseIndexes)()
	in := s.rangeInput(0).Range
	return s.router.step(ctx, indexOptions, "build the target's indexes", "AddIndexes", in).Get(ctx, nil)
}
