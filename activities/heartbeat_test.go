package activities

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/internal/throttle"
)

// attempts makes a step of f, and attempts at it until one succeeds. Each heartbeat goes to beats.
func attempts(t *testing.T, f func(ctx context.Context, number int32) error, beats chan chunkProgress) *Activities {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		var p chunkProgress
		if details.Get(&p) == nil {
			beats <- p
		}
	})
	a := New(Deps{})
	step := func(ctx context.Context) (bool, error) { return true, f(ctx, activity.GetInfo(ctx).Attempt) }
	env.RegisterActivityWithOptions(withAttempt(a, step), activity.RegisterOptions{Name: "Step"})
	run := func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: 30 * time.Second, HeartbeatTimeout: 20 * time.Second,
			RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second},
		})
		return workflow.ExecuteActivity(ctx, "Step").Get(ctx, nil)
	}
	env.RegisterWorkflowWithOptions(run, workflow.RegisterOptions{Name: "Run"})
	env.ExecuteWorkflow("Run")
	require.NoError(t, env.GetWorkflowError())
	return a
}

// An attempt that has not come to its work repeats what the one before has said. What was said of that attempt counts
// for no later one, which may write without a heartbeat.
func TestAnAttemptRepeatsWhatTheOneBeforeHasSaid(t *testing.T) {
	t.Parallel()
	beats := make(chan chunkProgress, 9)
	var clean []bool
	attempts(t, func(ctx context.Context, number int32) error {
		clean = append(clean, nothingWrittenSoFar(ctx))
		switch number {
		case 1:
			sayNothingWritten(ctx, true)
			return throttled(throttle.Wait{Reason: "hours"})
		case 2:
			for range 2 { // the heartbeat of the first attempt, and one of this
				select {
				case <-ctx.Done():
					return ctx.Err()
				case said := <-beats:
					if said != (chunkProgress{NothingWritten: 1}) {
						return temporal.NewNonRetryableApplicationError("another heartbeat", "Other", nil, said)
					}
				}
			}
			return errors.New("a step that may have written")
		}
		return nil
	}, beats)
	require.Equal(t, []bool{true, true, false}, clean)
}

// The count of a step's failures outlives its waits, and ends with the step.
func TestAStepThatIsDoneHasNotFailed(t *testing.T) {
	t.Parallel()
	var remembered []int
	a := attempts(t, func(ctx context.Context, number int32) error {
		remembered = append(remembered, len(ctx.Value(attemptKey{}).(*attempt).failures.steps))
		switch number {
		case 1, 3:
			return translate(ctx, errors.New("unknown"), where{doing: "write"})
		case 2:
			return throttled(throttle.Wait{Reason: "hours"})
		}
		return nil
	}, make(chan chunkProgress, 9))
	require.Equal(t, []int{0, 1, 1, 1}, remembered)
	require.Empty(t, a.failures.steps)
}
