package activities

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// RangeInput names one range of a planned run, or a slice of it. All steps of a range take it.
type RangeInput struct {
	Table string `json:"table"`
	// Run is the staging name of the run whose plan is meant, PlanSum the plan's SHA-256.
	Run     string `json:"run"`
	PlanSum string `json:"planSum"`
	// Range counts from 0 within the run, Slice within the range. A range that turns out larger
	// than planned is moved in slices, one after the other.
	Range int `json:"range"`
	Slice int `json:"slice,omitempty"`
	// Fence is that of the run's lease, which every chunk checks on the target; 0 checks nothing.
	Fence int64 `json:"fence,omitempty"`
	// Instance is the digest of the server that every page must come from; empty is any.
	Instance string `json:"instance,omitempty"`
	// Queue is that of the host which has the files; empty where every worker sees them.
	Queue string `json:"queue,omitempty"`
}

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
	if m, err := staging.ReadManifest(ctx, a.deps.Store, r.manifestKey()); err == nil {
		return extractResult(m), nil // an earlier attempt got this far; its result was lost
	} else if !errors.Is(err, staging.ErrNotFound) {
		return ExtractResult{}, translate(ctx, err, where{doing: "read the manifest of " + in.Table})
	}
	at := where{connection: r.plan.Settings.SourceConnection, doing: "extract " + in.Table}
	db, err := a.deps.Source(ctx, r.plan.Settings.SourceConnection)
	if err != nil {
		return ExtractResult{}, translate(ctx, err, at)
	}
	src, err := a.schemas.Table(ctx, db, r.name)
	if err != nil {
		return ExtractResult{}, translate(ctx, err, at)
	}
	if !r.plan.sameSource(src) {
		return ExtractResult{}, failure.New(failure.TableChanged, in.Table+" was altered after this run was planned", "start the run again")
	}

	start, err := a.sliceStart(ctx, r)
	if err != nil {
		return ExtractResult{}, translate(ctx, err, where{doing: "find where a slice of " + in.Table + " begins"})
	}
	parts := newPartWriter(a.deps.Store, r, fmt.Sprintf("%s-%d", shortID(activity.GetInfo(ctx).ActivityID+"/"+activity.GetInfo(ctx).WorkflowExecution.RunID), activity.GetInfo(ctx).Attempt))
	stats, readErr, writeErr := a.copyPages(ctx, db, r.readSpec(r.plan.carrying(src), start), r, parts)
	switch {
	case writeErr != nil:
		parts.discard(ctx)
		return ExtractResult{}, translate(ctx, writeErr, where{doing: "stage " + in.Table})
	case readErr != nil:
		parts.discard(ctx)
		return ExtractResult{}, translate(ctx, readErr, at)
	}
	err = staging.PublishManifest(ctx, a.deps.Store, r.manifestKey(), r.manifest(parts, stats.Next))
	ours := err == nil
	if !ours {
		parts.discard(ctx) // where another attempt was faster, its files count and ours go
	}
	if err != nil && !errors.Is(err, staging.ErrExists) {
		return ExtractResult{}, translate(ctx, err, where{doing: "publish the manifest of " + in.Table})
	}
	manifest, err := staging.ReadManifest(ctx, a.deps.Store, r.manifestKey())
	if err == nil && ours && manifest.Rows != stats.Rows {
		err = fmt.Errorf("%d rows were read and %d staged: %w", stats.Rows, manifest.Rows, staging.ErrCorrupt)
	}
	if err != nil {
		return ExtractResult{}, translate(ctx, err, where{doing: "read the manifest of " + in.Table})
	}
	result := extractResult(manifest)
	result.Pages, result.LongestPage = stats.Pages, stats.Longest.Seconds
	if ours { // otherwise the attempt that was faster has counted them
		a.deps.Metrics.Extracted(in.Table, result.Rows, result.Bytes)
	}
	logStep(ctx, "range", in.Range, "slice", in.Slice, "rows", result.Rows, "parts", result.Parts, "bytes", result.Bytes, "pages", result.Pages, "longestPage", result.LongestPage)
	return result, nil
}

// sliceStart is where a slice begins: where the one before it ended, by its manifest, which is
// kept until this slice's own is published. nil is the beginning of the range.
func (a *Activities) sliceStart(ctx context.Context, r *openedRange) (*table.Position, error) {
	if r.in.Slice == 0 {
		return nil, nil
	}
	before, err := staging.ReadManifest(ctx, a.deps.Store, staging.ManifestKey(r.name, r.in.Run, r.in.Range, r.in.Slice-1))
	if err == nil && before.Next == nil {
		err = fmt.Errorf("slice %d of range %d is the last one: %w", r.in.Slice-1, r.in.Range, staging.ErrCorrupt)
	}
	return before.Next, err
}

// copyPages moves pages of the range into parts, until the slice is full, and keeps the
// heartbeat going.
func (a *Activities) copyPages(ctx context.Context, db *source.Source, spec scan.ReadSpec, r *openedRange, parts *partWriter) (stats scan.ReadStats, readErr, writeErr error) {
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

// beat heartbeats details() every few seconds until the returned function is called, also
// while the step waits for a slow server.
func beat(ctx context.Context, details func() any) (stop func()) {
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(heartbeatEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
				activity.RecordHeartbeat(ctx, details())
			}
		}
	}()
	return func() {
		close(done)
		<-stopped
	}
}

// heartbeatEvery is a tenth of the heartbeat timeout, so that lost beats harm nobody and a
// cancel arrives soon.
const heartbeatEvery = 2 * time.Second

func extractResult(m staging.Manifest) ExtractResult {
	out := ExtractResult{Rows: m.Rows, Parts: len(m.Parts), More: m.Next != nil}
	for _, p := range m.Parts {
		out.Bytes += p.Size
		out.Chunks += len(p.Chunks)
	}
	return out
}

// shortID names an attempt: unique within its range, and safe in a file name.
func shortID(s string) string { return hash([]byte(s))[:10] }
