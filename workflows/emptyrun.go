package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
)

// endEmpty ends a run that found nothing and is recorded by its first step. Memo and search attributes are written at
// once.
func (s *sync) endEmpty(ctx workflow.Context, e activities.EmptyRun) {
	s.plan = activities.PlanRunResult{Target: e.Target, Mode: api.ModeIncremental, Window: e.Window}
	s.result.Target, s.result.Mode, s.result.Window = e.Target, s.plan.Mode, e.Window
	s.result.Warnings, s.result.KnownWarnings, s.result.Watermark = e.Warnings, e.KnownWarnings, e.Watermark
	s.status.Target, s.status.Mode, s.status.Window = e.Target, s.plan.Mode, e.Window
	s.result.Seconds[PhasePlan] = e.Seconds
	s.result.Seconds[PhaseTotal] = workflow.Now(ctx).Sub(s.status.Started).Seconds()
	s.upsertMemo(ctx)
	s.setPhase(ctx, PhaseDone)
}
