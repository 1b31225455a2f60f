package activities

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// stretchRows is how many rows of the first side are compared at once: about 4 MiB of keys and sums.
const stretchRows = 50_000

// CompareRangeResult is what one range came to.
type CompareRangeResult struct {
	verify.Tally
	// LongestPage is the longest SELECT on either side, in seconds.
	LongestPage float64 `json:"longestPage"`
}

// compareProgress is what CompareRange heartbeats.
type compareProgress struct {
	Rows    int64  `json:"rows"`
	Waiting string `json:"waiting,omitempty"`
}

// CompareRange reads the rows of one range on both sides by short pages, and stages the keys whose rows
// differ, for the second look. Keys whose cursor is above what the table has promised are counted only.
//
// Repeating it is harmless: it writes nothing but its own files, and what an earlier attempt has staged counts.
func (a *Activities) CompareRange(ctx context.Context, in RangeInput) (CompareRangeResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return CompareRangeResult{}, err
	}
	c, err := a.openComparison(ctx, in)
	if err != nil {
		return CompareRangeResult{}, err
	}
	parts := newPartWriter(a.deps.Store, c.r, attemptName(ctx))
	defer beat(ctx, c.progress)()
	if err := c.run(ctx, parts); err != nil {
		parts.discard(ctx)
		return CompareRangeResult{}, err
	}
	if err := a.stageSuspects(ctx, c.r, parts); err != nil {
		return CompareRangeResult{}, err
	}
	logStep(
		ctx,
		"range",
		in.Range,
		"sourceRows",
		c.out.SourceRows,
		"targetRows",
		c.out.TargetRows,
		"equal",
		c.out.Equal,
		"pending",
		c.out.Pending,
		"suspects",
		c.out.Suspects,
	)
	return c.out, nil
}

// stageSuspects publishes the manifest of what a range has found. Where another attempt was faster, its files count.
func (a *Activities) stageSuspects(ctx context.Context, r *openedRange, parts *partWriter) error {
	err := parts.close()
	if err == nil {
		err = staging.PublishManifest(ctx, a.deps.Store, r.manifestKey(), r.manifest(parts, nil))
	}
	if err != nil {
		parts.discard(ctx)
	}
	if errors.Is(err, staging.ErrExists) {
		return nil
	}
	return translate(ctx, err, where{doing: "stage what differs of " + r.in.Table})
}

// openedComparison is one range of a comparison, with both sides.
type openedComparison struct {
	a        *Activities
	r        *openedRange
	c        *comparison
	src, dst comparedSide
	out      CompareRangeResult
	rows     atomic.Int64
	waiting  atomic.Value
}

// comparedSide is a side and the table there.
type comparedSide struct {
	db    mysqldb.Reader
	table *schema.Table
	side  verify.Side
	at    where
}

func (a *Activities) openComparison(ctx context.Context, in RangeInput) (*openedComparison, error) {
	r, err := a.openRange(ctx, in)
	if err != nil {
		return nil, translate(ctx, err, where{doing: "open the plan of " + in.Table})
	}
	c := &openedComparison{a: a, r: r, c: r.plan.Comparison}
	c.waiting.Store("")
	if c.c == nil {
		return nil, invalidInput("the plan of "+in.Run+" is none of a comparison", "")
	}
	if err := c.c.Layout.Prepare(); err != nil {
		return nil, failure.New(failure.UnsupportedTable, err.Error(), "")
	}
	s := r.plan.Settings
	c.src = comparedSide{side: verify.Source, at: where{s.SourceConnection, "compare " + s.Table.String()}}
	c.dst = comparedSide{side: verify.Target, at: where{s.TargetConnection, "compare " + s.Target.String()}}
	if c.src.db, err = a.deps.Source(ctx, s.SourceConnection); err != nil {
		return nil, translate(ctx, err, c.src.at)
	}
	dst, err := a.deps.Target(ctx, s.TargetConnection)
	if err != nil {
		return nil, translate(ctx, err, c.dst.at)
	}
	c.dst.db = dst.DB
	for side, name := range map[*comparedSide]table.Name{&c.src: s.Table, &c.dst: s.Target} {
		if side.table, err = a.schemas.TableOfRun(ctx, side.db, name, in.PlanSum); err != nil {
			return nil, translate(ctx, err, side.at)
		}
		for _, col := range c.c.Layout.ColumnsOf(side.side) {
			if now := side.table.Column(col.Name); now == nil || now.Type != col.Type {
				return nil, failure.New(
					failure.TableChanged,
					name.String()+" was altered after this comparison was planned",
					"start it again",
				)
			}
		}
	}
	return c, nil
}

