package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
)

// pace is what the target takes, as far as chunks that were written know.
type chunkLimits struct {
	// rows is how many rows the next chunks should have at most, 0 for no limit; extra counts
	// the chunks of the slice that came of cutting.
	rows        int64
	extraChunks int
	// atOnce is how many chunks a worker writes at once; the others wait for their turn there.
	writeLimit int
}

// cut is as much of a chunk as the target takes in one transaction. A chunk is cut into eight
// at most, and a slice's chunks maxExtraChunks times at most, so that a slow target costs no
// endless history.
func (m *rangeRunner) splitChunk(ref activities.ChunkRef) activities.ChunkRef {
	least := m.in.ChunkRows / activities.MaxPieces
	if m.limits.rows == 0 || m.limits.extraChunks >= maxExtraChunks || ref.Rows <= max(m.limits.rows, least) {
		return ref
	}
	m.limits.extraChunks++
	m.totalChunks++
	ref.Rows = max(m.limits.rows, least)
	return ref
}

// fanOut is a range's chunks in flight, a bounded number at once. A slice's first chunks are
// begun while the last ones of the slice before it are still being written.
type fanOut struct {
	runner    *rangeRunner
	limit     int
	inFlight  int
	busySince time.Time // since when there are any
	firstErr  error
}

func newFanOut(m *rangeRunner) *fanOut {
	return &fanOut{runner: m, limit: min(max(1, m.in.ChunksInFlight), maxChunksInFlight)}
}

// flight is a slice of which chunks may be in flight.
type sliceWrites struct {
	at         activities.RangeInput
	inFlight   int
	allStarted bool // no more will begin
}

// landed reports whether none of the slice's chunks is in flight, nor will be.
func (f *sliceWrites) completed() bool { return f.allStarted && f.inFlight == 0 }

// write begins every chunk of a slice, and returns when it has begun the last one. After the
// first error no further chunk is begun.
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

// room waits until another chunk may begin, and is false where none may any more.
func (f *fanOut) waitForSlot(ctx workflow.Context) bool {
	await(ctx, func() bool { return f.inFlight < f.limit })
	return f.firstErr == nil
}

// drain waits until nothing is in flight: nothing may still be writing when the files go.
func (f *fanOut) drain(ctx workflow.Context) { await(ctx, func() bool { return f.inFlight == 0 }) }

func (f *fanOut) start(ctx workflow.Context, slice *sliceWrites, ref activities.ChunkRef, summary string) {
	if f.inFlight == 0 {
		f.busySince = workflow.Now(ctx)
	}
	f.inFlight++
	slice.inFlight++
	chunk := f.runner.step(ctx, upsertOptions, summary, "UpsertChunk", activities.UpsertChunkInput{RangeInput: slice.at, ChunkRef: ref})
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
	})
}

// await waits for a condition, also after a cancel, which ends the steps and not the wait for
// their end.
func await(ctx workflow.Context, condition func() bool) {
	detached, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	_ = workflow.Await(detached, condition) // fails only with its context
}

// summary is what people read in the Web UI.
func (m *rangeRunner) summary(ref activities.ChunkRef, n, total int) string {
	return fmt.Sprintf("chunk %d of %d, %s", n, total, count(ref.Rows, "row"))
}

// list is a page of a slice's chunks.
func (m *rangeRunner) listChunks(ctx workflow.Context, at activities.RangeInput, after int) (activities.ListChunksResult, error) {
	var page activities.ListChunksResult
	err := m.step(ctx, listOptions, fmt.Sprintf("chunks from %d", after+1), "ListChunks",
		activities.ListChunksInput{RangeInput: at, After: after, Limit: chunksPerPage}).Get(ctx, &page)
	if err == nil && len(page.Chunks) == 0 && after < page.Total {
		err = fmt.Errorf("the list of chunks ends at %d of %d", after, page.Total)
	}
	return page, err
}

func (m *rangeRunner) addWritten(out activities.UpsertChunkResult) {
	m.limits.rows, m.limits.writeLimit = out.NextRows, out.WriteLimit
	m.counts.Chunks++
	m.counts.Inserted += out.Inserted
	m.counts.Updated += out.Updated
	m.counts.Unchanged += out.Unchanged
	m.counts.NewerOnTarget += out.NewerOnTarget
	m.counts.DeletedConflicts += out.DeletedConflicts
	m.counts.SkippedConflicts += out.SkippedConflicts
	m.counts.Approximate = m.counts.Approximate || out.Approximate
	m.counts.LongestTransaction = max(m.counts.LongestTransaction, out.Seconds)
	if out.Tries > 1 {
		m.counts.Retried++
	}
	m.report()
}
