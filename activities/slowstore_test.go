package activities_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// slowStore is a store whose files open when the step has heartbeat.
type slowStore struct {
	staging.Store
	beaten chan struct{}
}

func (s slowStore) Open(ctx context.Context, key string) (staging.File, error) {
	select {
	case <-s.beaten:
		return s.Store.Open(ctx, key)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// slowly runs one step of a workflow with a store that answers when the step has heartbeat.
func (b *bench) slowly(name string, in, out any) {
	b.t.Helper()
	slow := slowStore{b.deps.Store, make(chan struct{})}
	b.deps.Store = slow
	b.restart()
	defer func() {
		b.deps.Store = slow.Store
		b.restart()
	}()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	activities.Register(env, b.worker)
	var once sync.Once
	env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) {
		once.Do(func() { close(slow.beaten) })
	})
	run := func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: 30 * time.Second, HeartbeatTimeout: 20 * time.Second,
			RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
		})
		return workflow.ExecuteActivity(ctx, name, in).Get(ctx, out)
	}
	env.RegisterWorkflowWithOptions(run, workflow.RegisterOptions{Name: "Run"})
	env.ExecuteWorkflow("Run")
	require.NoError(b.t, env.GetWorkflowError(), name)
}

// A step whose files come slowly is not taken for dead: it heartbeats from its first moment on.
func TestAStepHeartbeatsWhileItsFilesCome(t *testing.T) {
	t.Parallel()
	b := newBench(t, servers.MySQL(t))
	_, in := b.plan()
	var extracted activities.ExtractResult
	b.slowly("ExtractIncremental", in, &extracted)
	require.EqualValues(t, 250, extracted.Rows)
	var page activities.ListChunksResult
	require.NoError(t, b.step("ListChunks", activities.ListChunksInput{RangeInput: in, Limit: 1}, &page))
	var written activities.UpsertChunkResult
	b.slowly("UpsertChunk", activities.UpsertChunkInput{RangeInput: in, ChunkRef: page.Chunks[0]}, &written)
	require.EqualValues(t, 100, written.Inserted)
	var indexes activities.AddIndexesResult
	b.slowly("AddIndexes", in, &indexes)
	b.slowly("Cleanup", in, &activities.CleanupResult{})
}
