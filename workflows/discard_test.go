package workflows_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// discards is whether the files of each slice went without a copy, as they went last.
func (f *fake) discards() map[int]bool {
	var mu sync.Mutex
	out := map[int]bool{}
	f.cleaned(func(in activities.RangeInput) {
		mu.Lock()
		defer mu.Unlock()
		out[in.Slice] = in.Discard
	})
	return out
}

// After a cancel, files go at once, and no copy of them is kept.
func TestACancelKeepsNoSlice(t *testing.T) {
	f := newFake()
	f.sliced(2)
	discarded := f.discards()
	cancelledInUpsert(t, f)
	require.Equal(t, map[int]bool{0: true, 1: true}, discarded)
}

// A cancel ends a copy that is under way: the files go at once then, and no copy of them is kept. Rows that are all
// written count all the same.
func TestACancelEndsACopyThatIsUnderWay(t *testing.T) {
	for name, slices := range map[string]int{"of the only slice": 1, "of a slice beside the next one": 2} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.sliced(slices)
			var copies []bool // whether each try was one with a copy
			env := run(t, f, orders, func(env *testsuite.TestWorkflowEnvironment) {
				f.cleanup = func(in activities.RangeInput) error {
					if in.Slice > 0 {
						return nil
					}
					f.mu.Lock()
					copies = append(copies, !in.Discard)
					f.mu.Unlock()
					if in.Discard {
						return nil
					}
					env.CancelWorkflow()
					return f.waitUntil(func() bool { return len(copies) > 1 })
				}
			})
			require.Equal(t, []bool{true, false}, copies)
			if slices == 1 {
				require.NoError(t, env.GetWorkflowError())
				require.Equal(t, owner.OutcomeDone, f.finished[0].Finish.Record.Outcome)
			}
		})
	}
}

// After a failure no slice is kept: neither the one that failed, nor the one before it, of which a chunk was still
// being written, nor the one after it.
func TestAFailureKeepsNoSlice(t *testing.T) {
	f := newFake()
	f.sliced(3)
	f.plan.ChunksInFlight = 2
	discarded := f.discards()
	heard := make(chan struct{}) // by the workflow
	f.upsert = func(_ context.Context, in activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
		if in.Slice == 1 {
			return activities.UpsertChunkResult{}, temporal.NewNonRetryableApplicationError("column c",
				failure.RowRejected, nil)
		}
		if in.Part == 0 && in.Chunk == 0 {
			<-heard
		}
		return activities.UpsertChunkResult{Inserted: in.Rows}, nil
	}
	env := run(t, f, orders, func(env *testsuite.TestWorkflowEnvironment) {
		var once sync.Once
		env.SetOnActivityCompletedListener(func(info *activity.Info, _ converter.EncodedValue, err error) {
			if info.ActivityType.Name == "UpsertChunk" && err != nil {
				// behind the workflow task of the failure
				once.Do(func() { env.RegisterDelayedCallback(func() { close(heard) }, 0) })
			}
		})
	})
	requireFailure(t, env, failure.RowRejected)
	require.Equal(t, map[int]bool{0: true, 1: true, 2: true}, discarded)
}

// The last chunk of a slice fails while the next slice is being written.
func TestASliceWhoseLastChunkFailsIsNotKept(t *testing.T) {
	f := newFake()
	f.sliced(3)
	f.plan.ChunksInFlight = 2
	discarded := f.discards()
	next := make(chan struct{})
	var once sync.Once
	f.upsert = func(_ context.Context, in activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
		if in.Slice == 1 {
			once.Do(func() { close(next) })
		}
		if in.Slice == 0 && in.Part == 0 && in.Chunk == 0 {
			<-next
			return activities.UpsertChunkResult{}, temporal.NewNonRetryableApplicationError("column c",
				failure.RowRejected, nil)
		}
		return activities.UpsertChunkResult{Inserted: in.Rows}, nil
	}
	env := run(t, f, orders)
	requireFailure(t, env, failure.RowRejected)
	require.Equal(t, map[int]bool{0: true, 1: true, 2: true}, discarded)
}

// Slices whose files were damaged, and those that are extracted again with them, are kept as they are written in the
// end.
func TestASliceThatIsDamagedIsNotKept(t *testing.T) {
	f := newFake()
	f.sliced(3)
	discarded := f.discards()
	lost := true
	f.wait = func(in activities.RangeInput) error {
		if in.Slice == 1 && lost {
			lost = false
			return temporal.NewNonRetryableApplicationError("hash", failure.StagedFileCorrupt, nil)
		}
		return nil
	}
	extract, again := f.extract, false
	f.extract = func(in activities.RangeInput) (activities.ExtractResult, error) {
		if in.Slice == 0 && again {
			require.Equal(t, map[int]bool{0: true, 1: true}, discarded)
		}
		again = true
		return extract(in)
	}
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, map[int]bool{0: false, 1: false, 2: false}, discarded)
}
