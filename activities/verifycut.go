package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// cutComparison cuts the key space: once where both sides order keys alike, and otherwise each side's own.
func (p *planDraft) cutComparison(ctx context.Context, dst *schema.Table, c *comparison) error {
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

// sameOrder reports whether both sides order keys alike.
func (p *planDraft) sameOrder(dst *schema.Table, l *verify.Layout) bool {
	same := (p.src.ServerInfo().Flavor == p.dst.Server.Flavor || !orderedByCollation(p.table)) &&
		scan.SameKeyOrder(p.table, dst)
	for _, col := range l.Columns[:l.Key] {
		same = same && ordersAlike(col)
	}
	return same
}

// chooseRanges makes the ranges of a comparison. It returns the name of the run that is replayed, "" for none.
func (a *Activities) chooseRanges(
	ctx context.Context, in PlanVerifyInput, p *planDraft, dst *schema.Table, c *comparison,
) (replay string, err error) {
	c.SameOrder = p.sameOrder(dst, &c.Layout)
	switch {
	case in.Replay != "":
		return a.planReplay(ctx, p, in.Replay, c)
	case in.Since:
		return "", a.planSince(ctx, p, in.Depth, dst, c)
	case in.Depth == api.DepthSample:
		return "", a.planSample(ctx, p, in.Share, dst.RowsEstimate, c)
	default:
		return "", p.cutComparison(ctx, dst, c)
	}
}

// stageComparison stages the plan of a comparison.
func (a *Activities) stageComparison(
	ctx context.Context, p *planDraft, stateID string, c *comparison, out *PlanVerifyResult,
) (err error) {
	plan := stagedPlan{
		Version: 1, Deployment: a.deps.Deployment, StateID: stateID,
		WorkflowID: activity.GetInfo(ctx).WorkflowExecution.ID, Settings: p.settings,
		ByKey: true, Columns: suspectColumns(&c.Layout), Key: p.table.PrimaryKey, Ranges: p.ranges, Comparison: c,
	}
	if p.files != nil {
		plan.FilesText = p.files.found.Text
	}
	out.PlanSum, err = a.writePlan(ctx, out.Run, plan)
	if err != nil {
		return translate(ctx, err, where{doing: "stage the plan of " + p.settings.Table.String()})
	}
	if p.settings.Cursor == "" {
		out.RangesInFlight = 1 // slices of a table hold its lease one after the other
	}
	logStep(ctx, "ranges", len(p.ranges), "asOf", c.Layout.AsOf, "sameOrder", c.SameOrder)
	return nil
}

// suspectColumns are those of the files with the keys that a second look decides.
func suspectColumns(l *verify.Layout) []table.Column {
	out := make([]table.Column, l.Key)
	for i, c := range l.Columns[:l.Key] {
		bytes := c.Source.Kind == table.KindBytes || c.Source.RawCharset
		out[i] = textColumn(c.Source.Name, !bytes)
	}
	return out
}

// textColumn is a column of a file of ours: text, or bytes that are none.
func textColumn(name string, text bool) table.Column {
	c := table.Column{Name: name, Type: "longblob", Kind: table.KindBytes, Length: 1<<32 - 1, Nullable: true}
	if text {
		c.Type, c.Kind, c.Charset, c.Collation = "longtext", table.KindString, "utf8mb4", "utf8mb4_bin"
	}
	return c
}
