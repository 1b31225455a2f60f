package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/human"
)

// chunkLimits is what the target takes at present, as far as the chunks that were written show it.
type chunkLimits struct {
	// rows is how many rows the next chunks have at most, 0 for no limit. extraChunks counts the chunks of the slice
	// that come of splitting.
	rows        int64
	extraChunks int
	// writeLimit is how many chunks a worker writes at once; further chunks wait in the worker.
	writeLimit int
}

// splitChunk is as much of a chunk as the target takes in one transaction. A chunk is split into activities.MaxPieces
// at most, and the chunks of a slice maxExtraChunks times at most, so that a slow target does not make a history long.
func (r *rangeRunner) splitChunk(ref activities.ChunkRef) activities.ChunkRef {
	least := r.in.ChunkRows / activities.MaxPieces
	if r.limits.rows == 0 || r.limits.extraChunks >= maxExtraChunks || ref.Rows <= max(r.limits.rows, least) {
		return ref
	}
	r.limits.extraChunks++
	r.totalChunks++
	ref.Rows = max(r.limits.rows, least)
	return ref
}

// fanOut writes a range's chunks, a bounded number at once. The first chunks of a slice begin while the last ones of
// the slice before it are still being written.
type fanOut struct {
	runner    *rangeRunner
	limit     int
	inFlight  int
	busySince time.Time // set while inFlight > 0
	firstErr  error
}

func newFanOut(r *rangeRunner) *fanOut {
	return &fanOut{runner: r, limit: min(max(1, r.in.ChunksInFlight), maxChunksInFlight)}
}

// sliceWrites counts a slice's chunks in flight.
type sliceWrites struct {
	at         activities.RangeInput
	inFlight   int
	allStarted bool // no further chunk of the slice begins
}

// completed reports whether all chunks of the slice that begin have ended.
func (s *sliceWrites) completed() bool { return s.allStarted && s.inFlight == 0 }

// writeSlice begins every chunk of a slice, and returns when it has begun the last one. After the first error it
// begins no further chunk.
func (f *fanOut) writeSlice(ctx workflow.Context, slice *sliceWrites, page activities.ListChunksResult) {
	defer func() { slice.allStarted = true }()
	f.runner.limits.extraChunks = 0
	for listed := 0; ; {
		for _, ref := range page.Chunks {
			listed++
			for ref.Rows > 0 && f.waitForSlot(ctx) {
				piece := f.runner.splitChunk(ref)
				ref.FirstRow += piece.Rows
				ref.Rows -= piece.Rows
				f.start(ctx, slice, piece, f.runner.summary(piece, listed, page.Total))
			}
		}
		if listed >= page.Total || f.firstErr != nil {
			return
		}
		var err error
		if page, err = f.runner.listChunks(ctx, slice.at, listed); err != nil {
			f.fail(err)
			return
		}
	}
}

func (f *fanOut) fail(err error) {
	if f.firstErr == nil {
		f.firstErr = err
	}
}

// waitForSlot waits until another chunk may begin. It is false if no further chunk may begin.
func (f *fanOut) waitForSlot(ctx workflow.Context) bool {
	await(ctx, func() bool { return f.inFlight < f.limit })
	return f.firstErr == nil
}

// drain waits until no chunk is in flight: no chunk may still be writing when its files are removed.
func (f *fanOut) drain(ctx workflow.Context) { await(ctx, func() bool { return f.inFlight == 0 }) }

func (f *fanOut) start(ctx workflow.Context, slice *sliceWrites, ref activities.ChunkRef, summary string) {
	if f.inFlight == 0 {
		f.busySince = workflow.Now(ctx)
	}
	f.inFlight++
	slice.inFlight++
	in := activities.UpsertChunkInput{RangeInput: slice.at, ChunkRef: ref}
	chunk := f.runner.step(ctx, upsertOptions, summary, "UpsertChunk", in)
	workflow.Go(ctx, func(ctx workflow.Context) {
		var out activities.UpsertChunkResult
		err := chunk.Get(ctx, &out)
		slice.inFlight--
		if f.inFlight--; f.inFlight == 0 {
			f.runner.phases[PhaseUpsert] += workflow.Now(ctx).Sub(f.busySince).Seconds()
		}
		if err != nil {
			f.fail(err)
			return
		}
		f.runner.addWritten(out)
		if err := f.runner.tooManyBadRows(); err != nil {
			f.fail(err)
		}
	})
}

// await waits for a condition, also after a cancel: a cancel ends the steps, not the wait for their end.
func await(ctx workflow.Context, condition func() bool) {
	detached, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	_ = workflow.Await(detached, condition) // fails only with its context
}

// summary is what people read in the Web UI.
func (r *rangeRunner) summary(ref activities.ChunkRef, n, total int) string {
	return fmt.Sprintf("chunk %d of %d, %s", n, total, human.Count(ref.Rows, "row"))
}

// listChunks is a page of a slice's chunks.
func (r *rangeRunner) listChunks(
	ctx workflow.Context, at activities.RangeInput, after int,
) (activities.ListChunksResult, error) {
	var page activities.ListChunksResult
	err := r.step(ctx, listOptions, fmt.Sprintf("chunks from %d", after+1), "ListChunks",
		activities.ListChunksInput{RangeInput: at, After: after, Limit: chunksPerPage}).Get(ctx, &page)
	if err == nil && len(page.Chunks) == 0 && after < page.Total {
		err = fmt.Errorf("the list of chunks ends at %d of %d", after, page.Total)
	}
	return page, err
}

// addWritten counts what a chunk wrote.
func (r *rangeRunner) addWritten(out activities.UpsertChunkResult) {
	r.limits.rows, r.limits.writeLimit = out.NextRows, out.WriteLimit
	r.counts.Chunks++
	r.counts.Inserted += out.Inserted
	r.counts.Updated += out.Updated
	r.counts.Unchanged += out.Unchanged
	r.counts.NewerOnTarget += out.NewerOnTarget
	r.counts.Existing += out.Existing
	r.counts.DeletedConflicts += out.DeletedConflicts
	r.counts.SkippedConflicts += out.SkippedConflicts
	r.counts.Removed += out.Removed
	r.counts.Quarantined += out.Quarantined
	r.counts.Changed += out.Changed
	r.counts.Missing += out.Missing
	r.firstBad = cmp.Or(r.firstBad, out.FirstBad)
	r.counts.AddLoaded(out.Loaded)
	r.counts.Approximate = r.counts.Approximate || out.Approximate
	r.counts.LongestTransaction = max(r.counts.LongestTransaction, out.Seconds)
	if out.Tries > 1 {
		r.counts.Retried++
	}
	r.report()
}
