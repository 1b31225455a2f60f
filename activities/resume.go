package activities

import (
	"context"
	"errors"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// timeIndexes decides when the target gets the indexes that it lacks: after the run's rows, at once, or not at all,
// where no load of ours has left them out.
func (a *Activities) timeIndexes(ctx context.Context, in PlanRunInput, p *planDraft) {
	left := !p.target.Create && a.createdWithout(ctx, in, p)
	switch {
	case !p.target.Create && !left, left && p.mode == api.ModeBackfill: // the load that goes on adds them
		p.target.Deferred = nil
	case len(p.ranges) == 0, p.target.Create && !p.byKey():
		p.target.IncludeDeferred()
	}
}

// missingIndexes names the indexes that a target lacks and no run adds, where the settings let loads leave some out. A
// load that was cut off before anything has recorded it leaves no other trace, and neither does a person who has
// dropped them.
func (a *Activities) missingIndexes(ctx context.Context, in PlanRunInput, p *planDraft) []table.Finding {
	s := p.settings
	if !in.run || p.target.Create || len(p.target.Deferred) == 0 || s.Replace != nil ||
		!s.IndexesAfterLoad.MayDefer() || a.createdWithout(ctx, in, p) {
		return nil
	}
	f := p.target.MissingIndexes()
	switch {
	case s.shared():
		f.Text += "; or the first load of another table of this target goes on, and adds them at its end"
	case p.mode == api.ModeFirstLoad:
		f.Level = table.LevelWarn
	}
	return []table.Finding{f}
}

// leftOut reports whether an unfinished first load has created a target without all of its indexes. The next load adds
// them, whether it goes on with that one or starts over.
func leftOut(s owner.State, target table.Name) bool {
	return s.FirstLoad != nil && s.FirstLoad.IndexesLater &&
		(s.Identity == nil || s.Identity.Target.Table == target.String())
}

// createdWithout reports whether the target, which is there, was created by this first load
// without all of its indexes: by an earlier try of this step, or by a run that did not end.
func (a *Activities) createdWithout(ctx context.Context, in PlanRunInput, p *planDraft) bool {
	switch {
	case p.leftOut:
		return true
	case in.Run == "": // a preview
		return false
	}
	earlier, _, err := a.readPlan(ctx, p.settings.Table, in.Run, "")
	return err == nil && len(earlier.IndexesLater) > 0
}

// startOver removes the plan of an unfinished first load whose rows are not on the target any
// more as they were written: it has no row, or lacks a column. It comes before the target is
// changed, so that a repeated step, which finds the target whole, does not resume either.
func (a *Activities) startOver(ctx context.Context, in PlanRunInput, p *planDraft) error {
	old := in.State.FirstLoad
	if old == nil || p.mode != api.ModeFirstLoad || !p.targetLost && len(p.target.Statements) == 0 {
		return nil
	}
	return a.dropPlan(ctx, in.Table, old.Run)
}

// resume returns the plan of an unfinished first load, or run of files, where one can go on.
func (a *Activities) resume(ctx context.Context, in PlanRunInput, p *planDraft) (PlanRunResult, bool, error) {
	if p.files != nil {
		return a.resumeFiles(ctx, in, p)
	}
	old := in.State.FirstLoad
	if p.mode != api.ModeFirstLoad || old == nil {
		return PlanRunResult{}, false, nil
	}
	if in.Full {
		a.forgetPlan(ctx, in.Table, old.Run)
		return PlanRunResult{}, false, nil
	}
	staged, sum, err := a.readPlan(ctx, p.settings.Table, old.Run, old.PlanSum)
	switch {
	case errors.Is(err, staging.ErrNotFound), errors.Is(err, staging.ErrCorrupt):
		p.warnings = append(p.warnings, "the staged plan of the unfinished first load is lost: the load starts over")
		a.forgetPlan(ctx, in.Table, old.Run)
		return PlanRunResult{}, false, nil
	case err != nil:
		return PlanRunResult{}, false, translate(ctx, err, where{doing: "read the plan of " + in.Table})
	}
	if !staged.sameSource(p.table) || len(staged.Columns) != len(p.target.Columns) ||
		!table.SameColumn(staged.Settings.Cursor, p.settings.Cursor) || staged.Settings.Target != p.settings.Target ||
		staged.Settings.SourceConnection != p.settings.SourceConnection ||
		staged.Settings.TargetConnection != p.settings.TargetConnection ||
		staged.Settings.Write.OrUpsert() != p.settings.Write.OrUpsert() ||
		staged.Settings.Mapping.Digest() != p.settings.Mapping.Digest() ||
		len(old.Done) != len(staged.Ranges) || staged.StateID != "" && staged.StateID != in.State.ID {
		p.warnings = append(p.warnings, "the table or its settings changed since the unfinished first load: the load "+
			"starts over")
		a.forgetPlan(ctx, in.Table, old.Run)
		return PlanRunResult{}, false, nil
	}
	p.window, p.ranges, p.rowsEstimate, p.target.Deferred = staged.Window, staged.Ranges, p.table.RowsEstimate,
		staged.IndexesLater
	p.freshAt, p.seen = staged.FreshAt, nil // what is seen now says nothing of then
	out := p.result(in)
	out.Run, out.PlanSum, out.Done = old.Run, sum, old.Done
	return out, true, nil
}

// forgetPlan removes a plan that no run will take up again. What cannot be removed stays: it
// costs a little disk and is never read.
func (a *Activities) forgetPlan(ctx context.Context, tbl, run string) {
	if err := a.dropPlan(ctx, tbl, run); err != nil {
		a.log(ctx, tbl).Warn("plan not removed", "run", run, "error", err)
	}
}
