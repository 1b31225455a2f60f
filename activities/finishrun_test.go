package activities_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// newFinishing has the lease of a run, and the run's plan in staging.
func newFinishing(t *testing.T) (s *stated, in activities.FinishRunInput, plan string) {
	t.Helper()
	s = newStated(t)
	s.deps.HostQueue = "host"
	s.restart()
	s.state.state = owner.State{Watermark: "1", Fence: 7, Lease: &owner.Lease{RunID: "mine", Fence: 7}}
	plan = filepath.Join(s.folder, filepath.FromSlash(staging.PlanKey(table.Name{Schema: "shop", Table: "t"}, "mine")))
	require.NoError(t, os.MkdirAll(filepath.Dir(plan), 0o700))
	require.NoError(t, os.WriteFile(plan, []byte("{}"), 0o600))
	return s, activities.FinishRunInput{
		Table: "shop.t", DropPlan: "mine", Queue: "host", Finish: owner.FinishRequest{
			Fence: 7, RunID: "mine", Watermark: "2", Record: owner.RunRecord{RunID: "mine", Outcome: owner.OutcomeDone},
		},
	}, plan
}

func TestFinishRunRaisesTheWatermarkAndDropsThePlan(t *testing.T) {
	s, in, plan := newFinishing(t)
	for range 2 { // repeating it is harmless
		var out activities.FinishRunResult
		require.NoError(t, s.step("FinishRun", in, &out))
		require.Equal(t, "2", out.Watermark)
		require.Nil(t, s.state.state.Lease)
		require.Len(t, s.state.state.LastRuns, 1)
		require.NoFileExists(t, plan)
	}
}

// A plan that cannot be removed is left, for the next sweep, and the run is done.
func TestFinishRunEndsWithoutItsPlansFolder(t *testing.T) {
	s, in, plan := newFinishing(t)
	require.NoError(t, os.RemoveAll(s.folder))
	require.NoError(t, os.WriteFile(s.folder, nil, 0o600))
	require.NoFileExists(t, plan)
	var out activities.FinishRunResult
	require.NoError(t, s.step("FinishRun", in, &out))
	require.Equal(t, "2", out.Watermark)
}

func TestFinishRunOfALostLeaseKeepsThePlan(t *testing.T) {
	s, in, plan := newFinishing(t)
	s.state.state.Fence, s.state.state.Lease = 8, &owner.Lease{RunID: "theirs", Fence: 8}
	requireType(t, s.step("FinishRun", in, nil), failure.LeaseLost)
	require.Equal(t, "1", s.state.state.Watermark)
	require.Equal(t, "theirs", s.state.state.Lease.RunID)
	require.FileExists(t, plan)
}

func TestFinishRunOnAnotherHostAsksForTheRunsOwn(t *testing.T) {
	s, in, plan := newFinishing(t)
	in.Queue = "elsewhere"
	requireType(t, s.step("FinishRun", in, nil), failure.WrongHost)
	require.Empty(t, s.state.updates)
	require.FileExists(t, plan)
}
