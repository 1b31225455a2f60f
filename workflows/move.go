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
	total int64 // chunks of the range
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
	var (
		first    error
		inFlight int
		limit    = min(max(1, m.in.ChunksInFlight), maxChunksInFlight)
		done     = workflow.NewSelector(ctx)
	)
	settle := func(f workflow.Future, ref activities.ChunkRef) {
		inFlight--
		var out activities.UpsertChunkResult
		if err := f.Get(ctx, &out); err != nil {
			if first == nil {
				first = err
			}
			return
		}
		m.applied(out, ref)
	}
	listed := 0
	for total := 1; listed < total && first == nil; {
		page, err := m.list(ctx, listed)
		if err != nil {
			first = err
			break
		}
		total = page.Total
		for _, ref := range page.Chunks {
			for inFlight >= limit {
				done.Select(ctx)
			}
			if first != nil {
				break
			}
			listed++
			inFlight++
			summary := fmt.Sprintf("chunk %d/%d, %s", listed, total, count(ref.Rows, "row"))
			if m.counts.Parts > 1 {
				summary = fmt.Sprintf("chunk %d/%d (part %d), %s", listed, total, ref.Part+1, count(ref.Rows, "row"))
			}
			f := workflow.ExecuteActivity(with(ctx, upsertOptions, summary), "UpsertChunk",
				activities.UpsertChunkInput{RangeInput: m.in.Range, ChunkRef: ref})
			done.AddFuture(f, func(f workflow.Future) { settle(f, ref) })
		}
	}
	for inFlight > 0 {
		done.Select(ctx)
	}
	return first
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

func (m *mover) applied(out activities.UpsertChunkResult, _ activities.ChunkRef) {
	m.counts.Chunks++
	m.counts.Inserted += out.Inserted
	m.counts.Updated += out.Updated
	m.counts.Unchanged += out.Unchanged
	m.counts.Replaced += out.Replaced
	m.counts.Yielded += out.Yielded
	m.counts.Transactions += int64(out.Transactions)
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
