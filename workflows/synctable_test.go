package workflows_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/workflows"
)

func TestSyncTableRaisesTheWatermarkAfterEveryChunk(t *testing.T) {
	f := newFake()
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []string{
		"BeginRun", "PlanRun", "ExtractIncremental", "WaitForFiles", "ListChunks",
		"UpsertChunk", "Cleanup", "FinishRun",
	}, f.order())
	require.Equal(t, fakeChunks, f.count("UpsertChunk"))

	var result workflows.SyncTableResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.Equal(t, "9", result.Watermark)
	require.Equal(t, table.Window{Lo: "1", Hi: "9"}, result.Window)
	require.EqualValues(t, 120, result.RowsExtracted)
	require.EqualValues(t, 48, result.Inserted)
	require.EqualValues(t, 60, result.Updated)
	require.EqualValues(t, 12, result.Unchanged)
	require.EqualValues(t, 12, result.Chunks)
	require.EqualValues(t, 2, result.Parts)
	require.EqualValues(t, 99, result.StagedBytes)
	require.InDelta(t, 0.25, result.LongestTransaction, 0)

	finish := f.finished[0].Finish
	require.EqualValues(t, 7, finish.Fence)
	require.Equal(t, "9", finish.Watermark)
	require.Equal(t, "updated_at", finish.Cursor)
	require.Equal(t, owner.OutcomeDone, finish.Record.Outcome)
	require.Equal(t, "run-1", f.finished[0].DropPlan)
}

func TestSyncTableWritesEachChunkOnce(t *testing.T) {
	f := newFake()
	require.NoError(t, run(t, f, orders).GetWorkflowError())
	seen := map[activities.ChunkRef]bool{}
	for _, u := range f.upserts {
		require.False(t, seen[u.ChunkRef], "%+v is written twice", u.ChunkRef)
		seen[u.ChunkRef] = true
		require.Equal(t, activities.RangeInput{Table: "shop.orders", Run: "run-1", PlanSum: "sum"}, u.RangeInput)
	}
	require.Len(t, seen, fakeChunks)
}

func TestSyncTableBoundsChunksInFlight(t *testing.T) {
	asked := &scheduling{activity: "UpsertChunk"}
	f := newFake()
	require.NoError(t, run(t, f, orders, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetWorkerOptions(worker.Options{
			DeadlockDetectionTimeout: time.Minute, Interceptors: []interceptor.WorkerInterceptor{asked},
		})
	}).GetWorkflowError())
	require.Len(t, asked.futures, fakeChunks)
	require.Equal(t, 3, asked.most)
}

// Once a chunk says that the target wants smaller transactions, the next ones are cut: every
// row once, and no chunk into more than a few pieces.
func TestSyncTableCutsChunksForASlowTarget(t *testing.T) {
	f := newFake()
	f.plan.ChunksInFlight, f.plan.ChunkRows = 1, fakeChunkRows
	f.upsert = func(_ context.Context, in activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
		return activities.UpsertChunkResult{Inserted: in.Rows, NextRows: 4}, nil
	}
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	var result workflows.SyncTableResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.EqualValues(t, 120, result.Inserted)
	require.EqualValues(t, 1+11*3, result.Chunks)
	written := map[[2]int][]int64{}
	for _, u := range f.upserts {
		at := [2]int{u.Part, u.Chunk}
		written[at] = append(written[at], u.FirstRow, u.Rows)
	}
	require.Equal(t, []int64{0, 10}, written[[2]int{0, 0}])
	require.Equal(t, []int64{10, 4, 14, 4, 18, 2}, written[[2]int{0, 1}])
	require.Equal(t, []int64{50, 4, 54, 4, 58, 2}, written[[2]int{1, 5}])
}

