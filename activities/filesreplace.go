package activities

import (
	"context"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/human"
)

// With write: replace, a load that is the whole table takes the target's place, as all rows of a source do: it is
// loaded into a table beside the target, compared with what was written, and renamed (replacement.go). Rows that it
// lacks go with the former table, which is kept for a while.

// checkWhole refuses a load that is not the whole table, and one without files that would empty the target.
func (p *planDraft) checkWhole(ctx context.Context, l layout.Load, force bool) error {
	if !l.Replaces && !l.Snapshot {
		return filesRefused("use write: upsert; or have dlt write it with write_disposition=replace",
			"write: replace gives the target what a load has, and load %s is not the whole table", l.ID)
	}
	if !l.Emptied || force {
		return nil
	}
	rows, err := p.filesTargetHasRows(ctx)
	if err != nil || !rows {
		return err
	}
	return refuseEmpty(p.settings)
}

// refuseEmpty refuses a load without rows: a maker that removes files before it writes others looks the same for a
// moment, and so does one whose source was empty by mistake.
func refuseEmpty(s Settings) error {
	return filesRefused(fmt.Sprintf("look at what wrote it; where that is meant, `tablehaul load %s --force`",
		human.Arg(s.Table.String())),
		"the newest load of %s has no row, and the target %s has some: they stay", s.Table, s.Target)
}

// replaceByLoad makes the run one that replaces its target, where there is a load to replace it by.
func (p *planDraft) replaceByLoad(ctx context.Context, in PlanRunInput) error {
	f := p.files
	if p.settings.Replace == nil || in.compare || len(f.loads) == 0 {
		return nil
	}
	p.mode, f.loads = api.ModeReplace, f.loads[len(f.loads)-1:]
	if !in.Force {
		rows, err := p.filesTargetHasRows(ctx)
		if err != nil {
			return err
		}
		f.holdEmpty = rows
	}
	if err := p.checkReplaceable(ctx); err != nil {
		return translate(ctx, err, targetAt(p.settings))
	}
	return nil
}
