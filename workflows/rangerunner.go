package workflows

import (
	"cmp"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
)

// rangeRunner moves one range, slice by slice. SyncTable uses it for a run of one range, SyncRange for each of many.
//
// A slice goes through these states. At most two slices of a range have files in staging at a time.
//
//	state      step                 next
//	extract    ExtractIncremental   wait; cleanup if the slice has no chunk, or the step fails
//	wait       WaitForFiles         upsert; cleanup if the step fails
//	upsert     UpsertChunk, many    cleanup when the last chunk has ended, whether well or not
//	cleanup    Cleanup              the end; a copy is kept (staging.keep) where nothing has failed
//
// While one slice is in upsert, the next one goes through extract and wait (prefetch), and begins its upsert before
// the last chunks of the slice before it have ended.
type rangeRunner struct {
	in SyncRangeInput
	// at is the slice in upsert.
	at     activities.RangeInput
	counts Counts
	// firstBad is why the first row was set aside that was.
	firstBad string
	phases   map[string]float64
	// setPhase is called at the beginning of each phase, onChunk with the range's counts after each chunk.
	setPhase func(phase string)
	onChunk  func(p rangeProgress)
	// totalChunks are those of the slices so far, those that come of splitting included.
	totalChunks int64
	limits      chunkLimits
	router      *hostRouter
	// readStep is the step that stages a slice.
	readStep string
}

func newRangeRunner(
	in SyncRangeInput, router *hostRouter, setPhase func(string), onChunk func(rangeProgress),
) *rangeRunner {
	r := &rangeRunner{
		in: in, at: in.Range, router: router, setPhase: setPhase, onChunk: onChunk,
		readStep: cmp.Or(in.ReadStep, "ExtractIncremental"),
	}
	r.counts, r.totalChunks, r.firstBad = in.Counts, in.Counts.Chunks, in.FirstBad
	r.phases = map[string]float64{}
	for _, phase := range movePhases {
		if t := in.Seconds[phase]; t > 0 {
			r.phases[phase] = t
		}
	}
	return r
}

// run moves the range. If staged files are corrupt or lost, it extracts them again, from the range's beginning, a few
// times. It removes the files whether it succeeds or not; a failure to remove them never hides the first error.
//
// When the history is long, it stops between two slices and returns what remains as the input of another SyncRange.
func (r *rangeRunner) run(ctx workflow.Context) (remaining *SyncRangeInput, err error) {
	for ; ; r.at.Restarts++ {
		remaining, err = r.runSlices(ctx)
		if failureType(err) != failure.StagedFileCorrupt || r.at.Restarts+1 >= maxExtracts {
			return remaining, err
		}
		workflow.GetLogger(ctx).Warn("staged files are corrupt or lost, extracting again",
			"range", r.at.Range, "slice", r.at.Slice)
		r.in.Extracted, r.in.Counts = nil, Counts{}
		r.at.Slice, r.counts, r.totalChunks = 0, Counts{}, 0
	}
}

// runSlices moves one slice after the other from the current one on.
func (r *rangeRunner) runSlices(ctx workflow.Context) (*SyncRangeInput, error) {
	s, err := r.stage(ctx, r.at, r.in.Extracted, r.setPhase)
	if err != nil {
		r.cleanup(ctx, r.at, err)
		return nil, err
	}
	if r.in.Extracted == nil { // otherwise the execution before this one has counted it
		r.addExtracted(s.ExtractResult)
	}
	chunks := newFanOut(r)
	var before *sliceWrites // the slice before this one, whose files are still in staging
	for {
		r.totalChunks += int64(s.Chunks)
		r.report()
		next := r.prefetch(ctx, chunks, before, s.More)
		slice := &sliceWrites{at: r.at}
		if s.Chunks > 0 {
			r.setPhase(PhaseUpsert)
		}
		chunks.writeSlice(ctx, slice, s.first)
		await(ctx, func() bool { return next.done.IsReady() || chunks.firstErr != nil })
		staged, err := next.wait(ctx, chunks.firstErr != nil)
		long := historyIsLong(ctx)
		if chunks.firstErr != nil || err != nil || !s.More || long {
			chunks.drain(ctx)
		}
		if chunks.firstErr != nil {
			err = chunks.firstErr
		}
		if err != nil || !s.More {
			r.cleanup(ctx, r.at, err)
			if s.More {
				r.cleanup(ctx, next.at, err)
			}
			return nil, err
		}
		// Its files stay a little longer: the next slice begins where its manifest says.
		before, r.at, s = slice, next.at, staged
		r.addExtracted(s.ExtractResult)
		if long {
			r.cleanup(ctx, before.at, nil)
			if err := r.checkCancel(ctx); err != nil {
				return nil, err
			}
			return r.remaining(s.ExtractResult), nil
		}
	}
}

