package workflows_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/log"
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

// fake replaces every activity and records what the workflow asked for. Its functions may
// be replaced by a test before the workflow starts.
type fake struct {
	mu       sync.Mutex
	steps    []string
	finished []activities.FinishRunInput
	recorded []owner.ProgressRequest
	upserts  []activities.UpsertChunkInput
	inFlight int
	most     int
	chunks   int // of a slice
	planned  []activities.PlanRunInput
	queues   []string // of steps, in their order

	// route may refuse a step for the queue that it came by; ask answers for a host.
	route   func(step, queue string) error
	ask     func(queue string) error
	plan    activities.PlanRunResult
	begin   func(activities.BeginRunInput) (activities.BeginRunResult, error)
	extract func(activities.RangeInput) (activities.ExtractResult, error)
	wait    func(activities.RangeInput) error
	upsert  func(context.Context, activities.UpsertChunkInput) (activities.UpsertChunkResult, error)
	cleanup func(activities.RangeInput) error
	// endSlice gives the lease of a slice back.
	endSlice func() error
	settle   func(activities.SettleQuarantineInput) (activities.SettleQuarantineResult, error)
	putAway  func(activities.PutFilesAwayInput) (activities.PutFilesAwayResult, error)
}

const (
	fakeChunks    = 12
	fakeChunkRows = 10
)

// newFake is a run of one range with 12 chunks of 10 rows.
func newFake() *fake {
	f := &fake{chunks: fakeChunks, plan: activities.PlanRunResult{
		Target: "dw.orders", Mode: api.ModeIncremental, Window: table.Window{Lo: "1", Hi: "9"}, Cursor: "updated_at",
		Run: "run-1", PlanSum: "sum", Ranges: 1, Done: "0", ChunksInFlight: 3, RangesInFlight: 2,
		ChunkRows: fakeChunkRows,
	}}
	f.begin = func(in activities.BeginRunInput) (activities.BeginRunResult, error) {
		return activities.BeginRunResult{State: owner.State{
			Watermark: "5", Lease: &owner.Lease{WorkflowID: in.WorkflowID, RunID: in.RunID, Fence: 7},
		}}, nil
	}
	f.extract = func(activities.RangeInput) (activities.ExtractResult, error) {
		return activities.ExtractResult{
			Rows: fakeChunks * fakeChunkRows, Chunks: fakeChunks, Parts: 2, Bytes: 99,
			LongestPage: 0.5,
		}, nil
	}
	f.wait = func(activities.RangeInput) error { return nil }
	f.upsert = func(context.Context, activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
		return activities.UpsertChunkResult{Inserted: 4, Updated: 5, Unchanged: 1, Seconds: 0.25, Tries: 1}, nil
	}
	f.cleanup, f.endSlice = func(activities.RangeInput) error { return nil }, func() error { return nil }
	f.route = func(string, string) error { return nil }
	f.ask = func(string) error { return nil }
	return f
}

func (f *fake) step(ctx context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	queue := activity.GetInfo(ctx).TaskQueue
	if err := f.route(name, queue); err != nil {
		return err
	}
	f.steps, f.queues = append(f.steps, name), append(f.queues, queue)
	return nil
}

// order is the steps without repetitions that follow one another.
func (f *fake) order() []string { return slices.Compact(slices.Clone(f.steps)) }

func (f *fake) count(name string) int {
	n := 0
	for _, s := range f.steps {
		if s == name {
			n++
		}
	}
	return n
}

// waitUntil is for a step that ends only when something has happened; it fails the run if that does
// not come. done is called with the lock held.
func (f *fake) waitUntil(done func() bool) error {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		f.mu.Lock()
		ok := done()
		f.mu.Unlock()
		if ok {
			return nil
		}
	}
	return temporal.NewNonRetryableApplicationError("what the step waits for has not happened", failure.Unexpected, nil)
}

// answered is a step whose answer is made without the lock.
func answered[In, Out any](f *fake, name string, answer func(In) (Out, error)) func(context.Context, In) (Out, error) {
	return func(ctx context.Context, in In) (out Out, err error) {
		if err := f.step(ctx, name); err != nil {
			return out, err
		}
		return answer(in)
	}
}

