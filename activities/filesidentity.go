package activities

import (
	"context"
	"fmt"
	"slices"

	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// compareFilesTarget checks what the target has beside the columns of the files, as for any table.
func (p *planDraft) compareFilesTarget(ctx context.Context) (err error) {
	s := p.settings
	p.target, err = p.filesDiff(ctx, s.Target, target.Options{
		Create: s.CreateTarget, Cursor: s.Cursor, Mapped: true, Rewrites: true,
		Replace: s.UniqueConflicts == "replace", Contract: s.Schema,
		SoftColumn: p.softFilesColumn(),
	})
	if err != nil {
		return lookupFailure(ctx, err, targetAt(s))
	}
	p.joinFindings()
	return nil
}

// filesDiff compares a table of the target's server with the columns of the files.
func (p *planDraft) filesDiff(ctx context.Context, to table.Name, o target.Options) (target.Diff, error) {
	from := *p.table
	if from.Name = p.settings.Table; from.Name == to {
		from.Name.Table += " (files)"
	}
	out, err := p.dst.Compare(ctx, p.dst.DB, &from, to, o)
	for i := range out.Columns {
		c := &out.Columns[i]
		if c.From = p.files.names[c.Name]; c.From == c.Name {
			c.From = ""
		}
	}
	return out, err
}

// compareFilesIdentity says what differs such that the state does not speak of what is there. A target that has lost
// its last runs gets their loads again.
func (p *planDraft) compareFilesIdentity(ctx context.Context, s owner.State) (changed string, err error) {
	was, known, row := s.Identity, s.Files, p.id.row
	if was == nil || known == nil && s.FirstLoad == nil {
		return "", nil
	}
	moved := !was.Target.Server.Same(p.id.now.Target.Server)
	switch {
	case was.Target.Table != p.id.now.Target.Table:
		changed = fmt.Sprintf("it is of the target %s, the configuration says %s", was.Target.Table,
			p.id.now.Target.Table)
	case known != nil && known.Origin != p.files.done.Origin:
		changed = "what was loaded is of other files: url, layout, table or match of files have changed"
	case p.otherRows(was) != "":
		changed = p.otherRows(was)
	case row == nil && was.Target.Row, row == nil && moved:
		changed = fmt.Sprintf("the target %s on %s has no state row of this table: it is another target, or was "+
			"written by others", p.settings.Target, p.id.now.Target.Server)
	case row != nil && row.Run < was.Target.Run && known != nil:
		p.loseRuns(known, row.Run)
	}
	if changed == "" {
		return "", nil
	}
	if known == nil {
		p.startsOver(changed)
		return "", nil
	}
	rows, err := p.filesTargetHasRows(ctx)
	if err != nil {
		return "", err
	}
	if !rows { // there is nothing that the state could speak of
		p.files.done.Forget = true
		return "", nil
	}
	return changed, nil
}

// loseRuns loads again what runs after the given one have loaded: the target was restored, or has lost it.
func (p *planDraft) loseRuns(known *owner.Files, last int64) {
	what := "their loads are loaded again"
	floor := slices.IndexFunc(known.Done, func(l owner.Load) bool { return !l.Time.Before(known.Floor) })
	isLost := func(l owner.Load) bool { return l.Run > last }
	if last == 0 || floor < 0 || slices.ContainsFunc(known.Done[:floor+1], isLost) {
		p.files.done.Forget = true
		what = "all files that are there are loaded again"
	} else {
		p.files.done.KeepRuns = last
	}
	p.warnings = append(p.warnings, fmt.Sprintf("the target %s has lost its last runs (a backup that was restored, or "+
		"a crash): %s", p.settings.Target, what))
}

// knownLoads is what the state says of loads, without what the target has lost.
func (p *planDraft) knownLoads(in PlanRunInput) {
	f := p.files
	if p.targetLost && in.State.Files != nil {
		p.warnings = append(p.warnings, fmt.Sprintf("the target %s has no row, and loads were done: all files that "+
			"are there are loaded again", p.settings.Target))
	}
	f.done.Forget = f.done.Forget || in.Full || p.targetLost
	if in.State.Files == nil || f.done.Forget {
		return
	}
	f.known = in.State.Files
	if f.done.KeepRuns != 0 {
		f.known = f.known.Without(owner.LostLoads{KeepRuns: f.done.KeepRuns})
	}
	f.done.Columns = f.known.Columns
}
