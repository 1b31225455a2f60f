package activities

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// otherRows says what differs such that runs of before have written other rows than a run would write now.
func (p *planDraft) otherRows(was *owner.Identity) (changed string) {
	now := p.id.now
	switch {
	case was.Mapping != now.Mapping:
		return "where or columns have changed since: rows on the target are as they were before"
	case !slices.EqualFunc(was.Key, now.Key, table.SameColumn):
		return fmt.Sprintf("it is of the key (%s), the source now has (%s)", strings.Join(was.Key, ", "),
			strings.Join(now.Key, ", "))
	case was.Write.OrUpsert() != now.Write.OrUpsert():
		return fmt.Sprintf("it is of write: %s, the configuration says write: %s", was.Write.OrUpsert(),
			now.Write.OrUpsert())
	}
	return ""
}

// compareLoaded looks for such a difference where runs have loaded the table, and no watermark speaks of their rows: it
// has no cursor, or had none. A target without rows holds none of them, nor does another target.
func (p *planDraft) compareLoaded(ctx context.Context, s owner.State) error {
	was := s.Identity
	if was == nil || !s.Loaded || p.target.Create || was.Target.Table != p.id.now.Target.Table {
		return nil
	}
	changed := cmp.Or(p.otherRows(was), p.checkRemade(was, true)) // a filter that passes others leaves rows behind
	if changed == "" {
		return nil
	}
	rows, _, err := p.hasOwnRows(ctx)
	if err != nil {
		return translate(ctx, err, targetAt(p.settings))
	}
	if rows {
		p.id.changed = changed
	}
	return nil
}
