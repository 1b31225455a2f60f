package activities

import (
	"context"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// findOwned says, for the identity that the run binds, whether all rows of the target came from the source: it is
// created, or has no row, when its rows are first loaded. A watermark that a person has adopted says nothing of it.
//
// In a target that several tables share, an added column that holds the same in all rows of one tells its rows.
func (p *planDraft) findOwned(ctx context.Context, s owner.State) error {
	now, was := &p.id.now.Target, s.Identity
	if p.target.Create || p.targetLost || p.mode == api.ModeReplace {
		now.Owned = true
		return nil
	}
	if was != nil && !s.Adopt && was.Target.Owned && was.Target.Table == now.Table && len(p.id.replaces) == 0 {
		now.Owned = true
		return nil
	}
	if p.mode != api.ModeFirstLoad && p.mode != api.ModeWhole || was != nil && was.Target.Run > 0 {
		return nil
	}
	rows, known, err := p.hasOwnRows(ctx)
	if err != nil {
		return translate(ctx, err, targetAt(p.settings))
	}
	if now.Owned = !rows; !known {
		p.warnings = append(p.warnings, fmt.Sprintf("it takes too long to see whether %s has rows of %s already: rows "+
			"there that the source lacks count as those of others, unless deletes.owns is all; an index of the column "+
			"that tells them apart, made before the first load, makes it known", p.settings.Target, p.settings.Table))
	}
	return nil
}
