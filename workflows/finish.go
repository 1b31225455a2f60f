package workflows

import (
	"cmp"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// finish gives the lease back, after a success and after a failure, and returns the run's first error. It runs
// detached from a cancel, which must not leave the table locked.
func (s *sync) finish(ctx workflow.Context, runErr error) error {
	detached, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if runErr != nil {
		s.status.Failure = fmt.Sprintf("in phase %s: %s", s.status.Phase, failureText(runErr))
	}
	s.setPhase(detached, PhaseFinish)
	total := workflow.Now(detached).Sub(s.status.Started).Seconds()
	s.result.Seconds[PhaseTotal] = total
	exec := workflow.GetInfo(ctx).WorkflowExecution
	req := owner.FinishRequest{Fence: s.lease.Fence, RunID: s.lease.RunID, Record: owner.RunRecord{
		WorkflowID: exec.ID, RunID: exec.RunID, Mode: s.plan.Mode, Outcome: owner.OutcomeDone,
		Window: s.plan.Window, Rows: s.result.RowsExtracted, NewerOnTarget: s.result.NewerOnTarget,
		Existing: s.result.Existing, Seconds: total,
	}}
	in := activities.FinishRunInput{Table: s.in.Table}
	switch {
	case runErr == nil:
		s.plan.RaiseWatermark(&req, s.result.Watermark)
		s.bindIdentity(&in, &req)
		in.DropPlan, in.DropTaken = s.plan.Run, s.plan.TakenFrom
		if s.plan.Files != nil {
			req.Files = &s.plan.Files.Done
		}
		if s.plan.Ranges == 0 {
			in.DropPlan = ""
		}
	case temporal.IsCanceledError(runErr):
		req.Record.Outcome = owner.OutcomeCancelled
	default:
		req.Record.Outcome, req.Record.Failure = owner.OutcomeFailed, failureText(runErr)
		req.Record.Remedy = failureDetails(runErr).Remedy
		req.Refused = failureType(runErr) == failure.InvalidInput && hasArguments(s.in)
	}
	req.ClockBack, req.ClockUntil = s.plan.ClockBack, s.plan.ClockUntil
	if d := failureDetails(runErr); d.ClockBack > 0 {
		req.ClockBack, req.ClockUntil = d.ClockBack, d.ClockUntil
	}
	if runErr != nil && s.planned && !s.plan.KeepsProgress() && s.plan.Ranges > 0 {
		in.DropPlan = s.plan.Run // the next run does not take it up
	}
	req.Quarantine = s.inQuarantine(detached)
	req.Warnings = s.result.Warnings
	in.Finish = req
	var ended activities.FinishRunResult
	err := s.finishRun(detached, in, failureType(runErr) == failure.HostGone, &ended)
	if runErr != nil {
		return runErr
	}
	if err != nil {
		return err
	}
	s.result.Watermark, s.result.KnownWarnings = ended.Watermark, ended.KnownWarnings
	if !req.FreshAt.IsZero() {
		s.status.FreshAt = req.FreshAt
	}
	s.status.Waits = nil
	s.setPhase(detached, PhaseDone)
	return nil
}

// finishRun runs FinishRun on the host that has the plan which it drops, or on any host if that one does not answer.
func (s *sync) finishRun(
	ctx workflow.Context, in activities.FinishRunInput, gone bool, out *activities.FinishRunResult,
) error {
	summary := finishSummary(in.Finish)
	if in.DropPlan != "" && !gone {
		in.Queue = s.router.queue
		err := s.router.step(ctx, stateOptions, summary, "FinishRun", in).Get(ctx, out)
		if failureType(err) != failure.HostGone {
			return err
		}
		in.Queue = ""
	}
	return (&hostRouter{}).step(ctx, stateOptions, summary, "FinishRun", in).Get(ctx, out)
}

// bindIdentity says what the watermark speaks of from now on, and has the target's state row say so first.
func (s *sync) bindIdentity(in *activities.FinishRunInput, req *owner.FinishRequest) {
	if s.plan.Identity == nil {
		return
	}
	id := *s.plan.Identity
	if s.plan.TargetRow != nil && (s.result.RowsExtracted > 0 || s.plan.KeepsProgress() ||
		s.plan.Mode == api.ModeReplace) {
		in.TargetRow, in.TargetWatermark = s.plan.TargetRow, cmp.Or(req.Watermark, s.plan.Watermark)
		id.Target.Run = s.plan.TargetRow.Fence
	}
	req.Identity = &id
}

func finishSummary(req owner.FinishRequest) string {
	switch {
	case req.Record.Outcome != owner.OutcomeDone:
		return "give the lease back after a run that " + map[string]string{
			owner.OutcomeFailed: "failed", owner.OutcomeCancelled: "was cancelled",
		}[req.Record.Outcome]
	case req.Files != nil:
		return fmt.Sprintf("%s of files are done", human.Count(len(req.Files.Loads), "load"))
	case req.Watermark == "":
		return "give the lease back; the watermark stays"
	}
	return "watermark " + req.Watermark
}
