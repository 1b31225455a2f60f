package activities_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

const (
	isRunning    = enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	hasEnded     = enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED
	hasContinued = enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW
)

// looks are the states of a run at one look after the other.
func looks(states ...enumspb.WorkflowExecutionStatus) func(look int) enumspb.WorkflowExecutionStatus {
	return func(look int) enumspb.WorkflowExecutionStatus { return states[look-1] }
}

// runsToSweep are runs in staging, and what a sweep does with their files.
var runsToSweep = map[string]struct {
	status  enumspb.WorkflowExecutionStatus
	prepare func(b *bench, state *stateClient)
	want    activities.SweepResult
}{
	"the run has ended": {hasEnded, nil, activities.SweepResult{Runs: 1, Files: 1}},
	"it runs":           {isRunning, nil, activities.SweepResult{Kept: 1}},
	"it was reset, and lives on": {hasEnded, func(_ *bench, state *stateClient) {
		state.onDescribe = looks(hasEnded, isRunning)
		state.reset = map[string]string{"run-1": "run-2"}
	}, activities.SweepResult{Kept: 1}},
	"it continued as new, and lives on": {hasEnded, func(_ *bench, state *stateClient) {
		state.onDescribe = looks(hasContinued, isRunning)
		state.first = func(int) string { return "run-1" }
	}, activities.SweepResult{Kept: 1}},
	"it continued as new, and another one runs": {hasEnded, func(_ *bench, state *stateClient) {
		state.onDescribe = looks(hasContinued, isRunning)
		state.first = func(look int) string { return []string{"run-1", "run-9"}[look-1] }
	}, activities.SweepResult{Runs: 1, Files: 1}},
	"it continued as new, and has ended": {hasEnded, func(_ *bench, state *stateClient) {
		state.onDescribe = looks(hasContinued, hasEnded)
	}, activities.SweepResult{Runs: 1, Files: 1}},
	"a first load goes on from it": {hasEnded, func(_ *bench, state *stateClient) {
		state.state.FirstLoad = &owner.FirstLoad{Run: "run-1"}
	}, activities.SweepResult{Kept: 1}},
	"another deployment's": {
		hasEnded, func(b *bench, _ *stateClient) { b.deps.Deployment = "elsewhere" },
		activities.SweepResult{Others: 1},
	},
	"not old enough": {
		hasEnded, func(b *bench, _ *stateClient) { b.deps.SweepAfter = 3 * time.Hour },
		activities.SweepResult{Young: 1},
	},
	"no word of whose they are": {hasEnded, func(b *bench, _ *stateClient) {
		plans, err := filepath.Glob(filepath.Join(b.folder, "*", "*", "plan.json"))
		require.NoError(b.t, err)
		require.Len(b.t, plans, 1)
		require.NoError(b.t, os.WriteFile(plans[0], []byte("{"), 0o600))
	}, activities.SweepResult{Unnamed: 1}},
	"sweeping is off": {
		hasEnded, func(b *bench, _ *stateClient) { b.deps.SweepAfter = 0 },
		activities.SweepResult{},
	},
}

// Files of a run go when all of it is known: they are old, they say whose they are, no first load goes on from them,
// they are of this deployment, and Temporal says that the run has ended.
func TestSweepRemovesFilesOfEndedRunsOnly(t *testing.T) {
	for name, c := range runsToSweep {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, state := newBench(t, servers.MySQL(t)), &stateClient{}
			b.deps.Client, b.deps.Deployment, b.deps.SweepAfter = state, "here", time.Hour
			b.restart()
			b.plan()
			state.describes(c.status)
			if c.prepare != nil {
				c.prepare(b, state)
			}
			b.restart()
			b.age(2 * time.Hour)
			before := len(b.files())
			var out activities.SweepResult
			require.NoError(t, b.step("Sweep", nil, &out))
			require.Equal(t, c.want, out)
			require.Len(t, b.files(), before-c.want.Files)
		})
	}
}

// files are all those in the folder.
func (b *bench) files() (all []string) {
	b.t.Helper()
	require.NoError(b.t, filepath.WalkDir(b.folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	}))
	return all
}

// age makes all files older.
func (b *bench) age(by time.Duration) {
	b.t.Helper()
	at := time.Now().Add(-by)
	for _, path := range b.files() {
		require.NoError(b.t, os.Chtimes(path, at, at))
	}
}
