package scan

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tablehaul/tablehaul/internal/mask"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Keyed masks are computed here and nowhere else, between the source's answer and all that sees rows: pages and
// looks by key go through project, whether they are for staging, for a comparison or for a sweep.

// errNoMaskKey is returned for a table with a keyed mask and no key.
var errNoMaskKey = errors.New("the column has a mask, and this worker has no key for it")

// setMasks prepares the keyed masks of the columns that are read.
func (p *readPlan) setMasks(t *schema.Table) error {
	for _, c := range p.columns {
		switch {
		case c.Mask == "":
			continue
		case !mask.Keyed(c.Mask):
			return fmt.Errorf("column %s: %w: mask %q", c.Name, errBadSpec, c.Mask)
		case t.MaskKey.IsZero():
			return fmt.Errorf("column %s: %w", c.Name, errNoMaskKey)
		}
		p.masked = true
	}
	if !p.masked {
		return nil
	}
	p.masker = t.MaskKey.Masker()
	for _, part := range p.parts {
		if table.HasColumn(t.PrimaryKey, part.column.Name) {
			p.keyExprs = append(p.keyExprs, part.expr)
		}
	}
	// The order of the position may be that of the cursor: a row's shift is the same in every read.
	slices.SortStableFunc(p.keyExprs, func(a, b int) int { return p.keyPlace(a) - p.keyPlace(b) })
	return nil
}

// keyPlace is the place in the primary key of the part with an expression.
func (p *readPlan) keyPlace(expr int) int {
	for _, part := range p.parts {
		if part.expr == expr {
			return slices.IndexFunc(p.table.PrimaryKey, func(k string) bool {
				return table.SameColumn(k, part.column.Name)
			})
		}
	}
	return len(p.parts)
}

// projects reports whether what is read is more, or other, than what the caller gets.
func (p *readPlan) projects() bool { return p.masked || len(p.exprs) != len(p.columns) }

// project copies rows of all expressions: without those that only the position needs, and with masks.
func (p *readPlan) project(out, rows *table.Rows) {
	out.Reset()
	key := make([][]byte, len(p.keyExprs))
	for row := range rows.Len() {
		if !p.masked {
			for col := range p.columns {
				out.Append(rows.Value(row, col))
			}
			continue
		}
		for i, expr := range p.keyExprs {
			key[i] = rows.Value(row, expr)
		}
		for col, c := range p.columns {
			value := rows.Value(row, col)
			switch {
			case value == nil || c.Mask == "":
				out.Append(value)
			case c.Mask == mask.HMAC:
				out.AppendFunc(func(dst []byte) []byte { return p.masker.AppendHMAC(dst, value) })
			default:
				days := p.masker.Shift(key...)
				out.AppendFunc(func(dst []byte) []byte { return mask.AppendShifted(dst, value, c.Kind, days) })
			}
		}
	}
}
