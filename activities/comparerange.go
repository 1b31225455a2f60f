package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// suspectsAtOnce is how many suspects are in memory before they are staged.
const suspectsAtOnce = 10_000

// CompareRangeResult is what one range came to.
type CompareRangeResult struct {
	verify.Tally
	// Digest is that of the rows that are equal.
	Digest verify.Digest `json:"digest"`
	// LongestPage is the longest SELECT on either side, in seconds.
	LongestPage float64 `json:"longestPage"`
	// Rested is how long, in seconds, the step has rested between pages of both sides, since other clients used their
	// servers.
	Rested float64 `json:"rested,omitempty"`
	// More says that a sample goes on with the range's next slice; AtEnd that the last key of the table was compared.
	More  bool `json:"more,omitempty"`
	AtEnd bool `json:"atEnd,omitempty"`
}

// compareProgress is what CompareRange and the steps of a quarantine heartbeat.
type compareProgress struct {
	Rows    int64  `json:"rows"`
	Waiting string `json:"waiting,omitempty"`
	// Dropped is how many rows DropQuarantine removes from quarantine.
	Dropped int64 `json:"dropped,omitempty"`
}

// CompareRange reads the rows of one range on both sides by short pages, and stages the keys whose rows
// differ, for the second look. Keys whose cursor is above what the table has promised are counted only.
//
// Repeating it is harmless: it writes nothing but its own files, and what an earlier attempt has staged counts.
func (a *Activities) CompareRange(ctx context.Context, in RangeInput) (CompareRangeResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return CompareRangeResult{}, err
	}
	c, parts, err := a.compareRange(ctx, in)
	if err != nil {
		return CompareRangeResult{}, err
	}
	next, err := a.stageSuspects(ctx, c, parts)
	if err != nil {
		return CompareRangeResult{}, err
	}
	c.out.AtEnd = next == nil
	if s := c.c.Sample; s != nil {
		c.out.More = next != nil && in.Slice+1 < s.steps(in.Range)
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
		"longestPage",
		c.out.LongestPage,
		"rested",
		c.out.Rested,
	)
	return c.out, nil
}

// maxComparisons is how often a range is compared again because a table was altered meanwhile.
const maxComparisons = 3

// compareRange compares a range, and compares it again where one of the tables was altered meanwhile: pages along a
// key whose order has changed may have left rows out.
func (a *Activities) compareRange(ctx context.Context, in RangeInput) (*openedComparison, *partWriter, error) {
	for try := 1; ; try++ {
		c, err := a.openComparison(ctx, in)
		if err != nil {
			return nil, nil, err
		}
		parts := newPartWriter(a.deps.Store, c.r, fmt.Sprintf("%s-%d", attemptName(ctx), try))
		stop := beat(ctx, c.progress)
		err = c.run(ctx, parts)
		if err == nil && c.altered(ctx) {
			err = failure.New(
				failure.TableChanged,
				in.Table+" or its target was altered again and again while it was compared",
				"compare it when no ALTER TABLE runs",
			)
			if try < maxComparisons {
				err = errAltered
			}
		}
		stop()
		if err == nil {
			return c, parts, nil
		}
		parts.discard(ctx)
		if !errors.Is(err, errAltered) {
			return nil, nil, err
		}
	}
}

var errAltered = errors.New("a table was altered while it was compared")

// stageSuspects publishes the manifest of what a range has found, and returns where the next slice begins. Where
// another attempt was faster, its files count.
func (a *Activities) stageSuspects(
	ctx context.Context, c *openedComparison, parts *partWriter,
) (next *table.Position, err error) {
	next, err = c.next, parts.close()
	if err == nil {
		err = staging.PublishManifest(ctx, a.deps.Store, c.r.manifestKey(), c.r.manifest(parts, next))
	}
	if err != nil {
		parts.discard(ctx)
	}
	if errors.Is(err, staging.ErrExists) {
		var m staging.Manifest
		m, err = staging.ReadManifest(ctx, a.deps.Store, c.r.manifestKey())
		next = m.Next
	}
	return next, translate(ctx, err, where{doing: "stage what differs of " + c.r.in.Table})
}

// run compares the range, a stretch of keys at a time.
func (c *openedComparison) run(ctx context.Context, parts *partWriter) error {
	if c.ofFiles() {
		return c.compareFiles(ctx, parts)
	}
	if len(c.r.plan.Ranges[c.r.in.Range].Kept) > 0 {
		return c.compareKept(ctx, parts)
	}
	keys := c.r.plan.Ranges[c.r.in.Range].Keys
	join := verify.NewJoin(&c.c.Layout, c.mode())
	at, err := c.start(ctx)
	if err != nil {
		return err
	}
	for done := false; !done; {
		err := c.slice(ctx, func(until time.Time) error {
			for {
				next, err := c.stretch(ctx, parts, join, *keys, at)
				at, done = next, next == nil || c.full()
				if err != nil || done || !time.Now().Before(until) {
					return err
				}
			}
		})
		if err != nil {
			return err
		}
	}
	c.next = at
	return nil
}

// mode is what the range looks for.
func (c *openedComparison) mode() verify.Mode {
	switch {
	case c.r.in.Range >= c.c.SourceRanges && c.c.Layout.Since != "":
		return verify.TargetChanges
	case c.r.in.Range >= c.c.SourceRanges:
		return verify.TargetKeys
	case !c.c.SameOrder:
		return verify.SourceKeys
	}
	return verify.SameKeys
}

// stretch compares the keys from a position on, as many as are joined at once, stages the suspects, and returns where
// the next stretch begins; nil where the range is done.
func (c *openedComparison) stretch(
	ctx context.Context, parts *partWriter, join *verify.Join, keys scan.KeyRange, after *table.Position,
) (*table.Position, error) {
	first, second := c.src, c.dst
	if c.r.in.Range >= c.c.SourceRanges {
		first, second = c.dst, c.src
	}
	most := c.a.deps.Sizes.Stretch
	next, err := c.read(ctx, first, keys, after, most, func(rows *table.Rows) error {
		if join.First(rows); join.Full(most) {
			return scan.ErrStop
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	// However many rows the second side has behind the first side's last one, few suspects are in memory.
	takeSecond := func(rows *table.Rows) error {
		join.Second(rows)
		return c.stage(ctx, parts, join.Found(suspectsAtOnce))
	}
	if c.mode() == verify.SameKeys {
		if after != nil {
			keys.After = after.Values
		}
		if next != nil {
			keys.Through = next.Values
		}
		_, err = c.read(ctx, second, keys, nil, 0, takeSecond)
	} else {
		err = c.lookUp(ctx, second, join.Keys(), takeSecond)
	}
	return next, c.endJoin(ctx, parts, join, err)
}

// endJoin stages the last suspects of a join that went without an error, adds up what was joined, and empties the join
// for the next one.
func (c *openedComparison) endJoin(ctx context.Context, parts *partWriter, join *verify.Join, err error) error {
	if err == nil {
		err = c.stage(ctx, parts, join.End())
	}
	c.out.Add(join.Tally)
	c.out.Digest.Merge(join.Digest)
	join.Reset()
	return err
}

// stage stages keys that a second look decides.
func (c *openedComparison) stage(ctx context.Context, parts *partWriter, keys []table.Texts) error {
	return translate(ctx, writeKeys(ctx, parts, keys), where{doing: "stage what differs of " + c.r.in.Table})
}
