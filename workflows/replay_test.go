package workflows_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"

	"github.com/tablehaul/tablehaul/workflows"
)

// Today's code replays every history that a released version recorded: a run that is in
// flight while workers are exchanged goes on. A mismatch says TMPRL1100. An empty folder fails.
func TestRecordedHistoriesReplay(t *testing.T) {
	releases, err := os.ReadDir("testdata/histories")
	require.NoError(t, err)
	require.NotEmpty(t, releases)
	for _, release := range releases {
		files, err := filepath.Glob(filepath.Join("testdata/histories", release.Name(), "*.json"))
		require.NoError(t, err)
		require.NotEmpty(t, files, release.Name())
		for _, file := range files {
			t.Run(release.Name()+"/"+filepath.Base(file), func(t *testing.T) {
				replayer, err := worker.NewWorkflowReplayerWithOptions(
					worker.WorkflowReplayerOptions{DisableDeadlockDetection: true})
				require.NoError(t, err)
				workflows.Register(replayer)
				silent := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
				require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(silent, file))
			})
		}
	}
}
