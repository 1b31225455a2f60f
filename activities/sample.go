package activities

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A comparison of depth sample reads a share of the table, by key, from where the last one ended; behind the last key
// it ends, and the next one begins at the first. Where both sides order keys alike it has one range. Elsewhere it has
// two, one along each side's order, which look their keys up on the other side.
//
//	table      |-----------------------------------------------------|
//	sample 1   |=====|
//	sample 2         |=====|                     each row once in a cycle; rows of the target before the first
//	…                                            key and behind the last one are in it too
//	last one                                                   |=====|

// defaultShare of a table in each comparison of depth sample: daily ones see all of it in a month.
const defaultShare = 1.0 / 30

// sample is what such a comparison reads, in its staged plan. The slices hold one entry for each range.
type sample struct {
	// Starts are where the ranges begin; nil is the beginning of the key space.
	Starts []*table.Position `json:"starts"`
	// Rows is how many rows of its first side a range reads, at least.
	Rows []int64 `json:"rows"`
	// SliceRows is about how many rows a step reads.
	SliceRows int64 `json:"sliceRows"`
	// Passed is how many rows of the source the cycle has compared before, of about Total.
	Passed int64 `json:"passed"`
	Total  int64 `json:"total"`
}

// steps is how many slices a range has at most.
func (s *sample) steps(i int) int {
	return max(1, int(math.Ceil(float64(s.Rows[i])/float64(s.SliceRows))))
}

// pageRows bounds a page, so that a sample of few rows does not end with a page of many.
func (s *sample) pageRows(i int) int { return int(min(s.Rows[i], s.SliceRows, math.MaxInt32)) }

// samplePointer is where the next comparison goes on. It is in staging: it holds values of a key.
type samplePointer struct {
	// Key are the names of the key's columns, and SameOrder is as in the plan: a pointer of another key is not used.
	Key       []string          `json:"key"`
	SameOrder bool              `json:"sameOrder"`
	Starts    []*table.Position `json:"starts"`
	// Passed: see sample. LastTotal is how many rows the last whole cycle has compared.
	Passed    int64 `json:"passed"`
	LastTotal int64 `json:"lastTotal,omitempty"`
}

// samplePrefix begins the name under which a deployment keeps its pointer among the kept files of comparisons.
const samplePrefix = "sample-"

func (a *Activities) samplePlace(tbl table.Name) (run, key string) {
	sum := sha256.Sum256([]byte(a.deps.Deployment))
	run = samplePrefix + hex.EncodeToString(sum[:4])
	return run, staging.KeptKey(staging.KeptVerify, tbl, run, "next.json")
}

// planSample chooses what a comparison of depth sample reads: a share of the rows, from the pointer on. c.SameOrder is
// known.
func (a *Activities) planSample(
	ctx context.Context, p *planDraft, share float64, targetRows int64, c *comparison,
) error {
	if share == 0 {
		share = defaultShare
	}
	ranges := 1
	if !c.SameOrder {
		ranges = 2
	}
	_, key := a.samplePlace(p.settings.Table)
	var from samplePointer
	text, err := staging.ReadSmall(ctx, a.deps.Store, key)
	if err == nil {
		err = json.Unmarshal(text, &from)
	}
	if err != nil && !errors.Is(err, staging.ErrNotFound) {
		doing := "find where the last sample of " + p.settings.Table.String() + " ended"
		return translate(ctx, err, where{doing: doing})
	}
	if !slices.Equal(from.Key, p.table.PrimaryKey) || from.SameOrder != c.SameOrder || len(from.Starts) != ranges {
		from = samplePointer{Starts: make([]*table.Position, ranges)}
	}
	total := max(p.table.RowsEstimate, from.LastTotal, from.Passed)
	c.SourceRanges = 1
	c.Sample = &sample{SliceRows: a.deps.Sizes.SampleSlice, Starts: from.Starts, Passed: from.Passed, Total: total}
	p.ranges = nil
	for _, rows := range []int64{total, targetRows}[:ranges] {
		p.ranges = append(p.ranges, piece{Keys: &scan.KeyRange{}})
		rows = max(1, int64(math.Ceil(share*float64(rows))))
		c.Sample.Rows = append(c.Sample.Rows, rows)
		// A sample of a huge table has longer steps, and no longer history.
		c.Sample.SliceRows = max(c.Sample.SliceRows, 1+rows/maxRanges)
	}
	return nil
}

// start is where the comparison of the range, or of the slice of it, begins; nil is at the beginning.
func (c *openedComparison) start(ctx context.Context) (*table.Position, error) {
	in := c.r.in
	if c.c.Sample == nil {
		return nil, nil
	}
	if in.Slice == 0 {
		return c.c.Sample.Starts[in.Range], nil
	}
	m, err := staging.ReadManifest(ctx, c.a.deps.Store, staging.ManifestKey(c.r.name, in.Run, in.Range, in.Slice-1))
	if err != nil {
		return nil, translate(ctx, err, where{doing: "find where to go on in " + in.Table})
	}
	return m.Next, nil
}

// full reports whether the slice has as many rows of the first side as it is to read.
func (c *openedComparison) full() bool {
	if c.c.Sample == nil {
		return false
	}
	rows := c.out.SourceRows
	if c.r.in.Range >= c.c.SourceRanges {
		rows = c.out.TargetRows
	}
	most := c.c.Sample.SliceRows
	left := c.c.Sample.Rows[c.r.in.Range] - int64(c.r.in.Slice)*most
	return rows >= min(left, most)
}

// advanceSample moves the pointer behind what the comparison has read. rows are those of the source. Where the plan is
// gone, an earlier attempt has done so.
func (a *Activities) advanceSample(ctx context.Context, in RangeInput, rows int64) error {
	first := in
	first.Range = 0
	r, err := a.openRange(ctx, first)
	if err != nil || r.plan.Comparison == nil || r.plan.Comparison.Sample == nil {
		return nil //nolint:nilerr // an earlier attempt has removed the plan, last of all
	}
	s := r.plan.Comparison.Sample
	next := samplePointer{
		Key: r.plan.Key, SameOrder: r.plan.Comparison.SameOrder, Starts: make([]*table.Position, len(s.Starts)),
		Passed: s.Passed + rows, LastTotal: s.Total,
	}
	for i := range s.Starts {
		if next.Starts[i], err = a.endOfSample(ctx, r, i, s.steps(i)); err != nil {
			return err
		}
	}
	if next.Starts[0] == nil {
		next.Passed, next.LastTotal = 0, next.Passed
	}
	text, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("encoding where the sample ended: %w", err)
	}
	run, key := a.samplePlace(r.name)
	if err := a.beginKept(ctx, staging.KeptVerify, r.name, run); err != nil {
		return err
	}
	return a.deps.Store.Put(ctx, key, bytes.NewReader(text))
}

// endOfSample is where the last slice of a range ended; nil where it was at the end of the table.
func (a *Activities) endOfSample(ctx context.Context, r *openedRange, i, steps int) (next *table.Position, err error) {
	for slice := range steps {
		m, err := staging.ReadManifest(ctx, a.deps.Store, staging.ManifestKey(r.name, r.in.Run, i, slice))
		if err != nil {
			return nil, err
		}
		if next = m.Next; next == nil {
			break
		}
	}
	return next, nil
}