// kept is a step whose input is kept, under the lock.
func kept[In, Out any](f *fake, name string, keep func(In) Out) func(context.Context, In) (Out, error) {
	return answered(f, name, func(in In) (Out, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		return keep(in), nil
	})
}

func (f *fake) register(env *testsuite.TestWorkflowEnvironment) {
	for name, fn := range map[string]any{
		"BeginRun":      answered(f, "BeginRun", f.begin),
		"PlanRun":       kept(f, "PlanRun", f.planRun),
		"DiscoverFiles": kept(f, "DiscoverFiles", f.planRun),
		"ReadFiles":     answered(f, "ReadFiles", f.extract),
		"RecordProgress": kept(f, "RecordProgress", func(in activities.RecordProgressInput) any {
			f.recorded = append(f.recorded, in.Progress)
			return nil
		}),
		"PingHost": func(ctx context.Context) (activities.PingHostResult, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			return activities.PingHostResult{}, f.ask(activity.GetInfo(ctx).TaskQueue)
		},
		"ExtractIncremental": answered(f, "ExtractIncremental", f.extract),
		"WaitForFiles": answered(f, "WaitForFiles", func(in activities.RangeInput) (any, error) {
			return activities.WaitForFilesResult{}, f.wait(in)
		}),
		"ListChunks":  f.list,
		"UpsertChunk": f.write,
		"Cleanup": answered(f, "Cleanup", func(in activities.RangeInput) (any, error) {
			return activities.CleanupResult{}, f.cleanup(in)
		}),
		"SettleQuarantine": answered(f, "SettleQuarantine", f.settle),
		"PutFilesAway":     answered(f, "PutFilesAway", f.putAway),
		"FinishRun": kept(f, "FinishRun", func(in activities.FinishRunInput) activities.FinishRunResult {
			f.finished = append(f.finished, in)
			return activities.FinishRunResult{Watermark: in.Finish.Watermark}
		}),
	} {
		env.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
	}
}

func (f *fake) planRun(in activities.PlanRunInput) activities.PlanRunResult {
	f.planned = append(f.planned, in)
	return f.plan
}

func (f *fake) list(ctx context.Context, in activities.ListChunksInput) (activities.ListChunksResult, error) {
	if err := f.step(ctx, "ListChunks"); err != nil {
		return activities.ListChunksResult{}, err
	}
	out := activities.ListChunksResult{Total: f.chunks}
	for i := in.After; i < f.chunks && len(out.Chunks) < in.Limit; i++ {
		out.Chunks = append(out.Chunks, activities.ChunkRef{
			Part: i / 6, Chunk: i % 6, Rows: fakeChunkRows,
			FirstRow: int64(i % 6 * fakeChunkRows),
		})
	}
	return out, nil
}

func (f *fake) write(ctx context.Context, in activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
	if err := f.step(ctx, "UpsertChunk"); err != nil {
		return activities.UpsertChunkResult{}, err
	}
	f.mu.Lock()
	f.upserts = append(f.upserts, in)
	f.inFlight++
	f.most = max(f.most, f.inFlight)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.inFlight--
		f.mu.Unlock()
	}()
	return f.upsert(ctx, in)
}

// newEnvironment knows every workflow, and keeps its timers out of the test's output.
func newEnvironment() *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(5 * time.Minute)
	// a second, as the SDK has it, may pass before a busy machine gives the processor to a workflow
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute})
	workflows.Register(env)
	return env
}

// run executes SyncTable with the fake's activities.
func run(
	t *testing.T, f *fake, in any, prepare ...func(*testsuite.TestWorkflowEnvironment),
) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	env := newEnvironment()
	f.register(env)
	for _, p := range prepare {
		p(env)
	}
	env.ExecuteWorkflow(workflows.SyncTableName, in)
	require.True(t, env.IsWorkflowCompleted())
	return env
}

var orders = workflows.SyncTableInput{Table: "shop.orders"}
