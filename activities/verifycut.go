package activities

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// cutComparison cuts the key space: once where both sides order keys alike, and otherwise each side's own.
func (p *planDraft) cutComparison(ctx context.Context, dst *schema.Table, c *comparison) error {
	c.SameOrder = (p.src.ServerInfo().Flavor == p.dst.Server.Flavor || !orderedByCollation(p.table)) &&
		scan.SameKeyOrder(p.table, dst)
	for _, col := range c.Layout.Columns[:c.Layout.Key] {
		c.SameOrder = c.SameOrder && ordersAlike(col)
	}
	rows := min(verifyRangeRows, max(1, p.settings.RangeRows))
	ranges, err := scan.CutRanges(ctx, p.src, p.table, maxRanges, rows)
	if err != nil {
		return translate(
			ctx,
			err,
			where{p.settings.SourceConnection, "cut the ranges of " + p.settings.Table.String()},
		)
	}
	p.ranges = nil
	for i := range ranges {
		p.ranges = append(p.ranges, piece{Keys: &ranges[i]})
	}
	c.SourceRanges = len(ranges)
	if c.SameOrder {
		if len(p.ranges) == 0 { // an empty source; the target may have rows
			p.ranges = []piece{{Keys: &scan.KeyRange{}}}
			c.SourceRanges = 1
		}
		return nil
	}
	back, err := scan.CutRanges(ctx, p.dst, dst, maxRanges, rows)
	if err != nil {
		return translate(
			ctx,
			err,
			where{p.settings.TargetConnection, "cut the ranges of " + p.settings.Target.String()},
		)
	}
	for i := range back {
		p.ranges = append(p.ranges, piece{Keys: &back[i]})
	}
	return nil
}

func orderedByCollation(t *schema.Table) bool {
	for _, name := range t.PrimaryKey {
		if c := t.Column(name); c == nil || c.Kind == table.KindString {
			return true
		}
	}
	return false
}

// ordersAlike reports whether both sides order the values of a key's column alike.
func ordersAlike(c verify.Column) bool {
	s, t := c.Source, c.Target
	switch s.Kind {
	case table.KindInt, table.KindUint:
		return t.Kind.IsInteger()
	case table.KindDecimal, table.KindDate, table.KindYear, table.KindBit, table.KindTime:
		return s.Kind == t.Kind
	case table.KindDateTime, table.KindTimestamp:
		return t.Kind == table.KindDateTime || t.Kind == table.KindTimestamp
	case table.KindBytes:
		return t.Kind == table.KindBytes && s.Length == t.Length
	case table.KindString:
		return t.Kind == table.KindString && s.Collation == t.Collation && s.Charset == t.Charset
	default:
		return false
	}
}
