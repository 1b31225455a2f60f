package workflows

import (
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// setPhase moves the comparison to a phase, and shows it in the Web UI and in Temporal's lists.
func (v *verification) setPhase(ctx workflow.Context, phase string) {
	v.status.Phase = phase
	v.show(ctx)
	listed := phase == api.PhaseCompare || phase == api.PhaseRecheck || phase == PhaseDone
	if v.plan.Visibility != owner.VisibilitySearch || !listed || v.listedPhases[phase] {
		return
	}
	v.listedPhases[phase] = true
	updates := []temporal.SearchAttributeUpdate{tableKey.ValueSet(v.in.Table), phaseKey.ValueSet(phase)}
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		workflow.GetLogger(ctx).Warn("search attributes not set", "error", err)
	}
}

// upsertMemo puts what the plan says into the comparison's memo.
func (v *verification) upsertMemo(ctx workflow.Context) {
	if v.plan.Visibility == owner.VisibilityNone {
		return
	}
	memo := map[string]any{api.MemoTable: v.in.Table, "target": v.plan.Target, "depth": v.result.Depth}
	if err := workflow.UpsertMemo(ctx, memo); err != nil {
		workflow.GetLogger(ctx).Warn("memo not set", "error", err)
	}
}

// show writes the current details that the Web UI renders as Markdown.
func (v *verification) show(ctx workflow.Context) {
	workflow.SetCurrentDetails(ctx, verifyDetails(&v.status, &v.result, workflow.Now(ctx)))
}

// verifyDetails is a comparison in Markdown, at a moment.
func verifyDetails(s *Status, r *VerifyTableResult, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** of a comparison of **%s**", s.Phase, s.Table)
	if s.Target != "" {
		fmt.Fprintf(&b, " with **%s**", s.Target)
	}
	if s.Phase == api.PhaseCompare && s.Ranges > 0 {
		fmt.Fprintf(&b, ", %d%% done", 100*s.RangesDone/s.Ranges)
	}
	b.WriteString("\n\n" + asOf(s.Started, now))
	line := func(key, format string, args ...any) {
		fmt.Fprintf(&b, "- **%s:** %s\n", key, fmt.Sprintf(format, args...))
	}
	if s.Ranges > 0 {
		line("Progress", "%d of %s; %s equal, %s pending, %s to look at again", s.RangesDone, human.Count(s.Ranges,
			"range"), human.Count(r.Equal, "row"), humanize.Comma(r.Pending), humanize.Comma(r.Suspects))
	}
	if r.AsOf != "" {
		line("Up to", "%s `%s`", r.Cursor, r.AsOf)
	}
	for _, w := range s.Waits {
		line("Waits", "%s", w.Reason)
	}
	if r.Sweep != nil {
		line("Deleted", "%s of %s", humanize.Comma(r.Sweep.Deleted), human.Count(r.Sweep.Found, "row"))
	}
	for _, run := range r.Undo {
		line("Undo", "`tablehaul undo %s %s`", human.Arg(r.Table), run)
	}
	if s.Phase == PhaseFinish || s.Phase == PhaseDone {
		line("Found", "%s", verifiedText(&owner.VerifyRecord{Differs: r.Differs, Verdicts: r.Verdicts}))
	}
	return b.String()
}
