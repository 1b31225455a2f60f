package workflows

import (
	"cmp"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// planRun has the run planned on the host that has the plan of an unfinished first load, or on any host.
func (s *sync) planRun(ctx workflow.Context, state owner.State) error {
	s.setPhase(ctx, PhasePlan)
	defer s.measure(ctx, PhasePlan)()
	in := activities.PlanRunInput{
		Table: s.in.Table, State: state, Full: s.in.Full, From: s.in.From, To: s.in.To,
		Only: s.in.Files, Force: s.in.Force,
	}
	in.Run, in.Plan = activities.StagingName(workflow.GetInfo(ctx).WorkflowExecution.RunID, s.plans), s.plans
	if s.plans++; s.planned && !s.plan.KeepsProgress() {
		in.Lost = s.plan.Run
	}
	if state.FirstLoad != nil {
		in.Queue = state.FirstLoad.Queue // only there is the plan that could be taken up again
	}
	var plan activities.PlanRunResult
	choose := func() error {
		at := hostRouter{queue: in.Queue}
		options, summary := planOptions, "check "+s.in.Table+" and choose what to read"
		if s.files {
			options, summary = discoverOptions, "find the files of "+s.in.Table+" that are complete and not loaded yet"
		}
		return at.step(ctx, options, summary, s.planStep(), in).Get(ctx, &plan)
	}
	err := choose()
	if failureType(err) == failure.HostGone {
		in.Queue = ""
		err = choose()
	}
	if err != nil {
		return err
	}
	if s.planned && plan.PlanSum != s.plan.PlanSum && (plan.TakenFrom == "" || plan.TakenFrom != s.plan.Run) {
		s.result.Counts = Counts{} // what a lost plan has moved is moved again
	}
	s.planned, s.router = true, hostRouter{queue: plan.Queue}
	s.take(plan)
	if plan.Files != nil {
		s.result.Files = &plan.Files.FilesRead
	}
	s.upsertMemo(ctx)
	s.status.Ranges, s.status.RowsTotal = int64(s.plan.Ranges), s.plan.RowsEstimate
	s.status.RangesDone = int64(strings.Count(s.plan.Done, "1"))
	if s.plan.HeldBack != "" {
		s.status.Waits = []Wait{{Reason: s.plan.HeldBack, Since: workflow.Now(ctx).UTC()}}
	}
	return nil
}

// take makes a plan the run's.
func (s *sync) take(plan activities.PlanRunResult) {
	s.plan = plan
	s.result.Target, s.result.Mode, s.result.Window = plan.Target, plan.Mode, plan.Window
	s.result.Warnings, s.result.HeldBack = plan.Warnings, plan.HeldBack
	s.status.Target, s.status.Mode, s.status.Window = plan.Target, plan.Mode, plan.Window
}

// recordPlan records in the state workflow what a later run needs to know, if the plan has any of it.
func (s *sync) recordPlan(ctx workflow.Context, state owner.State) error {
	req := owner.ProgressRequest{
		Fence: s.lease.Fence, RunID: s.lease.RunID, Samples: s.plan.Samples, ForgetWatermark: s.plan.TargetLost,
	}
	if s.plan.KeepsProgress() && s.plan.Ranges > 0 {
		req.FirstLoad = s.firstLoad()
		req.FirstLoad.Queue = s.plan.Queue
		req.Identity = s.plan.Identity
		if s.plan.Files != nil {
			req.LostLoads = s.plan.Files.LostLoads
		}
	}
	if s.plan.HeldBack != state.HeldBack {
		req.HeldBack, req.HeldBackSeconds = &s.plan.HeldBack, s.plan.HeldBackSeconds
	}
	if req.FirstLoad == nil && req.HeldBack == nil && len(req.Samples) == 0 && !req.ForgetWatermark {
		return nil
	}
	return s.record(ctx, "record the plan", req)
}

// firstLoad is how far the run is.
func (s *sync) firstLoad() *owner.FirstLoad {
	out := &owner.FirstLoad{
		Run: s.plan.Run, PlanSum: s.plan.PlanSum, Done: s.plan.Done, IndexesLater: s.plan.IndexesLater > 0,
	}
	if s.plan.Files != nil {
		out.Files, out.Fence = &s.plan.Files.FilesRead, cmp.Or(s.fence(), s.lease.Fence)
		out.Snapshots = s.plan.Files.Snapshots
	}
	return out
}

// record records the run's progress in the state workflow.
func (s *sync) record(ctx workflow.Context, summary string, req owner.ProgressRequest) error {
	return s.startRecord(ctx, summary, req).Get(ctx, nil)
}

// startRecord is record without waiting for its end.
func (s *sync) startRecord(ctx workflow.Context, summary string, req owner.ProgressRequest) workflow.Future {
	return workflow.ExecuteActivity(withOptions(ctx, stateOptions, summary), "RecordProgress",
		activities.RecordProgressInput{Table: s.in.Table, Progress: req, TargetRow: s.targetRowFor(req)})
}

// targetRowFor is the target's state row if a request says that a range is loaded.
func (s *sync) targetRowFor(req owner.ProgressRequest) *activities.TargetRow {
	if req.RangeDone == nil {
		return nil
	}
	return s.plan.TargetRow
}

// fence is what the plan's chunks check on the target; 0 where no state row is kept.
func (s *sync) fence() int64 {
	if s.plan.TargetRow == nil {
		return 0
	}
	return s.plan.TargetRow.Fence
}

// targetInstance is the server to which the plan's chunks go; "" where that may change.
func (s *sync) targetInstance() string {
	if s.plan.TargetRow == nil {
		return ""
	}
	return s.plan.TargetRow.Server
}

// missingRanges are the indexes of the ranges that are not loaded yet.
func missingRanges(p activities.PlanRunResult) []int {
	var out []int
	for i := range p.Ranges {
		if i >= len(p.Done) || p.Done[i] != '1' {
			out = append(out, i)
		}
	}
	return out
}
