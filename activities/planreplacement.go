package activities

import (
	"context"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/mysqldb/swap"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/table"
)

// chooseReplace is the mode of a table that is replaced: always all rows.
func (p *planDraft) chooseReplace(in PlanRunInput, backfill bool) error {
	if backfill {
		return invalidInput("from/to for table "+in.Table+", whose target is replaced by every run",
			"leave from and to out")
	}
	p.mode = api.ModeReplace
	return nil
}

// checkReplaceable finds what speaks against the replacement of the target.
func (p *planDraft) checkReplaceable(ctx context.Context) error {
	r := p.settings.Replace
	if r == nil || p.dst == nil {
		return nil
	}
	found, err := p.dst.Replaceable(ctx, target.ReplaceSpec{
		Names: swap.NamesOf(p.dst.DB, p.settings.Target), CrashSafe: swap.IsCrashSafe(p.dst.Server),
		AllowUnsafe: r.AllowUnsafe, Bytes: p.table.Bytes, Written: p.target.Columns,
	})
	if err != nil {
		return err
	}
	p.findings = append(p.findings, found...)
	if !p.settings.Deletes.off() {
		p.findings = append(p.findings, table.Finding{
			Level: table.LevelRefuse, Table: p.settings.Table.String(),
			Text:   "deletes is set, and the target is replaced by every run: it never has rows that the source lacks",
			Remedy: "leave deletes out",
		})
	}
	return nil
}

// planReplacement begins the run on the target, makes the table beside it, and stages the plan.
//
// Repeating it is harmless: it makes the table again, and the last plan counts.
func (a *Activities) planReplacement(ctx context.Context, in PlanRunInput, p *planDraft) (PlanRunResult, error) {
	p.nothing = false // also where the source is empty: the target is then, too
	if err := p.cut(ctx); err != nil {
		return PlanRunResult{}, err
	}
	if p.nothing = false; len(p.ranges) == 0 {
		p.ranges = []piece{{Keys: &scan.KeyRange{}}}
	}
	out := p.result(in)
	if err := a.beginTarget(ctx, in, p, &out); err != nil {
		return PlanRunResult{}, err
	}
	if out.TargetRow == nil {
		return PlanRunResult{}, failure.New(failure.ServerRejected, "a target is replaced only where a state row is "+
			"kept beside it: "+noRowText, rowGrant(p)+", or use write: upsert")
	}
	names, err := a.makeLoadTable(ctx, p, out.TargetRow.Ref)
	if err != nil {
		return PlanRunResult{}, err
	}
	staged := a.staged(ctx, in, p)
	staged.Window = table.Window{} // all rows, with any cursor
	staged.Replacement = &replacementPlan{Load: names.Load, HoldEmpty: p.files != nil && p.files.holdEmpty}
	if staged.Replacement.Layout, err = p.loadLayout(ctx, names.Load); err != nil {
		return PlanRunResult{}, err
	}
	out.Replacement = &Replacement{
		KeepSeconds: int64(p.settings.Replace.KeepOld.Seconds()), Connection: p.settings.TargetConnection,
		Target: p.settings.Target,
	}
	out.IndexesLater, out.Warnings, out.Queue = len(p.target.Deferred), p.warnings, a.deps.HostQueue
	if out.PlanSum, err = a.writePlan(ctx, in.Run, staged); err != nil {
		return PlanRunResult{}, translate(ctx, err, where{doing: "stage the plan of " + in.Table})
	}
	if err := a.planQuarantine(ctx, in, p, &out); err != nil {
		return PlanRunResult{}, translate(ctx, err, where{doing: "look for rows of " + in.Table + " in quarantine"})
	}
	logStep(ctx, "mode", out.Mode, "window", out.Window.String(), "ranges", out.Ranges, "load", names.Load.String())
	return out, nil
}