func TestSyncTableFailsWithTheFirstErrorAndCleansUp(t *testing.T) {
	f := newFake()
	heard := make(chan struct{}) // by the workflow
	f.upsert = func(_ context.Context, in activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
		if in.Part == 0 && in.Chunk == 2 {
			return activities.UpsertChunkResult{}, temporal.NewNonRetryableApplicationError("column c",
				failure.RowRejected, nil)
		}
		<-heard
		return activities.UpsertChunkResult{Inserted: fakeChunkRows}, nil
	}
	f.cleanup = func(activities.RangeInput) error {
		return temporal.NewNonRetryableApplicationError("disk", failure.Unexpected, nil)
	}
	env := run(t, f, orders, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetOnActivityCompletedListener(func(info *activity.Info, _ converter.EncodedValue, err error) {
			if info.ActivityType.Name == "UpsertChunk" && err != nil {
				env.RegisterDelayedCallback(func() { close(heard) }, 0) // behind the workflow task of the failure
			}
		})
	})
	requireFailure(t, env, failure.RowRejected)
	require.Equal(t, 1, f.count("Cleanup"))
	require.Less(t, f.count("UpsertChunk"), fakeChunks, "no chunk may be begun after the first error")

	finish := f.finished[0].Finish
	require.Empty(t, finish.Watermark, "a failed run must not raise the watermark")
	require.Equal(t, owner.OutcomeFailed, finish.Record.Outcome)
	require.Equal(t, "RowRejected: column c", finish.Record.Failure)
}

func TestSyncTableExtractsAgainWhenStagedFilesAreCorrupt(t *testing.T) {
	f := newFake()
	broken := 1
	f.wait = func(activities.RangeInput) error {
		if broken > 0 {
			broken--
			return temporal.NewNonRetryableApplicationError("hash", failure.StagedFileCorrupt, nil)
		}
		return nil
	}
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []string{
		"BeginRun", "PlanRun", "ExtractIncremental", "WaitForFiles", "Cleanup",
		"ExtractIncremental", "WaitForFiles", "ListChunks", "UpsertChunk", "Cleanup", "FinishRun",
	}, f.order())
	var result workflows.SyncTableResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.EqualValues(t, 120, result.RowsExtracted, "rows of the corrupt files do not count")
}

func TestSyncTableGivesUpOnStagingThatIsAlwaysCorrupt(t *testing.T) {
	f := newFake()
	f.wait = func(activities.RangeInput) error {
		return temporal.NewNonRetryableApplicationError("hash", failure.StagedFileCorrupt, nil)
	}
	env := run(t, f, orders)
	requireFailure(t, env, failure.StagedFileCorrupt)
	require.Equal(t, 3, f.count("ExtractIncremental"))
	require.Empty(t, f.finished[0].Finish.Watermark)
}

func TestSyncTableKeepsTheWatermarkWhenRowsAreMissing(t *testing.T) {
	f := newFake()
	f.upsert = func(context.Context, activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
		return activities.UpsertChunkResult{Inserted: fakeChunkRows - 1}, nil
	}
	env := run(t, f, orders)
	requireFailure(t, env, failure.Unexpected)
	require.Empty(t, f.finished[0].Finish.Watermark)
}

// cancelledInUpsert runs a table, and cancels the run while its chunks are written.
func cancelledInUpsert(t *testing.T, f *fake) {
	t.Helper()
	// The test environment hands a cancelled step back at once, begun or not: the cancel waits
	// until every chunk in flight has begun, or one of them would be noted after Cleanup.
	started := make(chan struct{})
	var begun atomic.Int32
	f.upsert = func(ctx context.Context, _ activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
		if int(begun.Add(1)) == f.plan.ChunksInFlight {
			close(started)
		}
		<-ctx.Done()
		return activities.UpsertChunkResult{}, ctx.Err()
	}
	env := run(t, f, orders, func(env *testsuite.TestWorkflowEnvironment) {
		go func() {
			<-started
			env.CancelWorkflow()
		}()
	})
	require.True(t, temporal.IsCanceledError(env.GetWorkflowError()), "%v", env.GetWorkflowError())
}

