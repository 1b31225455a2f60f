package workflows_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/workflows"
)

// sliced makes every range of the fake one of several slices.
func (f *fake) sliced(slices int) {
	f.extract = func(in activities.RangeInput) (activities.ExtractResult, error) {
		return activities.ExtractResult{
			Rows: fakeChunks * fakeChunkRows, Chunks: fakeChunks, Parts: 2, Bytes: 99,
			More: in.Slice < slices-1,
		}, nil
	}
}

// cleaned tells note of each slice whose files are removed.
func (f *fake) cleaned(note func(activities.RangeInput)) {
	f.cleanup = func(in activities.RangeInput) error {
		note(in)
		return nil
	}
}

func TestARangeIsMovedInSlices(t *testing.T) {
	f := newFake()
	f.sliced(3)
	var extracted, cleaned []int
	extract := f.extract
	f.extract = func(in activities.RangeInput) (activities.ExtractResult, error) {
		extracted = append(extracted, in.Slice)
		return extract(in)
	}
	f.cleaned(func(in activities.RangeInput) {
		cleaned = append(cleaned, in.Slice)
		require.GreaterOrEqual(t, len(extracted), min(in.Slice+2, 3),
			"the next slice begins where this one's manifest says")
		require.False(t, in.Discard, "a copy of what is written may be kept")
	})
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []int{0, 1, 2}, extracted)
	require.Equal(t, []int{0, 1, 2}, cleaned)
	written := map[int]int{}
	for _, u := range f.upserts {
		written[u.Slice]++
	}
	require.Equal(t, map[int]int{0: fakeChunks, 1: fakeChunks, 2: fakeChunks}, written)
	var result workflows.SyncTableResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.EqualValues(t, 3*120, result.RowsExtracted)
	require.EqualValues(t, 3*120, result.Inserted+result.Updated+result.Unchanged)
	require.EqualValues(t, 6, result.Parts)
	require.Equal(t, "9", result.Watermark)
}

// A range that is larger than a history may be continues as new, between two slices, with the
// slice that it has extracted and all that it has counted.
func TestALongRangeContinuesAsNew(t *testing.T) {
	f := newFake()
	f.sliced(3)
	in := workflows.SyncRangeInput{Range: activities.RangeInput{
		Table: "shop.orders", Run: "run-1", PlanSum: "sum",
		Range: 4,
	}, Ranges: 9, ChunksInFlight: 2}
	var total workflows.SyncRangeResult
	for executions := 1; ; executions++ {
		env := newEnvironment()
		f.register(env)
		env.SetCurrentHistoryLength(2001)
		env.ExecuteWorkflow(workflows.SyncRangeName, in)
		var next *workflow.ContinueAsNewError
		if !errors.As(env.GetWorkflowError(), &next) {
			require.NoError(t, env.GetWorkflowError())
			require.NoError(t, env.GetWorkflowResult(&total))
			require.Equal(t, 3, executions)
			break
		}
		require.Equal(t, workflows.SyncRangeName, next.WorkflowType.Name)
		in = workflows.SyncRangeInput{}
		require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
		require.Equal(t, executions, in.Range.Slice)
		require.Equal(t, 4, in.Range.Range)
		require.Equal(t, fakeChunks, in.Extracted.Chunks)
		require.EqualValues(t, 120*(executions+1), in.Counts.RowsExtracted)
		require.EqualValues(t, fakeChunks*executions, in.Counts.Chunks)
	}
	require.Equal(t, 3, f.count("ExtractIncremental"), "what was extracted is not extracted again")
	require.EqualValues(t, 3*120, total.RowsExtracted)
	require.EqualValues(t, 3*fakeChunks, total.Chunks)
	require.EqualValues(t, 3*48, total.Inserted)
}

// SyncTable itself never continues as new: a child takes over what is left.
func TestALongWindowGoesOnInAChild(t *testing.T) {
	f := newFake()
	f.sliced(3)
	children := 0
	env := run(t, f, orders, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetCurrentHistoryLength(2001)
		env.SetOnChildWorkflowStartedListener(func(*workflow.Info, workflow.Context, converter.EncodedValues) {
			children++
			env.SetCurrentHistoryLength(10) // the child's own
		})
	})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, 1, children)
	require.Equal(t, 3, f.count("ExtractIncremental"))
	var result workflows.SyncTableResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.EqualValues(t, 3*120, result.RowsExtracted)
	require.EqualValues(t, 3*48, result.Inserted)
	require.Equal(t, "9", result.Watermark)
}

