package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
)

// mover moves one range, slice by slice: extract, wait for files, upsert every chunk, clean up.
// While one slice is written, the next is made ready, and the files of the one before are removed;
// its last chunks and the first ones of the next may be in flight side by side.
// SyncTable uses it for a run of one range, SyncRange for each of many.
type rangeRunner struct {
	in SyncRangeInput
	// at is the slice being moved.
	at     activities.RangeInput
	counts Counts
	phases map[string]float64
	// enter is told of each phase, told after each chunk of the range's counts.
	setPhase    func(phase string)
	onChunk     func(p rangeProgress)
	totalChunks int64 // chunks of the slices so far, those cut from others included
	limits      chunkLimits
	router      *hostRouter
}

func newRangeRunner(in SyncRangeInput, place *hostRouter, enter func(string), told func(rangeProgress)) *rangeRunner {
	m := &rangeRunner{in: in, at: in.Range, router: place, setPhase: enter, onChunk: told}
	m.counts, m.totalChunks = in.Counts, in.Counts.Chunks
	m.phases = map[string]float64{}
	for _, phase := range movePhases {
		if t := in.Seconds[phase]; t > 0 {
			m.phases[phase] = t
		}
	}
	return m
}

// move moves the range. Staged files that turn out corrupt or lost are extracted again, from
// the range's beginning, a few times. Files are removed whether it succeeds or not; that never
// hides the first error.
//
// Where the history has become long, it stops between two slices and returns what is left as
// the input of another SyncRange.
func (m *rangeRunner) run(ctx workflow.Context) (rest *SyncRangeInput, err error) {
	for ; ; m.in.Restarts++ {
		rest, err = m.runSlices(ctx)
		if failureType(err) != failure.StagedFileCorrupt || m.in.Restarts+1 >= maxExtracts {
			return rest, err
		}
		workflow.GetLogger(ctx).Warn("staged files are corrupt or lost, extracting again", "range", m.at.Range, "slice", m.at.Slice)
		m.in.Extracted, m.in.Counts = nil, Counts{}
		m.at.Slice, m.counts, m.totalChunks = 0, Counts{}, 0
	}
}

// slices moves one slice after the other from the current one on.
func (m *rangeRunner) runSlices(ctx workflow.Context) (*SyncRangeInput, error) {
	s, err := m.stage(ctx, m.at, m.in.Extracted, m.setPhase)
	if err != nil {
		m.cleanup(ctx, m.at, err)
		return nil, err
	}
	if m.in.Extracted == nil { // otherwise the execution before this one has counted it
		m.addExtracted(s.ExtractResult)
	}
	chunks := newFanOut(m)
	var before *sliceWrites // the slice before this one, whose files are still there
	for {
		m.totalChunks += int64(s.Chunks)
		m.report()
		ahead := m.prefetch(ctx, before, s.More)
		slice := &sliceWrites{at: m.at}
		if s.Chunks > 0 {
			m.setPhase(PhaseUpsert)
		}
		chunks.writeSlice(ctx, slice, s.first)
		await(ctx, func() bool { return ahead.done.IsReady() || chunks.firstErr != nil })
		next, err := ahead.wait(ctx, chunks.firstErr != nil)
		long := workflow.GetInfo(ctx).GetCurrentHistoryLength() > longHistory
		if chunks.firstErr != nil || err != nil || !s.More || long {
			chunks.drain(ctx)
		}
		if chunks.firstErr != nil {
			err = chunks.firstErr
		}
		if err != nil || !s.More {
			m.cleanup(ctx, m.at, err)
			if s.More {
				m.cleanup(ctx, ahead.at, err)
			}
			return nil, err
		}
		// Its files stay a little longer: the next slice begins where its manifest says.
		before, m.at, s = slice, ahead.at, next
		m.addExtracted(s.ExtractResult)
		if long {
			m.cleanup(ctx, before.at, nil)
			return m.remaining(s.ExtractResult), nil
		}
	}
}

// rest is the range from the current slice on, which has been extracted.
func (m *rangeRunner) remaining(slice activities.ExtractResult) *SyncRangeInput {
	in := m.in
	in.Range, in.Extracted, in.Counts, in.Seconds, in.Pinned = m.at, &slice, m.counts, m.phases, m.router.pinned
	return &in
}

// stagedSlice is a slice that can be written: extracted, verified, and its first chunks listed.
type stagedSlice struct {
	activities.ExtractResult
	first activities.ListChunksResult
}

