package workflows_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/workflows"
)

// hostQueue is that of the host which has the files of a fake's run.
const hostQueue = "tablehaul@one"

// needFiles are the steps that go where the files are.
var needFiles = []string{"ExtractIncremental", "WaitForFiles", "ListChunks", "UpsertChunk", "Cleanup", "FinishRun"}

// wrongHost answers as a worker of another host than the one that has the files.
func wrongHost(attempt int32) error {
	return temporal.NewApplicationErrorWithOptions("not here", failure.WrongHost, temporal.ApplicationErrorOptions{
		NonRetryable: true, Details: []any{failure.Details{Attempt: attempt}},
	})
}

// noWorkerCame is how Temporal ends a step that no worker has taken in time.
func noWorkerCame() error {
	return temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START, nil)
}

// byHost makes every step that needs files one for the host, wherever it is sent.
func (f *fake) byHost(attempt int32) (refused *int) {
	f.plan.Queue = hostQueue
	refused = new(int)
	f.route = func(step, queue string) error {
		if slices.Contains(needFiles, step) && queue != hostQueue {
			*refused++
			return wrongHost(attempt)
		}
		return nil
	}
	return refused
}

// Where one machine serves the task queue, nothing goes through a queue of its own.
func TestStepsOfOneMachineStayOnTheTaskQueue(t *testing.T) {
	f := newFake()
	f.plan.Queue = hostQueue
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	require.NotContains(t, f.queues, hostQueue)
	require.Equal(t, hostQueue, f.upserts[0].Queue)
	require.Equal(t, hostQueue, f.finished[0].Queue)
}

func TestStepsThatNeedFilesGoToTheHostThatHasThem(t *testing.T) {
	f := newFake()
	refused := f.byHost(1)
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, 1, *refused, "one answer is enough to know")
	for i, step := range f.steps {
		require.Equal(t, slices.Contains(needFiles, step), f.queues[i] == hostQueue, "%s on %s", step, f.queues[i])
	}
	var result workflows.SyncTableResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.EqualValues(t, 120, result.RowsExtracted)
	require.False(t, f.upserts[0].MayHaveRun)
}

func TestRangesGoToTheHostThatHasTheirFiles(t *testing.T) {
	f := newFake()
	f.plan.Mode, f.plan.Ranges, f.plan.Done, f.plan.RangesInFlight = api.ModeFirstLoad, 5, "00000", 1
	refused := f.byHost(1)
	require.NoError(t, run(t, f, orders).GetWorkflowError())
	require.Equal(t, 5, f.count("ExtractIncremental"))
	require.Equal(t, 1, *refused, "a range reports it to the run, and the run passes it to the next ranges")
	require.Equal(t, hostQueue, f.recorded[0].FirstLoad.Queue)
}

// An attempt that had begun on another host may have written its rows: the step that follows knows.
func TestAChunkThatMayHaveBeenWrittenSaysSo(t *testing.T) {
	f := newFake()
	f.plan.ChunksInFlight = 1
	f.plan.Queue = hostQueue
	f.route = func(step, queue string) error {
		if step == "UpsertChunk" && queue != hostQueue {
			return wrongHost(2)
		}
		return nil
	}
	require.NoError(t, run(t, f, orders).GetWorkflowError())
	require.True(t, f.upserts[0].MayHaveRun)
	require.False(t, f.upserts[1].MayHaveRun)
}

// A host whose workers are all busy answers, and is waited for.
func TestABusyHostIsWaitedFor(t *testing.T) {
	f := newFake()
	f.byHost(1)
	route, busy, asked := f.route, 5, 0
	f.route = func(step, queue string) error {
		if step == "WaitForFiles" && queue == hostQueue && busy > 0 {
			busy--
			return noWorkerCame()
		}
		return route(step, queue)
	}
	f.ask = func(queue string) error {
		require.Equal(t, hostQueue+"/ping", queue)
		asked++
		return nil
	}
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, 5, asked)
	require.Equal(t, 1, f.count("PlanRun"))
	require.Equal(t, 1, f.count("ExtractIncremental"))
}