func TestSyncTableCancelCleansUpAndGivesTheLeaseBack(t *testing.T) {
	f := newFake()
	cancelledInUpsert(t, f)
	require.Equal(t, []string{"Cleanup", "FinishRun"}, f.order()[len(f.order())-2:])
	require.Equal(t, owner.OutcomeCancelled, f.finished[0].Finish.Record.Outcome)
	require.Empty(t, f.finished[0].Finish.Watermark)
}

func TestSyncTableWithNothingToReadEndsWithoutStaging(t *testing.T) {
	f := newFake()
	f.plan.Ranges, f.plan.Done = 0, ""
	f.plan.Window = table.Window{Lo: "5", Hi: "5"}
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []string{"BeginRun", "PlanRun", "FinishRun"}, f.order())
}

func TestSyncTableMovesManyRangesAsChildren(t *testing.T) {
	f := newFake()
	f.plan.Mode, f.plan.Ranges, f.plan.Done = api.ModeFirstLoad, 5, "01000"
	f.upsert = func(context.Context, activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
		err := f.waitUntil(func() bool { // two ranges are at work side by side
			return slices.ContainsFunc(f.upserts,
				func(u activities.UpsertChunkInput) bool { return u.Range != f.upserts[0].Range })
		})
		return activities.UpsertChunkResult{Inserted: 4, Updated: 5, Unchanged: 1}, err
	}
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, 4, f.count("ExtractIncremental"), "a loaded range is not read again")
	var ranges []int
	for _, p := range f.recorded[1:] {
		ranges = append(ranges, *p.RangeDone)
		require.EqualValues(t, 7, p.Fence)
		require.Equal(t, "sum", p.PlanSum)
	}
	slices.Sort(ranges)
	require.Equal(t, []int{0, 2, 3, 4}, ranges)
	require.Equal(t, &owner.FirstLoad{Run: "run-1", PlanSum: "sum", Done: "01000"}, f.recorded[0].FirstLoad)
	require.Equal(t, "9", f.finished[0].Finish.Watermark)
	require.True(t, f.finished[0].Finish.ForgetFirstLoad)
	require.LessOrEqual(t, f.most, 3, "ranges side by side share the run's bound")

	var status workflows.Status
	value, err := env.QueryWorkflow(workflows.QueryStatus)
	require.NoError(t, err)
	require.NoError(t, value.Get(&status))
	require.EqualValues(t, 5, status.RangesDone)
	require.EqualValues(t, 4*120, status.RowsWritten)
	require.Equal(t, workflows.PhaseDone, status.Phase)
}

func TestSyncTableOfManyRangesFailsWithTheChildsCause(t *testing.T) {
	f := newFake()
	f.plan.Mode, f.plan.Ranges, f.plan.Done = api.ModeFirstLoad, 4, "0000"
	f.extract = func(in activities.RangeInput) (activities.ExtractResult, error) {
		if in.Range == 1 {
			return activities.ExtractResult{}, temporal.NewNonRetryableApplicationError("gone",
				failure.ServerRejected, nil)
		}
		return activities.ExtractResult{Rows: 120, Chunks: fakeChunks, Parts: 1}, nil
	}
	env := run(t, f, orders)
	requireFailure(t, env, failure.ServerRejected)
	require.Empty(t, f.finished[0].Finish.Watermark)
	require.Empty(t, f.finished[0].DropPlan, "a first load is resumed: its plan stays")
}

func requireFailure(t *testing.T, env *testsuite.TestWorkflowEnvironment, typ string) {
	t.Helper()
	var app *temporal.ApplicationError
	require.True(t, errors.As(env.GetWorkflowError(), &app), "%v", env.GetWorkflowError())
	require.Equal(t, typ, app.Type(), app.Message())
	require.True(t, app.NonRetryable())
}