// stage makes a slice ready to be written. extracted is what came of extracting it, where that
// has been done; enter is told of each phase.
func (m *rangeRunner) stage(ctx workflow.Context, at activities.RangeInput, extracted *activities.ExtractResult, enter func(string)) (s stagedSlice, err error) {
	if extracted != nil {
		s.ExtractResult = *extracted
	} else {
		enter(PhaseExtract)
		if err := m.extract(ctx, at, &s.ExtractResult); err != nil {
			return s, err
		}
	}
	if s.Chunks == 0 {
		return s, nil
	}
	enter(PhaseWait)
	if err := m.measure(ctx, PhaseWait, func() error {
		return m.step(ctx, waitOptions, fmt.Sprintf("verify %s", count(int64(s.Parts), "file")), "WaitForFiles", at).Get(ctx, nil)
	}); err != nil {
		return s, err
	}
	s.first, err = m.listChunks(ctx, at, 0)
	return s, err
}

// extract runs the step and adds its time, which passes beside that of other phases.
func (m *rangeRunner) extract(ctx workflow.Context, at activities.RangeInput, out *activities.ExtractResult) error {
	summary := "read the window"
	if m.in.Ranges > 1 {
		summary = fmt.Sprintf("read range %d of %d", at.Range+1, m.in.Ranges)
	}
	if at.Slice > 0 {
		summary += fmt.Sprintf(", slice %d", at.Slice+1)
	}
	return m.measure(ctx, PhaseExtract, func() error {
		return m.step(ctx, extractOptions, summary, "ExtractIncremental", at).Get(ctx, out)
	})
}

// step starts a step where the range's files are.
func (m *rangeRunner) step(ctx workflow.Context, o workflow.ActivityOptions, summary, name string, in any) workflow.Future {
	return m.router.step(ctx, o, summary, name, in)
}

// count adds what was extracted.
func (m *rangeRunner) addExtracted(out activities.ExtractResult) {
	m.counts.RowsExtracted += out.Rows
	m.counts.Parts += int64(out.Parts)
	m.counts.StagedBytes += out.Bytes
	m.counts.LongestPage = max(m.counts.LongestPage, out.LongestPage)
}

// sliceAhead is what is done while a slice is written.
type prefetched struct {
	at     activities.RangeInput
	cancel workflow.CancelFunc
	done   workflow.Future
}

// lookAhead removes the files of the slice before the current one, if any, when its last chunk is
// written, and then makes the next one ready, if there is one: never more than two slices of a
// range are in staging.
func (m *rangeRunner) prefetch(ctx workflow.Context, before *sliceWrites, more bool) prefetched {
	a := prefetched{at: m.at}
	a.at.Slice++
	ctx, a.cancel = workflow.WithCancel(ctx)
	done, settle := workflow.NewFuture(ctx)
	a.done = done
	workflow.Go(ctx, func(ctx workflow.Context) {
		var s stagedSlice
		var err error
		if before != nil {
			await(ctx, before.completed)
			m.remove(ctx, before.at)
		}
		if more {
			s, err = m.stage(ctx, a.at, nil, func(string) {}) // what people see is the slice that is written
		}
		settle.Set(s, err)
	})
	return a
}

// end waits for it; where the next slice is of no use any more, it is cancelled first.
func (a prefetched) wait(ctx workflow.Context, useless bool) (s stagedSlice, err error) {
	if useless {
		a.cancel()
	}
	detached, cancel := workflow.NewDisconnectedContext(ctx) // a cancel ends the steps, not the wait for their end
	defer cancel()
	err = a.done.Get(detached, &s)
	return s, err
}

func (m *rangeRunner) measure(ctx workflow.Context, name string, f func() error) error {
	start := workflow.Now(ctx)
	err := f()
	m.phases[name] += workflow.Now(ctx).Sub(start).Seconds()
	return err
}

func (m *rangeRunner) report() {
	m.onChunk(rangeProgress{
		Range: m.at.Range, Extracted: m.counts.RowsExtracted, Written: m.counts.Written(),
		Chunks: m.totalChunks, ChunksDone: m.counts.Chunks, ChunkRows: m.limits.rows, WriteLimit: m.limits.writeLimit,
	})
}

// cleanup removes a slice's files, also after a cancel. Files that stay cost disk, not rows:
// it is logged, and the run goes on. Nothing is removed on a host that is gone: Sweep does that
// should it come back.
func (m *rangeRunner) cleanup(ctx workflow.Context, at activities.RangeInput, why error) {
	if failureType(why) == failure.HostGone {
		return
	}
	m.setPhase(PhaseCleanup)
	m.remove(ctx, at)
}

func (m *rangeRunner) remove(ctx workflow.Context, at activities.RangeInput) {
	detached, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	err := m.measure(detached, PhaseCleanup, func() error {
		return m.step(detached, cleanupOptions, "remove the staged files", "Cleanup", at).Get(detached, nil)
	})
	if err != nil {
		workflow.GetLogger(ctx).Warn("staged files not removed", "range", at.Range, "slice", at.Slice, "error", err)
	}
}

// count is "1 row", "10,000 rows".
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// number is n with commas.
func number(n int64) string {
	digits := fmt.Sprintf("%d", n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
