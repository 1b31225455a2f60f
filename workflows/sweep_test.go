package workflows_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/workflows"
)

// sweepOnce runs SweepStaging for a queue; there says whether its host answers. It returns what
// came of it, on which queue files were removed, and which schedules were.
func sweepOnce(t *testing.T, queue string, there bool) (out workflows.SweepStagingResult, swept, stopped []string) {
	env := newEnvironment()
	for name, f := range map[string]any{
		"Sweep": func(ctx context.Context) (activities.SweepResult, error) {
			if !there {
				return activities.SweepResult{}, noWorkerCame()
			}
			swept = append(swept, activity.GetInfo(ctx).TaskQueue)
			return activities.SweepResult{Runs: 1, Files: 3}, nil
		},
		"PingHost": func(context.Context) (activities.PingHostResult, error) {
			return activities.PingHostResult{}, noWorkerCame()
		},
		"StopSweeping": func(_ context.Context, in activities.StopSweepingInput) error {
			stopped = append(stopped, in.Queue)
			return nil
		},
	} {
		env.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: name})
	}
	env.ExecuteWorkflow(workflows.SweepName, workflows.SweepStagingInput{Queue: queue})
	require.NoError(t, env.GetWorkflowError())
	require.NoError(t, env.GetWorkflowResult(&out))
	return out, swept, stopped
}

func TestSweepStagingSweepsWhereTheFilesAre(t *testing.T) {
	out, swept, stopped := sweepOnce(t, hostQueue, true)
	require.Equal(t, workflows.SweepStagingResult{Runs: 1, Files: 3}, out)
	require.Equal(t, []string{hostQueue}, swept)
	require.Empty(t, stopped)

	_, swept, _ = sweepOnce(t, "", true)
	require.Len(t, swept, 1)
	require.NotEqual(t, hostQueue, swept[0])
}

func TestSweepStagingEndsWithItsHost(t *testing.T) {
	out, swept, stopped := sweepOnce(t, hostQueue, false)
	require.True(t, out.HostGone)
	require.Empty(t, swept)
	require.Equal(t, []string{hostQueue}, stopped)
}
