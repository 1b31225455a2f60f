package activities

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"go.temporal.io/sdk/activity"

	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// ExtractResult is what one slice of a range came to.
type ExtractResult struct {
	Rows   int64 `json:"rows"`
	Chunks int   `json:"chunks"`
	Parts  int   `json:"parts"`
	// Bytes are those of the staged parts.
	Bytes int64 `json:"bytes"`
	Pages int   `json:"pages"`
	// LongestPage is the longest SELECT on the source, in seconds.
	LongestPage float64 `json:"longestPage"`
	// Rested is how long, in seconds, the step has rested between pages: other clients used the source, and chunks of
	// the table waited to be written.
	Rested float64 `json:"rested,omitempty"`
	// Quarantined rows of files, beside Rows, were set aside, since they cannot be converted; FirstBad says why, of the
	// first.
	Quarantined int64  `json:"quarantined,omitempty"`
	FirstBad    string `json:"firstBad,omitempty"`
	// More says that the range goes on: its next slice begins where this one ended.
	More bool `json:"more,omitempty"`
}

// ExtractProgress is what ExtractIncremental heartbeats.
type ExtractProgress struct {
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
	// Waiting is why no page is being read; empty while reading goes on.
	Waiting string `json:"waiting,omitempty"`
}

// ExtractIncremental reads one range of the source, page by page, into Parquet parts, and
// publishes their manifest last. Where the range has more than a slice may hold, it stops
// there; the next slice begins at the position that this one's manifest holds.
//
// It looks at the source's structure before the first page and after the last one. Where that is not the plan's any
// more, it publishes nothing and fails with TableChanged.
//
// Repeating it is harmless: parts are named after the attempt, only those of the published
// manifest are ever read, and a manifest that is already there is kept and returned. A failed
// attempt removes its own parts. It heartbeats ExtractProgress.
func (a *Activities) ExtractIncremental(ctx context.Context, in RangeInput) (ExtractResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return ExtractResult{}, err
	}
	r, err := a.openRange(ctx, in)
	if err != nil {
		return ExtractResult{}, translate(ctx, err, where{doing: "open the plan of " + in.Table})
	}
	if out, ok, err := a.published(ctx, r); ok || err != nil {
		return out, err
	}
	at := where{connection: r.plan.Settings.SourceConnection, doing: "extract " + in.Table}
	db, err := a.deps.Source(ctx, r.plan.Settings.SourceConnection)
	if err != nil {
		return ExtractResult{}, translate(ctx, err, at)
	}
	src, err := a.plannedSource(ctx, db, r, r.plan.sameSource)
	if err != nil {
		return ExtractResult{}, translate(ctx, err, at)
	}

	start, err := a.sliceStart(ctx, r)
	if err != nil {
		return ExtractResult{}, translate(ctx, err, where{doing: "find where a slice of " + in.Table + " begins"})
	}
	if r.readAt, err = a.readMoment(ctx, r.plan.Settings); err != nil {
		return ExtractResult{}, translate(ctx, err, at)
	}
	parts := newPartWriter(a.deps.Store, r, attemptName(ctx))
	spec := r.readSpec(src, start)
	spec.Limits.Rest, spec.Limits.Behind = extractRest, func() bool { return !a.paceOf(r).limiter.HasWaiters() }
	stats, readErr, writeErr := a.copyPages(ctx, db, spec, r, parts)
	if readErr == nil && writeErr == nil {
		_, readErr = a.plannedSource(ctx, db, r, r.plan.readsAlike)
	}
	switch {
	case writeErr != nil:
		parts.discard(ctx)
		return ExtractResult{}, translate(ctx, writeErr, where{doing: "stage " + in.Table})
	case readErr != nil:
		parts.discard(ctx)
		return ExtractResult{}, translate(ctx, readErr, at)
	}
	result, err := a.publish(ctx, r, parts, stats)
	if err != nil {
		return ExtractResult{}, err
	}
	logStep(ctx, "range", in.Range, "slice", in.Slice, "rows", result.Rows, "parts", result.Parts, "bytes",
		result.Bytes, "pages", result.Pages, "longestPage", result.LongestPage, "rested", result.Rested)
	return result, nil
}

// extractRest makes a read use at most half of a processor of a server that other clients use, as long as rows that
// were read before wait to be written.
const extractRest = 1

