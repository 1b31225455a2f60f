package activities

import (
	"context"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/staging"
)

// A comparison since the last one reads the rows whose cursor lies between what the last one has compared and what the
// table has promised since: those of the source, which are looked up on the target, then those of the target, which
// are looked up at the source. It sees neither rows that were deleted nor changes that left the cursor as it was.

// planSince finds the last comparison, and makes the two ranges.
func (a *Activities) planSince(
	ctx context.Context, p *planDraft, depth string, dst *schema.Table, c *comparison,
) error {
	tbl := p.settings.Table
	if p.settings.Cursor == "" {
		return failure.New(failure.UnsupportedTable,
			tbl.String()+" has no cursor: nothing says which rows have changed since the last comparison",
			"compare it without since")
	}
	last, err := a.comparedBefore(ctx, p, depth)
	if err != nil {
		return err
	}
	if last == "" {
		return failure.New(failure.InvalidInput,
			fmt.Sprintf("staging has no receipt of a comparison of %s by %s, up to a value of %s", tbl, depth,
				p.settings.Cursor),
			"compare it once without since")
	}
	c.Layout.Since, c.SameOrder, c.SourceRanges = last, false, 1
	p.ranges = []piece{{Keys: &scan.KeyRange{}}, {Keys: &scan.KeyRange{}}}
	if schema.CursorIndex(dst, p.settings.Cursor) == "" {
		p.warnings = append(p.warnings, fmt.Sprintf("%s has no index that begins with %s: all of it is read for rows "+
			"that have changed", p.settings.Target, p.settings.Cursor))
	}
	return nil
}

// comparedBefore is up to where the last comparison of the whole table went, or of what had changed before; "" for
// none. One by key alone counts for one by key alone.
func (a *Activities) comparedBefore(ctx context.Context, p *planDraft, depth string) (string, error) {
	at := where{doing: "find the last comparison of " + p.settings.Table.String()}
	runs, err := staging.KeptRuns(ctx, a.deps.Store, staging.KeptVerify, p.settings.Table)
	if err != nil {
		return "", translate(ctx, err, at)
	}
	for _, run := range runs {
		receipt, err := a.receipt(ctx, p.settings.Table, run.Run)
		if unreadable(err) {
			continue
		}
		if err != nil {
			return "", translate(ctx, err, at)
		}
		note, err := run.Note(ctx, a.deps.Store)
		if err == nil && note.Deployment == a.deps.Deployment && p.continues(receipt, depth) {
			return receipt.AsOf, nil
		}
	}
	return "", nil
}

// continues reports whether a comparison of what has changed may begin where another one has ended.
func (p *planDraft) continues(r api.VerifyTableResult, depth string) bool {
	return r.Target == p.settings.Target.String() && r.Cursor == p.settings.Cursor && r.AsOf != "" &&
		r.Sample == nil && r.Sweep == nil && r.Replay == "" && (r.Depth == api.DepthDigest || r.Depth == depth)
}