// The first chunks of a slice do not wait for the last one of the slice before it; that one's files do.
func TestASlowChunkHoldsUpItsOwnFilesOnly(t *testing.T) {
	f := newFake()
	f.sliced(3)
	f.plan.ChunksInFlight = 2
	next := make(chan struct{})
	var once sync.Once
	written := map[int]int{}
	f.upsert = func(ctx context.Context, in activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
		if in.Slice == 1 {
			once.Do(func() { close(next) })
		}
		if in.Slice == 0 && in.Part == 0 && in.FirstRow == 0 {
			select {
			case <-next:
			case <-time.After(2 * time.Minute):
				return activities.UpsertChunkResult{}, temporal.NewNonRetryableApplicationError("slice 1 waits",
					"Test", nil)
			}
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		written[in.Slice]++
		return activities.UpsertChunkResult{Inserted: in.Rows}, nil
	}
	f.cleaned(func(in activities.RangeInput) {
		f.mu.Lock()
		defer f.mu.Unlock()
		require.Equal(t, fakeChunks, written[in.Slice], "files of slice %d go while it is written", in.Slice)
	})
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, map[int]int{0: fakeChunks, 1: fakeChunks, 2: fakeChunks}, written)
}

func TestALostSliceBeginsTheRangeAgain(t *testing.T) {
	f := newFake()
	f.sliced(3)
	lost := 1
	f.wait = func(in activities.RangeInput) error {
		if in.Slice == 1 && lost > 0 {
			lost--
			return temporal.NewNonRetryableApplicationError("hash", failure.StagedFileCorrupt, nil)
		}
		return nil
	}
	left := map[int]bool{}
	extract := f.extract
	f.extract = func(in activities.RangeInput) (activities.ExtractResult, error) {
		left[in.Slice] = true
		return extract(in)
	}
	f.cleaned(func(in activities.RangeInput) { delete(left, in.Slice) })
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	var result workflows.SyncTableResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.EqualValues(t, 3*120, result.RowsExtracted, "each row counts once")
	require.EqualValues(t, 3*48, result.Inserted)
	require.Empty(t, left, "nothing stays in staging")
	restarts := map[int]int{}
	for _, in := range f.upserts {
		restarts[in.Restarts]++
	}
	require.Equal(t, map[int]int{0: fakeChunks, 1: 3 * fakeChunks}, restarts, "chunks know that they come after those")
}

// A refused row ends the run; the slice that was being extracted meanwhile leaves nothing.
func TestAFailedSliceCleansUpTheOneAfterIt(t *testing.T) {
	f := newFake()
	f.sliced(2)
	f.upsert = func(context.Context, activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
		return activities.UpsertChunkResult{}, temporal.NewNonRetryableApplicationError("column c",
			failure.RowRejected, nil)
	}
	cleaned := map[int]int{}
	f.cleaned(func(in activities.RangeInput) { cleaned[in.Slice]++ })
	env := run(t, f, orders)
	requireFailure(t, env, failure.RowRejected)
	require.Equal(t, map[int]int{0: 1, 1: 1}, cleaned)
	require.Empty(t, f.finished[0].Finish.Watermark)
}

// What the target takes is in the status while it takes less than configured.
func TestAStatusSaysThatTheTargetIsSlow(t *testing.T) {
	f := newFake()
	f.plan.ChunksInFlight, f.plan.ChunkRows = 1, fakeChunkRows
	slow := 3
	f.upsert = func(_ context.Context, in activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		out := activities.UpsertChunkResult{Inserted: in.Rows, WriteLimit: 2}
		if slow > 0 {
			slow--
			out.NextRows, out.WriteLimit = 5, 1
		}
		return out, nil
	}
	var seen []workflows.Status
	env := run(t, f, orders, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetOnActivityCompletedListener(func(info *activity.Info, _ converter.EncodedValue, _ error) {
			if info.ActivityType.Name != "UpsertChunk" {
				return
			}
			value, err := env.QueryWorkflow(workflows.QueryStatus)
			require.NoError(t, err)
			var s workflows.Status
			require.NoError(t, value.Get(&s))
			seen = append(seen, s)
		})
	})
	require.NoError(t, env.GetWorkflowError())
	slowest := slices.IndexFunc(seen, func(s workflows.Status) bool { return s.ChunkRows == 5 && s.WriteLimit == 1 })
	require.GreaterOrEqual(t, slowest, 0, "%+v", seen)
	last := seen[len(seen)-1]
	require.Zero(t, last.ChunkRows, "the target is fast again")
	require.Equal(t, 2, last.WriteLimit)
}

// What lies above the window's end is read when all ranges below it are done: a row that moves up
// from one of them is there.
func TestTheTailBeginsWhenAllOtherRangesAreDone(t *testing.T) {
	f := newFake()
	f.plan.Ranges, f.plan.Done, f.plan.TailLast, f.plan.TailTop = 5, "00000", true, "8"
	f.plan.RangesInFlight = 3
	var mu sync.Mutex
	var done []int
	f.cleanup = func(in activities.RangeInput) error {
		mu.Lock()
		defer mu.Unlock()
		done = append(done, in.Range)
		return nil
	}
	extract := f.extract
	f.extract = func(in activities.RangeInput) (activities.ExtractResult, error) {
		mu.Lock()
		defer mu.Unlock()
		if in.Range == 4 {
			require.ElementsMatch(t, []int{0, 1, 2, 3}, done)
		}
		return extract(in)
	}
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	require.Len(t, done, 5)
	require.Equal(t, "9", f.finished[0].Finish.Watermark, "the window's end bounds the watermark")
	require.Equal(t, "8", f.finished[0].Finish.TailTop)
}
