package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
)

// endEmpty ends a run that found nothing and is recorded by its first step. Memo and search attributes are written at
// once.
func (s *sync) endEmpty(ctx workflow.Context, e activities.EmptyRun) {
	s.take(activities.PlanRunResult{
		Target: e.Target, Mode: api.ModeIncremental, Window: e.Window, Warnings: e.Warnings,
	})
	s.result.KnownWarnings, s.result.Watermark = e.KnownWarnings, e.Watermark
	s.result.Seconds[PhasePlan] = e.Seconds
	s.result.Seconds[PhaseTotal] = workflow.Now(ctx).Sub(s.status.Started).Seconds()
	s.upsertMemo(ctx)
	s.setPhase(ctx, PhaseDone)
}
