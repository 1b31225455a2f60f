package activities

import (
	"fmt"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mapping"
	"github.com/tablehaul/tablehaul/internal/mask"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// remade says which values the source makes in another way than when runs wrote last: those of rows on the target are
// as they were, since no cursor rises by it. It looks at the columns that travel, or at those of the key alone. A
// column that was computed, and is stored now, has the values that it had.
func (p *planDraft) remade(was *owner.Identity, keyOnly bool) (changed string) {
	if p.settings.Replace != nil { // each run writes all rows
		return ""
	}
	for _, c := range was.Columns {
		i := table.Index(p.target.Columns, c.Name)
		if i < 0 || keyOnly && !p.table.IsKeyColumn(c.Name) {
			continue
		}
		if now := p.target.Columns[i]; madeOtherwise(c.MadeBy, now) && now.MadeBy != mapping.AsRead {
			return p.remadeText(now)
		}
	}
	return ""
}

// madeOtherwise reports whether values of a column are made in another way than was; "" is not known.
func madeOtherwise(was string, now table.Column) bool { return was != "" && was != now.MadeBy }

func (p *planDraft) remadeText(c table.Column) string {
	what, reason := "the column "+c.Name+" has other values than before",
		"its expression at the source, or the type of a column in it, has changed"
	switch {
	case c.Mask == mask.HMAC:
		what, reason = "the mask hmac of "+c.Name+" hashes other texts than before",
			"the type or the expression of the column at the source has changed"
	case c.Mask == mask.DateShift:
		what, reason = "the mask dateShift of "+c.Name+" moves dates by other days than before",
			"the type of a column of the key, or an expression, has changed at the source"
	case p.table.Filter != "" && table.SameColumn(c.Name, p.table.PrimaryKey[0]):
		what, reason = "where passes other rows than before",
			"the type or the expression of a column in it has changed at the source"
	}
	return what + ": " + reason + ", and rows on the target may be as they were"
}

// checkRemade is remade of what one version of a server has printed. Another one may print the same in another way:
// then it warns, once, and the run goes on.
func (p *planDraft) checkRemade(was *owner.Identity, keyOnly bool) (changed string) {
	changed = p.remade(was, keyOnly)
	before, now := was.Source.Version, p.id.now.Source.Version
	if changed == "" || before == now {
		return changed
	}
	p.warnings = append(p.warnings, fmt.Sprintf("%s; or nothing has changed, and %s prints it in another way than %s: "+
		"`tablehaul verify %s` shows whether rows differ", changed, now, before,
		human.Arg(p.settings.Table.String())))
	return ""
}