func (c *openedComparison) progress() any {
	return compareProgress{Rows: c.rows.Load(), Waiting: c.waiting.Load().(string)}
}

// run compares the range, a stretch of keys at a time.
func (c *openedComparison) run(ctx context.Context, parts *partWriter) error {
	keys := c.r.plan.Ranges[c.r.in.Range].Keys
	var after *table.Position
	for {
		found, next, err := c.stretch(ctx, *keys, after)
		if err != nil {
			return err
		}
		if err := writeKeys(ctx, parts, found); err != nil {
			return translate(ctx, err, where{doing: "stage what differs of " + c.r.in.Table})
		}
		if next == nil {
			return nil
		}
		after = next
	}
}

// stretch compares the keys from a position on, as many as are joined at once, and returns the suspects and where the
// next stretch begins; nil where the range is done.
func (c *openedComparison) stretch(
	ctx context.Context,
	keys scan.KeyRange,
	after *table.Position,
) ([]table.Texts, *table.Position, error) {
	first, second, mode := c.src, c.dst, verify.SameKeys
	switch {
	case c.r.in.Range >= c.c.SourceRanges:
		first, second, mode = c.dst, c.src, verify.TargetKeys
	case !c.c.SameOrder:
		mode = verify.SourceKeys
	}
	join := verify.NewJoin(&c.c.Layout, mode)
	next, err := c.read(ctx, first, keys, after, stretchRows, join.First)
	if err != nil {
		return nil, nil, err
	}
	if c.c.SameOrder {
		if after != nil {
			keys.After = after.Values
		}
		if next != nil {
			keys.Through = next.Values
		}
		_, err = c.read(ctx, second, keys, nil, 0, join.Second)
	} else {
		err = c.lookUp(ctx, second, join.Keys(), join.Second)
	}
	if err != nil {
		return nil, nil, err
	}
	found := join.End()
	c.out.Add(join.Tally)
	return found, next, nil
}

// read reads rows of one side by key, at most about so many, 0 for all, and returns where the rest begins.
func (c *openedComparison) read(
	ctx context.Context,
	s comparedSide,
	keys scan.KeyRange,
	start *table.Position,
	most int,
	take func(*table.Rows),
) (*table.Position, error) {
	set := c.r.plan.Settings
	var read int
	if err := c.wait(ctx, s); err != nil {
		return nil, err
	}
	stats, err := scan.ReadPages(ctx, s.db, scan.ReadSpec{
		Table: s.table, Columns: c.c.Layout.ColumnsOf(s.side), ByKey: true, Keys: &keys, Start: start,
		Limits: scan.PageLimits{Rows: set.PageRows, MaxTime: set.PageTime, MaxBytes: int(set.PageBytes)},
	}, func(rows *table.Rows) error {
		take(rows)
		c.rows.Add(int64(rows.Len()))
		if read += rows.Len(); most > 0 && read >= most {
			return scan.ErrStop
		}
		return c.wait(ctx, s)
	})
	c.out.LongestPage = max(c.out.LongestPage, stats.Longest.Seconds)
	return stats.Next, translate(ctx, err, s.at)
}

// lookUp reads rows of one side by their keys.
func (c *openedComparison) lookUp(
	ctx context.Context,
	s comparedSide,
	keys []table.Texts,
	take func(*table.Rows),
) error {
	err := scan.ReadKeys(
		ctx,
		s.db,
		scan.KeysSpec{Table: s.table, Columns: c.c.Layout.ColumnsOf(s.side), Keys: keys},
		func(rows *table.Rows) error {
			take(rows)
			c.rows.Add(int64(rows.Len()))
			return c.wait(ctx, s)
		},
	)
	return translate(ctx, err, s.at)
}

// wait waits until the table's limits let the side be used.
func (c *openedComparison) wait(ctx context.Context, s comparedSide) error {
	return c.a.waitOut(ctx, s.db, c.r.plan.Settings, func(reason string) { c.waiting.Store(reason) })
}

// writeKeys stages keys.
func writeKeys(ctx context.Context, parts *partWriter, keys []table.Texts) error {
	if len(keys) == 0 {
		return nil
	}
	rows := table.NewRows(len(keys[0]))
	for _, key := range keys {
		for _, v := range key {
			rows.Append([]byte(v))
		}
	}
	return parts.write(ctx, rows)
}
