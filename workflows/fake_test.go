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
	"go.temporal.io/sdk/testsuite"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/workflows"
)

// fake stands in for every activity and records what the workflow asked for. Its functions may
// be replaced by a test before the workflow starts.
type fake struct {
	mu       sync.Mutex
	steps    []string
	finished []activities.FinishRunInput
	recorded []activities.ProgressRequest
	upserts  []activities.UpsertChunkInput
	inFlight int
	most     int
	chunks   int // of a slice

	plan    activities.PlanRunResult
	begin   func(activities.BeginRunInput) (activities.BeginRunResult, error)
	extract func(activities.RangeInput) (activities.ExtractResult, error)
	wait    func(activities.RangeInput) error
	upsert  func(context.Context, activities.UpsertChunkInput) (activities.UpsertChunkResult, error)
	cleanup func(activities.RangeInput) error
}

const (
	fakeChunks    = 12
	fakeChunkRows = 10
)

// newFake is a run of one range with 12 chunks of 10 rows.
func newFake() *fake {
	f := &fake{chunks: fakeChunks, plan: activities.PlanRunResult{
		Target: "dw.orders", Mode: activities.ModeIncremental, Window: table.Window{Lo: "1", Hi: "9"}, Cursor: "updated_at",
		Run: "run-1", PlanSum: "sum", Ranges: 1, Done: "0", ChunksInFlight: 3, RangesInFlight: 2, ChunkRows: fakeChunkRows,
	}}
	f.begin = func(in activities.BeginRunInput) (activities.BeginRunResult, error) {
		return activities.BeginRunResult{State: activities.State{
			Watermark: "5", Lease: &activities.Lease{WorkflowID: in.WorkflowID, RunID: in.RunID, Fence: 7},
		}}, nil
	}
	f.extract = func(activities.RangeInput) (activities.ExtractResult, error) {
		return activities.ExtractResult{Rows: fakeChunks * fakeChunkRows, Chunks: fakeChunks, Parts: 2, Bytes: 99, LongestPage: 0.5}, nil
	}
	f.wait = func(activities.RangeInput) error { return nil }
	f.upsert = func(context.Context, activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
		return activities.UpsertChunkResult{Inserted: 4, Updated: 5, Unchanged: 1, Seconds: 0.25, Tries: 1}, nil
	}
	f.cleanup = func(activities.RangeInput) error { return nil }
	return f
}

func (f *fake) step(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.steps = append(f.steps, name)
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

func (f *fake) register(env *testsuite.TestWorkflowEnvironment) {
	for name, fn := range map[string]any{
		"BeginRun": func(_ context.Context, in activities.BeginRunInput) (activities.BeginRunResult, error) {
			f.step("BeginRun")
			return f.begin(in)
		},
		"PlanRun": func(context.Context, activities.PlanRunInput) (activities.PlanRunResult, error) {
			f.step("PlanRun")
			return f.plan, nil
		},
		"RecordProgress": func(_ context.Context, in activities.RecordProgressInput) error {
			f.step("RecordProgress")
			f.mu.Lock()
			defer f.mu.Unlock()
			f.recorded = append(f.recorded, in.Progress)
			return nil
		},
		"ExtractIncremental": func(_ context.Context, in activities.RangeInput) (activities.ExtractResult, error) {
			f.step("ExtractIncremental")
			return f.extract(in)
		},
		"WaitForFiles": func(_ context.Context, in activities.RangeInput) (activities.WaitForFilesResult, error) {
			f.step("WaitForFiles")
			return activities.WaitForFilesResult{}, f.wait(in)
		},
		"ListChunks":  f.list,
		"UpsertChunk": f.write,
		"Cleanup": func(_ context.Context, in activities.RangeInput) (activities.CleanupResult, error) {
			f.step("Cleanup")
			return activities.CleanupResult{}, f.cleanup(in)
		},
		"FinishRun": func(_ context.Context, in activities.FinishRunInput) (activities.FinishRunResult, error) {
			f.step("FinishRun")
			f.mu.Lock()
			defer f.mu.Unlock()
			f.finished = append(f.finished, in)
			return activities.FinishRunResult{Watermark: in.Finish.Watermark}, nil
		},
	} {
		env.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
	}
}

func (f *fake) list(_ context.Context, in activities.ListChunksInput) (activities.ListChunksResult, error) {
	f.step("ListChunks")
	out := activities.ListChunksResult{Total: f.chunks}
	for i := in.After; i < f.chunks && len(out.Chunks) < in.Limit; i++ {
		out.Chunks = append(out.Chunks, activities.ChunkRef{Part: i / 6, Chunk: i % 6, Rows: fakeChunkRows, FirstRow: int64(i % 6 * fakeChunkRows)})
	}
	return out, nil
}

func (f *fake) write(ctx context.Context, in activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
	f.step("UpsertChunk")
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
	env.SetTestTimeout(30 * time.Second)
	workflows.Register(env)
	return env
}

// run executes SyncTable with the fake's activities.
func run(t *testing.T, f *fake, in any, prepare ...func(*testsuite.TestWorkflowEnvironment)) *testsuite.TestWorkflowEnvironment {
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
