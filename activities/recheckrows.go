package activities

import (
	"context"
	"time"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// recheckKeys is how many keys a second look decides at once: their rows are in memory, as sums.
const recheckKeys = 5_000

// RecheckRowsResult is what the second look has found.
type RecheckRowsResult struct {
	// Verdicts counts keys; those that turned out equal are verify.Settled.
	Verdicts map[verify.Verdict]int64 `json:"verdicts,omitempty"`
	// Digest is that of the rows that turned out equal.
	Digest verify.Digest `json:"digest"`
	// Differences is the key of the kept file that lists what differs, empty where nothing does.
	Differences string `json:"differences,omitempty"`
}

// RecheckRows looks a second time at each key that a range has staged, on both sides, and decides what it is. The keys
// that differ are kept with their verdicts. in.Range is the number of all ranges.
//
// Repeating it is harmless: it looks again.
func (a *Activities) RecheckRows(ctx context.Context, in RangeInput) (RecheckRowsResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return RecheckRowsResult{}, err
	}
	ranges := in.Range
	first := in
	first.Range = 0
	c, err := a.openComparison(ctx, first)
	if err != nil {
		return RecheckRowsResult{}, err
	}
	defer beat(ctx, c.progress)()
	out := RecheckRowsResult{Verdicts: map[verify.Verdict]int64{}}
	list := c.differences(ranges)
	parts := newPartWriter(a.deps.Store, list, attemptName(ctx))
	defer parts.discard(ctx)
	if c.ofFiles() {
		err = c.recheckFiles(ctx, first, ranges, parts, &out)
	} else {
		err = c.eachSuspectOf(ctx, first, ranges, func(keys []table.Texts) error {
			return c.recheck(ctx, keys, parts, &out)
		})
	}
	if err == nil && c.altered(ctx) {
		err = alteredSincePlan(c.r.plan.Settings.Table)
	}
	if err != nil {
		return RecheckRowsResult{}, err
	}
	err = parts.close()
	if err == nil {
		out.Differences, err = a.keepDifferences(ctx, list, parts)
	}
	if err != nil {
		return RecheckRowsResult{}, translate(ctx, err, where{doing: "stage the differences of " + in.Table})
	}
	for verdict, n := range out.Verdicts {
		logStep(ctx, string(verdict), n)
	}
	return out, nil
}

// eachSuspect hands the keys that a range has staged, in all slices of it, to f, some thousand at a time.
func (a *Activities) eachSuspect(ctx context.Context, in RangeInput, f func([]table.Texts) error) error {
	for ; ; in.Slice++ {
		r, m, err := a.freshManifest(ctx, in)
		if err != nil {
			return translate(ctx, err, where{doing: "read what differs of " + in.Table})
		}
		if err := a.eachStaged(ctx, r, m, f); err != nil {
			return err
		}
		s := r.plan.Comparison.Sample
		if s == nil || m.Next == nil || in.Slice+1 == s.steps(in.Range) {
			return nil
		}
	}
}

// eachStaged hands the keys of a manifest to f.
func (a *Activities) eachStaged(
	ctx context.Context, r *openedRange, m staging.Manifest, f func([]table.Texts) error,
) error {
	var keys []table.Texts
	for ref := range chunksOf(&m) {
		rows, err := a.readChunk(ctx, r, m, ref)
		if err != nil {
			return translate(ctx, err, where{doing: "read what differs of " + m.Table.String()})
		}
		for row := range rows.Len() {
			if keys = append(keys, keyTexts(rows, row, rows.Columns())); len(keys) < recheckKeys {
				continue
			}
			if err := f(keys); err != nil {
				return err
			}
			keys = nil
		}
		rows.Return()
	}
	if len(keys) == 0 {
		return nil
	}
	return f(keys)
}

// recheck decides some keys: see settleKeys.
func (c *openedComparison) recheck(
	ctx context.Context,
	keys []table.Texts,
	parts *partWriter,
	out *RecheckRowsResult,
) error {
	look := verify.NewLook(&c.c.Layout, keys)
	var respelled map[string]bool
	err := c.slice(ctx, func(time.Time) (err error) {
		respelled, err = c.lookAgain(ctx, look, keys)
		return err
	})
	if err != nil {
		return err
	}
	return c.settleKeys(ctx, look, respelled, parts, out)
}

// settleKeys decides the keys of a look, counts them, and writes those that differ.
func (c *openedComparison) settleKeys(
	ctx context.Context, look *verify.Look, respelled map[string]bool, parts *partWriter, out *RecheckRowsResult,
) error {
	rows := table.NewRows(c.c.Layout.Key + 3)
	aside, err := c.keysInQuarantine(ctx)
	if err != nil {
		return err
	}
	for _, j := range look.Judge(respelled) {
		j.Verdict = j.Verdict.Unless(aside[j.Key.Bytes()])
		out.Verdicts[j.Verdict]++
		if j.Equal {
			out.Digest.Merge(j.Digest)
		}
		if !j.Verdict.Differs() {
			continue
		}
		for _, v := range j.Key {
			rows.Append([]byte(v))
		}
		for _, v := range []string{string(j.Verdict), j.SourceCursor, j.TargetCursor} {
			rows.Append([]byte(v))
		}
	}
	if rows.Len() == 0 {
		return nil
	}
	return translate(ctx, parts.write(ctx, rows), where{doing: "stage the differences of " + c.r.in.Table})
}

// lookAgain looks at the target, at the source, and once more at the target for what differs: what was on the target
// before and after was there when the source was looked at. It returns the keys of another spelling.
func (c *openedComparison) lookAgain(
	ctx context.Context, look *verify.Look, keys []table.Texts,
) (respelled map[string]bool, err error) {
	at := func(s comparedSide, look *verify.Look, keys []table.Texts) error {
		return c.lookUp(ctx, s, keys, func(rows *table.Rows) error {
			look.Add(s.side, rows)
			return nil
		})
	}
	if err := at(c.dst, look, keys); err != nil {
		return nil, err
	}
	if err := at(c.src, look, keys); err != nil {
		return nil, err
	}
	differing := look.Differing()
	later := verify.NewLook(&c.c.Layout, differing)
	if err := at(c.dst, later, differing); err != nil {
		return nil, err
	}
	look.Confirm(later)
	return c.respelled(ctx, look)
}

// respelled are the keys, by their Bytes, that one side has and the other has in another spelling only. A look by
// one key finds the other spelling, since the server compares by its collation. Where no part of the key is text there
// is none.
func (c *openedComparison) respelled(ctx context.Context, look *verify.Look) (map[string]bool, error) {
	out := map[string]bool{}
	if !orderedByCollation(c.src.table) && !orderedByCollation(c.dst.table) {
		return out, nil
	}
	for _, s := range []comparedSide{c.src, c.dst} {
		for _, key := range look.MaybeRespelled(s.side) {
			err := c.lookUp(ctx, s, []table.Texts{key}, func(rows *table.Rows) error {
				for row := range rows.Len() {
					other := c.c.Layout.KeyOf(rows, row)
					if other == key.Bytes() {
						continue // the row itself has come back since
					}
					out[key.Bytes()], out[other] = true, true
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
