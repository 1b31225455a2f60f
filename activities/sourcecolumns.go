package activities

import (
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// longestType is how long the text of a type may be, in bytes, that a state keeps: an ENUM may have thousands of
// members.
const longestType = 256

// sourceColumns are the source's columns as the identity keeps them.
func (p *planDraft) sourceColumns() []owner.SourceColumn {
	out := make([]owner.SourceColumn, len(p.table.Columns))
	for i := range p.table.Columns {
		c := &p.table.Columns[i]
		out[i].Name, out[i].MadeBy = c.Name, c.MadeBy
		if from := p.atSource(c); from != nil && len(from.Type) <= longestType {
			out[i].Type = from.Type
		}
	}
	return out
}

// atSource is the column of the source whose values a column has, or shows by a mask; nil for none.
func (p *planDraft) atSource(c *schema.Column) *schema.Column {
	if p.raw == nil { // files
		return c
	}
	return p.settings.Mapping.Own(p.raw, c)
}

// narrowed says which column of the source does not take every value any more that it took when runs wrote last: values
// that the change has cut are as they were on the target, since no cursor rises by it. Each run of a table without a
// cursor, or with write: replace, writes all of them.
func (p *planDraft) narrowed(was *owner.Identity) (changed string) {
	if p.settings.Replace != nil {
		return ""
	}
	for _, c := range was.Columns {
		now := p.table.Column(c.Name)
		if now == nil || c.Type == "" || table.SameColumn(c.Name, p.settings.Cursor) { // see convertWatermark
			continue
		}
		from := p.atSource(now)
		if from == nil || c.Type == from.Type {
			continue
		}
		if why := target.Narrowed(c.Type, from); why != "" {
			return fmt.Sprintf("the column %s was %s at the source and is %s, so that rows there may have changed "+
				"without a later cursor: %s (schema.narrowed)", c.Name, c.Type, from.Type, why)
		}
	}
	return ""
}

// hadColumns are the columns that the source had when runs wrote last. A run that loads the table again, or takes the
// target as it is, begins without them.
func hadColumns(in PlanRunInput) []string {
	if in.Full || in.State.Adopt {
		return nil
	}
	return in.State.Identity.ColumnNames()
}
