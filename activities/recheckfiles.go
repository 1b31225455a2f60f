package activities

import (
	"context"
	"hash/fnv"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// recheckFiles looks a second time at each key that the ranges have staged: it reads all files for the version that
// counts, and then the target. in is the first range.
func (c *openedComparison) recheckFiles(
	ctx context.Context, in RangeInput, ranges int, parts *partWriter, out *RecheckRowsResult,
) error {
	var all int64
	count := func(keys []table.Texts) error {
		all += int64(len(keys))
		return nil
	}
	if err := c.eachSuspectOf(ctx, in, ranges, count); err != nil {
		return err
	}
	passes := uint64(all/int64(c.a.deps.Sizes.RecheckFiles) + 1)
	for pass := range passes {
		seen := map[string]bool{}
		var keys []table.Texts
		err := c.eachSuspectOf(ctx, in, ranges, func(some []table.Texts) error {
			for _, key := range some {
				bytes := key.Bytes()
				sum := fnv.New64a()
				_, _ = sum.Write([]byte(bytes)) // never an error
				if sum.Sum64()%passes == pass && !seen[bytes] {
					seen[bytes] = true
					keys = append(keys, key)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := c.recheckFilePass(ctx, keys, parts, out); err != nil {
			return err
		}
	}
	return nil
}

// eachSuspectOf hands the keys that all ranges have staged to f.
func (c *openedComparison) eachSuspectOf(
	ctx context.Context, in RangeInput, ranges int, f func([]table.Texts) error,
) error {
	for in.Range = range ranges {
		if err := c.a.eachSuspect(ctx, in, f); err != nil {
			return err
		}
	}
	return nil
}

// recheckFilePass decides keys.
func (c *openedComparison) recheckFilePass(
	ctx context.Context, keys []table.Texts, parts *partWriter, out *RecheckRowsResult,
) error {
	if len(keys) == 0 {
		return nil
	}
	look, err := c.lookAtFiles(ctx, keys)
	if err != nil {
		return err
	}
	var spellings []verify.Spelling
	err = c.slice(ctx, func(time.Time) error {
		if err := c.sameLoads(ctx); err != nil {
			return err
		}
		spellings = nil
		err := c.lookUp(ctx, c.dst, keys, func(rows *table.Rows) error {
			look.Add(verify.Target, rows)
			return nil
		})
		if err != nil || !orderedByCollation(c.dst.table) {
			return err
		}
		return c.findSpellings(ctx, look, look.MaybeRespelled(verify.Target), &spellings)
	})
	if err != nil {
		return err
	}
	respelled, err := c.newerSpellings(ctx, look, spellings)
	if err != nil {
		return err
	}
	return c.settleKeys(ctx, look, respelled, parts, out)
}

// lookAtFiles looks at keys in all files.
func (c *openedComparison) lookAtFiles(ctx context.Context, keys []table.Texts) (*verify.Look, error) {
	look := verify.NewLook(&c.c.Layout, keys)
	if len(keys) == 0 {
		return look, nil
	}
	for _, one := range c.r.plan.Ranges {
		err := c.eachFileRows(ctx, one.Files, func(rows *table.Rows, _ int) error {
			look.Add(verify.Source, rows)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return look, nil
}

// findSpellings finds what the target has under another spelling of keys of which it has not the bytes.
func (c *openedComparison) findSpellings(
	ctx context.Context, look *verify.Look, keys []table.Texts, out *[]verify.Spelling,
) error {
	if len(keys) == 0 {
		return nil
	}
	found := 0
	err := c.lookUp(ctx, c.dst, keys, func(rows *table.Rows) error {
		found += rows.Len()
		if len(keys) == 1 && rows.Len() > 0 {
			*out = append(*out, verify.Spelling{
				Key: keys[0], Other: c.c.Layout.KeyTexts(rows, 0), Row: look.RowOf(rows, 0),
			})
		}
		return nil
	})
	if err != nil || found == 0 || len(keys) == 1 {
		return err
	}
	half := len(keys) / 2
	if err := c.findSpellings(ctx, look, keys[:half], out); err != nil {
		return err
	}
	return c.findSpellings(ctx, look, keys[half:], out)
}

// newerSpellings are the keys, by their Bytes, that the target has in another spelling, at least as new.
func (c *openedComparison) newerSpellings(
	ctx context.Context, look *verify.Look, spellings []verify.Spelling,
) (map[string]bool, error) {
	var others []table.Texts
	for _, s := range spellings {
		if c.c.Layout.Cursor < 0 && !look.Asked(s.Other) {
			others = append(others, s.Other)
		}
	}
	versions, err := c.lookAtFiles(ctx, others)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, s := range spellings {
		out[s.Key.Bytes()] = look.HasNewer(s, versions)
	}
	return out, nil
}
