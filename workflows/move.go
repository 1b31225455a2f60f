package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
)

// mover moves one range: extract, wait for files, upsert every chunk, clean up. SyncTable uses
// it for a run of one range, SyncRange for each of many.
type mover struct {
	in     SyncRangeInput
	counts Counts
	phases map[string]float64
	// enter is told of each phase, told after each chunk of the range's counts.
	enter func(phase string)
	told  func(p rangeProgress)
	total int64 // chunks of the range, those cut from others included
	// nextRows is how many rows the next chunks should have at most, 0 for no limit; extra
	// counts the chunks that came of cutting.
	nextRows int64
	extra    int
}

func newMover(in SyncRangeInput, enter func(string), told func(rangeProgress)) *mover {
	return &mover{in: in, phases: map[string]float64{}, enter: enter, told: told}
}

// move moves the range. Staged files that turn out corrupt or lost are extracted again, a few
// times. Its files are removed whether it succeeds or not; that never hides the first error.
func (m *mover) move(ctx workflow.Context) error {
	var err error
	for range maxExtracts {
		m.counts = Counts{}
		err = m.once(ctx)
		m.cleanup(ctx)
		if failureType(err) != activities.TypeStagedFileCorrupt {
			return err
		}
		workflow.GetLogger(ctx).Warn("staged files are corrupt or lost, extracting again", "range", m.in.Range.Range)
	}
	return err
}

func (m *mover) once(ctx workflow.Context) error {
	if err := m.extract(ctx); err != nil {
		return err
	}
	if m.total == 0 {
		return nil
	}
	err := m.phase(ctx, PhaseWait, func() error {
		return workflow.ExecuteActivity(with(ctx, waitOptions, fmt.Sprintf("verify %s", count(m.counts.Parts, "file"))),
			"WaitForFiles", m.in.Range).Get(ctx, nil)
	})
	if err != nil {
		return err
	}
	return m.phase(ctx, PhaseUpsert, func() error { return m.upsert(ctx) })
}

func (m *mover) extract(ctx workflow.Context) error {
	return m.phase(ctx, PhaseExtract, func() error {
		var out activities.ExtractResult
		summary := "read the window"
		if m.in.Ranges > 1 {
			summary = fmt.Sprintf("read range %d of %d", m.in.Range.Range+1, m.in.Ranges)
		}
		err := workflow.ExecuteActivity(with(ctx, extractOptions, summary), "ExtractIncremental", m.in.Range).Get(ctx, &out)
		m.counts.RowsExtracted, m.counts.Parts, m.counts.StagedBytes = out.Rows, int64(out.Parts), out.Bytes
		m.counts.LongestPage = out.LongestPage
		m.total = int64(out.Chunks)
		if err == nil {
			m.tell()
		}
		return err
	})
}

// phase runs f and adds its time.
func (m *mover) phase(ctx workflow.Context, name string, f func() error) error {
	m.enter(name)
	start := workflow.Now(ctx)
	err := f()
	m.phases[name] += workflow.Now(ctx).Sub(start).Seconds()
	return err
}

// upsert writes every chunk, a bounded number at once. After the first error no further chunk
// is begun, and those in flight are waited for: nothing may still be writing when the files go.
func (m *mover) upsert(ctx workflow.Context) error {
	f := &fanOut{
		m: m, done: workflow.NewSelector(ctx),
		limit: min(max(1, m.in.ChunksInFlight), maxChunksInFlight),
	}
	listed := 0
	for total := 1; listed < total && f.first == nil; {
		page, err := m.list(ctx, listed)
		if err != nil {
			f.first = err
			break
		}
		total = page.Total
		for _, ref := range page.Chunks {
			listed++
			for ref.Rows > 0 && f.room(ctx) {
				piece := m.cut(ref)
				ref.FirstRow += piece.Rows
				ref.Rows -= piece.Rows
				f.begin(ctx, piece, m.summary(piece, listed, total))
			}
		}
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
	step := workflow.ExecuteActivity(with(ctx, upsertOptions, summary), "UpsertChunk",
		activities.UpsertChunkInput{RangeInput: f.m.in.Range, ChunkRef: ref})
	f.done.AddFuture(step, func(step workflow.Future) {
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

// cut is as much of a chunk as the target takes in one transaction, as far as chunks that were
// written know. A chunk is cut into eight at most, and a range's chunks maxExtraChunks times
// at most, so that a slow target costs no endless history.
func (m *mover) cut(ref activities.ChunkRef) activities.ChunkRef {
	least := m.in.ChunkRows / maxPieces
	if m.nextRows == 0 || m.extra >= maxExtraChunks || ref.Rows <= max(m.nextRows, least) {
		return ref
	}
	m.extra++
	m.total++
	ref.Rows = max(m.nextRows, least)
	return ref
}

// summary is what people read in the Web UI.
func (m *mover) summary(ref activities.ChunkRef, n, total int) string {
	part := ""
	if m.counts.Parts > 1 {
		part = fmt.Sprintf(" of part %d", ref.Part+1)
	}
	return fmt.Sprintf("chunk %d/%d%s, %s", n, total, part, count(ref.Rows, "row"))
}

func (m *mover) list(ctx workflow.Context, after int) (activities.ListChunksResult, error) {
	var page activities.ListChunksResult
	err := workflow.ExecuteActivity(with(ctx, listOptions, fmt.Sprintf("chunks from %d", after+1)), "ListChunks",
		activities.ListChunksInput{RangeInput: m.in.Range, After: after, Limit: chunksPerPage}).Get(ctx, &page)
	if err == nil && len(page.Chunks) == 0 && after < page.Total {
		err = fmt.Errorf("the list of chunks ends at %d of %d", after, page.Total)
	}
	return page, err
}

func (m *mover) applied(out activities.UpsertChunkResult) {
	m.nextRows = out.NextRows
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

func (m *mover) tell() {
	m.told(rangeProgress{
		Range: m.in.Range.Range, Extracted: m.counts.RowsExtracted, Written: m.counts.written(),
		Chunks: m.total, ChunksDone: m.counts.Chunks,
	})
}

// cleanup removes the range's files, also after a cancel. Files that stay cost disk, not rows:
// it is logged, and the run goes on.
func (m *mover) cleanup(ctx workflow.Context) {
	detached, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	err := m.phase(detached, PhaseCleanup, func() error {
		return workflow.ExecuteActivity(with(detached, cleanupOptions, "remove the staged files"), "Cleanup", m.in.Range).Get(detached, nil)
	})
	if err != nil {
		workflow.GetLogger(ctx).Warn("staged files not removed", "range", m.in.Range.Range, "error", err)
	}
}

// count is "1 row", "10,000 rows".
func count(n int64, noun string) string {
	digits := fmt.Sprintf("%d", n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if n == 1 {
		return digits + " " + noun
	}
	return digits + " " + noun + "s"
}
