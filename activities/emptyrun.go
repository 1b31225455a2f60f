package activities

import (
	"context"
	"reflect"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// emptyRunTimeout bounds the look whether a run finds nothing. A server that is slower is asked by PlanRun.
const emptyRunTimeout = 10 * time.Second

// EmptyRun is a run that found nothing to read, as the table's state has recorded it. Most runs of most tables are like
// that: such a run is one step and one update.
type EmptyRun struct {
	Target string `json:"target"`
	// Window is empty where a source without rows has no upper end.
	Window table.Window `json:"window"`
	// Watermark and FreshAt are those of the table's state after the run.
	Watermark string    `json:"watermark,omitempty"`
	FreshAt   time.Time `json:"freshAt,omitzero"`
	Warnings  []string  `json:"warnings,omitempty"`
	// KnownWarnings are those of the run's warnings that an earlier run has given, too.
	KnownWarnings []string `json:"knownWarnings,omitempty"`
	// Seconds is how long the look took.
	Seconds float64 `json:"seconds"`
}

// emptyRun looks without the lease whether a run finds nothing, and records it. The update that records it is refused
// where the state has changed since the look. nil says that the run has to get the lease and be planned: there is
// something to read, to record besides the run or to change on the target, or the look has failed.
func (a *Activities) emptyRun(ctx context.Context, s Settings, begin owner.BeginRequest) *EmptyRun {
	if s.Cursor == "" || s.Files != nil || s.Replace != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, emptyRunTimeout)
	defer cancel()
	begun := time.Now()
	name := s.Table.String()
	state, err := a.state(ctx, name)
	if err != nil || !mayFindNothing(state) {
		return nil
	}
	in := PlanRunInput{Table: name, State: state, run: true}
	p, err := a.draft(ctx, in)
	if err != nil || p.refusal() != nil || !p.changesNothing(in.State) {
		return nil
	}
	if err := p.findOwned(ctx, state); err != nil {
		return nil
	}
	if none, err := p.isEmpty(ctx); err != nil || !none {
		return nil
	}
	out := p.result(in)
	finish := emptyFinish(ctx, begin, state, p, out)
	var reply owner.EmptyRunReply
	if err := a.update(ctx, name, owner.UpdateRecordEmptyRun, owner.EmptyRunRequest{
		Begin: begin, StateID: state.ID, Revision: state.Revision, Finish: finish,
	}, &reply); err != nil {
		return nil // another run was faster, or a worker of an older version keeps the state
	}
	a.showEnd(ctx, name, finish.Record, stateAfter(state, finish, reply), "window", out.Window.String(),
		"warnings", len(out.Warnings))
	return &EmptyRun{
		Target: out.Target, Window: out.Window, Watermark: reply.Watermark, FreshAt: reply.FreshAt,
		Warnings: out.Warnings, KnownWarnings: reply.KnownWarnings, Seconds: time.Since(begun).Seconds(),
	}
}

// mayFindNothing reports whether the next run may be an empty one: the last run was, and nothing is under way. A table
// that changes all the time is not looked at twice.
func mayFindNothing(s owner.State) bool {
	if len(s.LastRuns) == 0 || s.Revision == 0 || s.ID == "" || s.Lease != nil || s.Watermark == "" ||
		s.FirstLoad != nil || s.Adopt || s.SetByHand || s.Identity == nil || s.HeldBack != "" || len(s.Samples) > 0 ||
		s.Quarantine.Rows() > 0 {
		return false
	}
	last := s.LastRuns[len(s.LastRuns)-1]
	return last.Outcome == owner.OutcomeDone && last.Mode == api.ModeIncremental && last.Rows == 0
}

// changesNothing reports whether the run, if it finds no row, changes nothing but the watermark.
func (p *planDraft) changesNothing(s owner.State) bool {
	return p.mode == api.ModeIncremental && p.id.changed == "" && !p.targetLost && !p.id.forget &&
		len(p.id.replaces) == 0 && p.ahead == nil && p.heldBack == "" && len(p.samples) == 0 &&
		len(p.target.Statements) == 0 && p.id.state.Watermark == s.Watermark && p.id.state.Cursor == s.Cursor
}

// isEmpty reports whether there is no row to read, in the window or above it.
func (p *planDraft) isEmpty(ctx context.Context) (bool, error) {
	if p.nothing {
		p.addTail()
		return len(p.ranges) == 0, nil
	}
	return p.findsNothing(ctx)
}

// emptyFinish is how the state records the run.
func emptyFinish(
	ctx context.Context, begin owner.BeginRequest, state owner.State, p *planDraft, out PlanRunResult,
) owner.FinishRequest {
	finish := owner.FinishRequest{
		RunID: begin.RunID, ClockBack: out.ClockBack, ClockUntil: out.ClockUntil, Warnings: out.Warnings,
		Record: owner.RunRecord{
			WorkflowID: begin.WorkflowID, RunID: begin.RunID, Mode: out.Mode, Outcome: owner.OutcomeDone,
			Window: out.Window, Seconds: time.Since(activity.GetInfo(ctx).ScheduledTime).Seconds(),
		},
	}
	out.RaiseWatermark(&finish, state.Watermark)
	if !reflect.DeepEqual(p.id.now, *state.Identity) {
		finish.Identity = &p.id.now
	}
	return finish
}

// stateAfter is the state after an empty run, as far as it is shown.
func stateAfter(s owner.State, finish owner.FinishRequest, reply owner.EmptyRunReply) owner.State {
	s.Watermark, s.FreshAt, s.LastSuccess, s.FailedRuns = reply.Watermark, reply.FreshAt, reply.LastSuccess, 0
	s.LastRuns = []owner.RunRecord{finish.Record}
	return s
}
