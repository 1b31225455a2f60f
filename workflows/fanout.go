package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
)

// pace is what the target takes, as far as chunks that were written know.
type pace struct {
	// rows is how many rows the next chunks should have at most, 0 for no limit; extra counts
	// the chunks of the slice that came of cutting.
	rows  int64
	extra int
	// atOnce is how many chunks a worker writes at once; the others wait for their turn there.
	atOnce int
}

// cut is as much of a chunk as the target takes in one transaction. A chunk is cut into eight
// at most, and a slice's chunks maxExtraChunks times at most, so that a slow target costs no
// endless history.
func (m *mover) cut(ref activities.ChunkRef) activities.ChunkRef {
	least := m.in.ChunkRows / maxPieces
	if m.pace.rows == 0 || m.pace.extra >= maxExtraChunks || ref.Rows <= max(m.pace.rows, least) {
		return ref
	}
	m.pace.extra++
	m.total++
	ref.Rows = max(m.pace.rows, least)
	return ref
}

// upsert writes every chunk of the slice, a bounded number at once; page is the beginning of
// their list. After the first error no further chunk is begun, and those in flight are waited
// for: nothing may still be writing when the files go.
func (m *mover) upsert(ctx workflow.Context, page activities.ListChunksResult) error {
	f := &fanOut{m: m, done: workflow.NewSelector(ctx), limit: min(max(1, m.in.ChunksInFlight), maxChunksInFlight)}
	m.pace.extra = 0
	listed := 0
	for {
		for _, ref := range page.Chunks {
			listed++
			for ref.Rows > 0 && f.room(ctx) {
				piece := m.cut(ref)
				ref.FirstRow += piece.Rows
				ref.Rows -= piece.Rows
				f.begin(ctx, piece, m.summary(piece, listed, page.Total))
			}
		}
		if listed >= page.Total || f.first != nil {
			break
		}
		page, f.first = m.list(ctx, m.at, listed)
	}
	f.drain(ctx)
	return f.first
}

// fanOut is the chunks in flight.
type fanOut struct {
	m        *mover
	done     workflow.Selector
	limit    int
	inFlight int
	first    error
}

// room waits until another chunk may begin, and is false where none may any more.
func (f *fanOut) room(ctx workflow.Context) bool {
	for f.inFlight >= f.limit {
		f.done.Select(ctx)
	}
	return f.first == nil
}

func (f *fanOut) begin(ctx workflow.Context, ref activities.ChunkRef, summary string) {
	f.inFlight++
	chunk := f.m.step(ctx, upsertOptions, summary, "UpsertChunk", activities.UpsertChunkInput{RangeInput: f.m.at, ChunkRef: ref})
	f.done.AddFuture(chunk, func(step workflow.Future) {
		f.inFlight--
		var out activities.UpsertChunkResult
		if err := step.Get(ctx, &out); err != nil {
			if f.first == nil {
				f.first = err
			}
			return
		}
		f.m.applied(out)
	})
}

func (f *fanOut) drain(ctx workflow.Context) {
	for f.inFlight > 0 {
		f.done.Select(ctx)
	}
}

// summary is what people read in the Web UI.
func (m *mover) summary(ref activities.ChunkRef, n, total int) string {
	return fmt.Sprintf("chunk %d of %d, %s", n, total, count(ref.Rows, "row"))
}

// list is a page of a slice's chunks.
func (m *mover) list(ctx workflow.Context, at activities.RangeInput, after int) (activities.ListChunksResult, error) {
	var page activities.ListChunksResult
	err := m.step(ctx, listOptions, fmt.Sprintf("chunks from %d", after+1), "ListChunks",
		activities.ListChunksInput{RangeInput: at, After: after, Limit: chunksPerPage}).Get(ctx, &page)
	if err == nil && len(page.Chunks) == 0 && after < page.Total {
		err = fmt.Errorf("the list of chunks ends at %d of %d", after, page.Total)
	}
	return page, err
}

func (m *mover) applied(out activities.UpsertChunkResult) {
	m.pace.rows, m.pace.atOnce = out.NextRows, out.AtOnce
	m.counts.Chunks++
	m.counts.Inserted += out.Inserted
	m.counts.Updated += out.Updated
	m.counts.Unchanged += out.Unchanged
	m.counts.Replaced += out.Replaced
	m.counts.Yielded += out.Yielded
	m.counts.Approximate = m.counts.Approximate || out.Approximate
	m.counts.LongestTransaction = max(m.counts.LongestTransaction, out.Seconds)
	if out.Tries > 1 {
		m.counts.Retried++
	}
	m.tell()
}