// checkCancel fails where the range was cancelled while the files of a slice were removed, which they are all the same:
// the next execution would not know of it. It removes the files of the current slice, which nothing will write.
func (r *rangeRunner) checkCancel(ctx workflow.Context) error {
	err := ctx.Err()
	if err != nil {
		r.cleanup(ctx, r.at, err)
	}
	return err
}

// remaining is the range from the current slice on, which has been extracted.
func (r *rangeRunner) remaining(slice activities.ExtractResult) *SyncRangeInput {
	in := r.in
	in.Range, in.Extracted, in.Counts, in.Seconds, in.Pinned = r.at, &slice, r.counts, r.phases, r.router.pinned
	in.FirstBad = r.firstBad
	return &in
}

// stagedSlice is a slice that can be written: extracted, verified, and its first chunks listed.
type stagedSlice struct {
	activities.ExtractResult
	first activities.ListChunksResult
}

// stage makes a slice ready to be written. extracted is the result of its extraction, or nil if it is not extracted
// yet. setPhase is called at the beginning of each phase.
func (r *rangeRunner) stage(
	ctx workflow.Context, at activities.RangeInput, extracted *activities.ExtractResult, setPhase func(string),
) (s stagedSlice, err error) {
	if extracted != nil {
		s.ExtractResult = *extracted
	} else {
		setPhase(PhaseExtract)
		if err := r.extract(ctx, at, &s.ExtractResult); err != nil {
			return s, err
		}
	}
	if s.Chunks == 0 {
		return s, nil
	}
	setPhase(PhaseWait)
	if err := r.measure(ctx, PhaseWait, func() error {
		return r.step(ctx, waitOptions, "verify "+human.Count(s.Parts, "file"), "WaitForFiles", at).Get(ctx, nil)
	}); err != nil {
		return s, err
	}
	s.first, err = r.listChunks(ctx, at, 0)
	return s, err
}

// extract runs the step and adds its time, which passes beside that of other phases.
func (r *rangeRunner) extract(ctx workflow.Context, at activities.RangeInput, out *activities.ExtractResult) error {
	summary := "read the window"
	if r.readStep == readFilesStep {
		summary = "read the files"
	}
	if r.in.Ranges > 1 {
		summary = fmt.Sprintf("read range %d of %d", at.Range+1, r.in.Ranges)
	}
	if at.Slice > 0 {
		summary += fmt.Sprintf(", slice %d", at.Slice+1)
	}
	return r.measure(ctx, PhaseExtract, func() error {
		return r.step(ctx, extractOptions, summary, r.readStep, at).Get(ctx, out)
	})
}

// step starts a step on a host that has the range's files.
func (r *rangeRunner) step(
	ctx workflow.Context, o workflow.ActivityOptions, summary, name string, in any,
) workflow.Future {
	return r.router.step(ctx, o, summary, name, in)
}

// addExtracted counts what was extracted.
func (r *rangeRunner) addExtracted(out activities.ExtractResult) {
	r.counts.RowsExtracted += out.Rows + out.Quarantined
	r.counts.Quarantined += out.Quarantined
	r.firstBad = cmp.Or(r.firstBad, out.FirstBad)
	r.counts.Parts += int64(out.Parts)
	r.counts.StagedBytes += out.Bytes
	r.counts.LongestPage = max(r.counts.LongestPage, out.LongestPage)
}

// measure adds the time of f to a phase.
func (r *rangeRunner) measure(ctx workflow.Context, phase string, f func() error) error {
	start := workflow.Now(ctx)
	err := f()
	r.phases[phase] += workflow.Now(ctx).Sub(start).Seconds()
	return err
}

// report passes the range's counts on.
func (r *rangeRunner) report() {
	r.onChunk(rangeProgress{
		Range: r.at.Range, Extracted: r.counts.RowsExtracted, Written: r.counts.Written(),
		Chunks: r.totalChunks, ChunksDone: r.counts.Chunks, ChunkRows: r.limits.rows, WriteLimit: r.limits.writeLimit,
	})
}
