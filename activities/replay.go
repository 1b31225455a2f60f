package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// A replay is a comparison of the rows whose keys a run has staged, and a repair of those that differ. It takes keys
// alone from the kept files: a row that the source has deleted since is not brought back.

// maxReplayRanges bounds the ranges of a replay, and with them a history.
const maxReplayRanges = 100

// planReplay makes the ranges of a replay: the manifests of the kept run.
func (a *Activities) planReplay(ctx context.Context, p *planDraft, run string, c *comparison) (name string, err error) {
	kept, err := a.keptRun(ctx, p.settings, run)
	if err != nil {
		return "", err
	}
	p.warnings = append(p.warnings, kept.warnings(p.settings)...)
	manifests := kept.manifests
	each := (len(manifests) + maxReplayRanges - 1) / maxReplayRanges
	p.ranges = nil
	for at := 0; at < len(manifests); at += each {
		p.ranges = append(p.ranges, piece{Kept: manifests[at:min(at+each, len(manifests))]})
	}
	c.SameOrder, c.SourceRanges = false, len(p.ranges)
	return kept.run, nil
}

// compareKept compares the rows whose keys kept files have: those of the source, by key, with those of the target.
func (c *openedComparison) compareKept(ctx context.Context, parts *partWriter) error {
	seen := map[string]bool{}
	var keys []table.Texts
	join := verify.NewJoin(&c.c.Layout, verify.SourceKeys)
	flush := func() error {
		err := c.slice(ctx, func(time.Time) error {
			err := c.lookUp(ctx, c.src, keys, func(rows *table.Rows) error {
				join.First(rows)
				return nil
			})
			if err != nil {
				return err
			}
			return c.lookUp(ctx, c.dst, join.Keys(), func(rows *table.Rows) error {
				join.Second(rows)
				return nil
			})
		})
		err = c.endJoin(ctx, parts, join, err)
		clear(seen)
		keys = nil
		return err
	}
	for _, manifest := range c.r.plan.Ranges[c.r.in.Range].Kept {
		err := c.eachKeptKey(ctx, manifest, func(key table.Texts) error {
			if bytes := key.Bytes(); !seen[bytes] {
				seen[bytes] = true
				keys = append(keys, key)
			}
			if len(keys) < c.a.deps.Sizes.Stretch {
				return nil
			}
			return flush()
		})
		if err != nil {
			return err
		}
	}
	return flush()
}

// eachKeptKey hands the keys of the rows of a kept manifest to f.
func (c *openedComparison) eachKeptKey(ctx context.Context, manifest string, f func(table.Texts) error) error {
	at := where{doing: "read the kept files of " + c.r.in.Table}
	m, err := staging.ReadManifest(ctx, c.a.deps.Store, manifest)
	if err != nil {
		return keptGone(ctx, err, at)
	}
	places, ok := keyColumns(c.r.plan.Key, m.Columns)
	if !ok {
		return failure.New(failure.UnsupportedTable, fmt.Sprintf("the run %s of %s had another key", m.Run, m.Table),
			withName("tablehaul verify TABLE --repair compares all rows", m.Table))
	}
	r := &openedRange{name: m.Table, plan: stagedPlan{Columns: m.Columns}}
	for ref := range chunksOf(&m) {
		rows, err := c.a.readChunk(ctx, r, m, ref)
		if err != nil {
			return keptGone(ctx, err, at)
		}
		for row := range rows.Len() {
			key, _ := keyAt(rows, row, places)
			if err := f(key); err != nil {
				return err
			}
		}
		rows.Return()
	}
	return nil
}

// keptGone is a failure of reading kept files: what is gone or damaged does not come back.
func keptGone(ctx context.Context, err error, at where) error {
	if unreadable(err) {
		return at.permanent(failure.InvalidInput, err, "the time of these files is over: name a later run")
	}
	return translate(ctx, err, at)
}
