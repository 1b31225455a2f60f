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
	look := verify.NewLook(&c.c.Layout, keys)
	for _, one := range c.r.plan.Ranges {
		err := c.eachFileRows(ctx, one.Files, func(rows *table.Rows, _ int) error {
			look.Add(verify.Source, rows)
			return nil
		})
		if err != nil {
			return err
		}
	}
	respelled := map[string]bool{}
	err := c.slice(ctx, func(time.Time) error {
		if err := c.sameLoads(ctx); err != nil {
			return err
		}
		err := c.lookUp(ctx, c.dst, keys, func(rows *table.Rows) error {
			look.Add(verify.Target, rows)
			return nil
		})
		if err != nil || !orderedByCollation(c.dst.table) {
			return err
		}
		return c.respelledOnTarget(ctx, look, respelled)
	})
	if err != nil {
		return err
	}
	return c.settleKeys(ctx, look, respelled, parts, out)
}

// respelledOnTarget notes the keys, by their Bytes, that the target has in another spelling only.
func (c *openedComparison) respelledOnTarget(
	ctx context.Context, look *verify.Look, respelled map[string]bool,
) error {
	for _, key := range look.MaybeRespelled(verify.Target) {
		err := c.lookUp(ctx, c.dst, []table.Texts{key}, func(rows *table.Rows) error {
			respelled[key.Bytes()] = respelled[key.Bytes()] || rows.Len() > 0
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