// published is what an earlier attempt of a step has published, whose result was lost; ok is false where there is
// nothing yet.
func (a *Activities) published(ctx context.Context, r *openedRange) (out ExtractResult, ok bool, err error) {
	m, err := staging.ReadManifest(ctx, a.deps.Store, r.manifestKey())
	switch {
	case err == nil:
		return extractResult(m), true, nil
	case errors.Is(err, staging.ErrNotFound):
		return out, false, nil
	}
	return out, false, translate(ctx, err, where{doing: "read the manifest of " + r.in.Table})
}

// attemptName is unique for an attempt of a step within its range, and safe in a file name.
func attemptName(ctx context.Context) string {
	info := activity.GetInfo(ctx)
	return fmt.Sprintf("%s-%d", shortID(info.ActivityID+"/"+info.WorkflowExecution.RunID), info.Attempt)
}

// publish publishes the manifest of the parts. If another attempt was faster, its parts count, and these are removed.
func (a *Activities) publish(
	ctx context.Context, r *openedRange, parts *partWriter, stats scan.ReadStats,
) (ExtractResult, error) {
	m := r.manifest(parts, stats.Next)
	err := a.promiseKept(ctx, m)
	if err == nil {
		err = staging.PublishManifest(ctx, a.deps.Store, r.manifestKey(), m)
	}
	ours := err == nil
	if !ours {
		parts.discard(ctx)
	}
	if err != nil && !errors.Is(err, staging.ErrExists) {
		return ExtractResult{}, translate(ctx, err, where{doing: "publish the manifest of " + r.in.Table})
	}
	manifest, err := staging.ReadManifest(ctx, a.deps.Store, r.manifestKey())
	if err == nil && ours && manifest.Rows != stats.Rows {
		err = fmt.Errorf("%d rows were read and %d staged: %w", stats.Rows, manifest.Rows, staging.ErrCorrupt)
	}
	if err != nil {
		return ExtractResult{}, translate(ctx, err, where{doing: "read the manifest of " + r.in.Table})
	}
	result := extractResult(manifest)
	result.Pages, result.LongestPage, result.Rested = stats.Pages, stats.Longest.Seconds, stats.Rested.Seconds()
	if ours { // otherwise the attempt that was faster has counted them
		a.deps.Metrics.Extracted(r.in.Table, result.Rows, result.Bytes)
	}
	return result, nil
}

// sliceStart is where a slice begins: where the one before it ended, by its manifest, which is
// kept until this slice's own is published. nil is the beginning of the range.
func (a *Activities) sliceStart(ctx context.Context, r *openedRange) (*table.Position, error) {
	if r.in.Slice == 0 {
		return nil, nil
	}
	before, err := staging.ReadManifest(ctx, a.deps.Store,
		staging.ManifestKey(r.name, r.in.Run, r.in.Range, r.in.Slice-1))
	if err == nil && before.Next == nil {
		err = fmt.Errorf("slice %d of range %d is the last one: %w", r.in.Slice-1, r.in.Range, staging.ErrCorrupt)
	}
	return before.Next, err
}

// copyPages moves pages of the range into parts, until the slice is full, and keeps the heartbeat going.
func (a *Activities) copyPages(
	ctx context.Context, db *source.Source, spec scan.ReadSpec, r *openedRange, parts *partWriter,
) (stats scan.ReadStats, readErr, writeErr error) {
	var rows, bytes atomic.Int64
	var waiting atomic.Value
	say := func(reason string) { waiting.Store(reason) }
	say("")
	defer beat(ctx, func() any {
		return ExtractProgress{Rows: rows.Load(), Bytes: bytes.Load(), Waiting: waiting.Load().(string)}
	})()
	if readErr = a.waitOut(ctx, db, r.plan.Settings, say); readErr != nil {
		return stats, readErr, nil
	}
	stats, readErr = scan.ReadPages(ctx, db, spec, func(page *table.Rows) error {
		if writeErr = parts.write(ctx, page); writeErr != nil {
			return writeErr
		}
		rows.Add(int64(page.Len()))
		bytes.Store(parts.bytes())
		if parts.full() {
			return scan.ErrStop
		}
		return a.waitOut(ctx, db, r.plan.Settings, say)
	})
	if readErr == nil {
		writeErr = parts.close()
	}
	return stats, readErr, writeErr
}

func extractResult(m staging.Manifest) ExtractResult {
	out := ExtractResult{
		Rows: m.Rows, Parts: len(m.Parts), More: m.Next != nil, Quarantined: m.Quarantined, FirstBad: m.FirstBad,
	}
	for _, p := range m.Parts {
		out.Bytes += p.Size
		out.Chunks += len(p.Chunks)
	}
	return out
}

// shortID names an attempt: unique within its range, and safe in a file name.
func shortID(s string) string { return hash([]byte(s))[:10] }