// makeLoadTable clears what an earlier run has left beside the target, and makes the table that is loaded.
func (a *Activities) makeLoadTable(ctx context.Context, p *planDraft, ref lineage.Ref) (table.Replacement, error) {
	s := p.settings
	at := where{s.TargetConnection, "make the table beside " + s.Target.String()}
	l, err := a.swapLock(ctx, s.TargetConnection, s.Target)
	if err != nil {
		return table.Replacement{}, err
	}
	defer l.Release()
	if err := l.Check(ctx, ref); err != nil {
		return l.Tables, translate(ctx, err, at)
	}
	exists, err := clearBeside(ctx, l, ref)
	if err != nil {
		return l.Tables, translate(ctx, err, at)
	}
	o := target.Options{
		Create: true, Contract: s.Schema, Cursor: s.Cursor, Rewrites: true, Beside: true,
		DeferIndexes: s.IndexesAfterLoad, HasReplicas: len(s.Throttle.Replicas) > 0,
	}
	var later []target.DeferredIndex
	if exists {
		c, err := p.dst.CopyOf(ctx, l.Tables.Target, l.Tables.Load,
			s.IndexesAfterLoad.Defers(p.table.RowsEstimate, o.HasReplicas))
		if err == nil {
			err = l.Create(ctx, c.Statement)
		}
		if err != nil {
			return l.Tables, asRefusal(ctx, err, at)
		}
		later = c.Deferred
	}
	diff, err := p.compareLoad(ctx, l.Tables.Load, o)
	if err == nil {
		err = p.dst.Apply(ctx, diff)
	}
	if err != nil {
		return l.Tables, translate(ctx, err, at)
	}
	if p.target = diff; exists {
		p.target.Deferred = later
	}
	return l.Tables, nil
}

// compareLoad compares the table that is loaded with the source, or the columns of the files.
func (p *planDraft) compareLoad(ctx context.Context, load table.Name, o target.Options) (target.Diff, error) {
	if p.files != nil {
		o.Mapped = true
		return p.filesDiff(ctx, load, o)
	}
	return p.dst.Compare(ctx, p.src, p.table, load, o)
}

// clearBeside drops what is left of an earlier load, and records that another one begins. exists says that there is a
// target. The former target of the last swap stays until the next one; with rows of others that are nowhere else it
// refuses the run.
func clearBeside(ctx context.Context, l *swap.Lock, ref lineage.Ref) (exists bool, err error) {
	there, err := l.Look(ctx)
	if err != nil {
		return false, err
	}
	was, err := l.Record(ctx)
	switch {
	case err != nil:
		return false, err
	case was == nil && there.Load:
		return false, unknownTable(l.Tables.Load)
	case (was == nil || was.Old == nil) && there.Old:
		return false, unknownTable(l.Tables.Old)
	case there.Old && was.Old.Written:
		return false, othersRows(l.Tables)
	}
	now := lineage.Replacement{Stage: lineage.ReplacementLoading, Fence: ref.Fence}
	if was != nil {
		now.Old = was.Old
	}
	if !there.Target && there.Old { // a crash in the middle of a RENAME that is not atomic
		if err := l.Rename(ctx, nil, [2]table.Name{l.Tables.Old, l.Tables.Target}); err != nil {
			return false, err
		}
		there.Target, there.Old, now.Old = true, false, nil
	}
	if there.Target {
		if now.Writes, err = l.Writes(ctx, l.Tables.Target); err != nil {
			return false, err
		}
	}
	if err := l.SetRecord(ctx, now); err != nil {
		return false, err
	}
	return there.Target, l.Drop(ctx, l.Tables.Load)
}

// replaceStatements are the statements of a preview, as a run that replaces its target would execute them.
func (p *planDraft) replaceStatements() []string {
	names := swap.NamesOf(p.dst.DB, p.settings.Target)
	var out []string
	if !p.target.Create {
		out = append(out, fmt.Sprintf("CREATE TABLE %s (the columns, keys and options of %s)",
			sqltext.Qualified(names.Load), sqltext.Qualified(names.Target)))
	}
	for _, statement := range p.target.Statements {
		from, to := sqltext.Qualified(p.settings.Target), sqltext.Qualified(names.Load)
		out = append(out, strings.Replace(statement, from, to, 1))
	}
	if p.target.Create {
		return append(out, swap.FirstStatement(names))
	}
	return append(out, swap.Statement(names))
}
