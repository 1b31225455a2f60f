package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/workflows"
)

var aDump = owner.LoadOf("night1/@.json", "v1", time.UnixMilli(1).UTC())

// ofFiles is a run of files that has taken up another one, of whose five ranges the first was loaded.
func ofFiles() *fake {
	f := newFake()
	f.plan.Mode, f.plan.Ranges, f.plan.Done, f.plan.RangesInFlight = api.ModeFiles, 5, "10000", 1
	f.plan.Resumable, f.plan.TakenFrom = true, "run-0"
	f.plan.Files = &activities.FilesPlan{
		FilesRead: api.FilesRead{Loads: 2, Files: 9}, LostLoads: &owner.LostLoads{KeepRuns: 3},
		Snapshots: owner.Loads{aDump},
	}
	f.begin = func(in activities.BeginRunInput) (activities.BeginRunResult, error) {
		return activities.BeginRunResult{Files: true, State: owner.State{
			Lease: &owner.Lease{WorkflowID: in.WorkflowID, RunID: in.RunID, Fence: 7},
		}}, nil
	}
	return f
}

func TestARunOfFilesRecordsItsRanges(t *testing.T) {
	f := ofFiles()
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, 4, f.count("ReadFiles"), "a loaded range is not read again")
	require.Equal(t, &owner.FirstLoad{
		Run: "run-1", PlanSum: "sum", Done: "10000", Fence: 7, Files: &api.FilesRead{Loads: 2, Files: 9},
		Snapshots: owner.Loads{aDump},
	}, f.recorded[0].FirstLoad)
	require.Equal(t, &owner.LostLoads{KeepRuns: 3}, f.recorded[0].LostLoads)
	var ranges []int // a range may begin before the record of the one before it is made
	for _, p := range f.recorded[1:] {
		ranges = append(ranges, *p.RangeDone)
	}
	require.ElementsMatch(t, []int{1, 2, 3, 4}, ranges)
	end := f.finished[0]
	require.True(t, end.Finish.ForgetFirstLoad)
	require.Equal(t, "run-1", end.DropPlan)
	require.Equal(t, "run-0", end.DropTaken)
}

func TestARunOfFilesThatFailsKeepsItsPlan(t *testing.T) {
	f := ofFiles()
	f.extract = func(in activities.RangeInput) (activities.ExtractResult, error) {
		if in.Range == 2 {
			return activities.ExtractResult{}, temporal.NewNonRetryableApplicationError("row 3", failure.FilesRefused,
				nil)
		}
		return activities.ExtractResult{Rows: 120, Chunks: fakeChunks, Parts: 1}, nil
	}
	requireFailure(t, run(t, f, orders), failure.FilesRefused)
	require.Len(t, f.recorded, 2, "the plan, and range 1")
	end := f.finished[0]
	require.False(t, end.Finish.ForgetFirstLoad)
	require.Nil(t, end.Finish.Files)
	require.Empty(t, end.DropPlan+end.DropTaken)
}

// A file that changes in the middle of a run makes it plan again, from what is done by then.
func TestARunOfFilesPlansAgainWithWhatIsDone(t *testing.T) {
	f := ofFiles()
	f.plan.Queue = "orders@host-1"
	f.plan.TargetRow = ofFence(7)
	f.extract = func(in activities.RangeInput) (activities.ExtractResult, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if in.Range == 2 && len(f.planned) == 1 {
			f.plan.Done, f.plan.TakenFrom, f.plan.Run, f.plan.PlanSum = "11000", "run-1", "run-1-2", "another"
			f.plan.TargetRow = ofFence(8)
			return activities.ExtractResult{}, temporal.NewNonRetryableApplicationError("changed",
				failure.FilesChanged, nil)
		}
		return activities.ExtractResult{Rows: 120, Chunks: fakeChunks, Parts: 1}, nil
	}
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	require.Len(t, f.planned, 2)
	require.Equal(t, "11000", f.planned[1].State.FirstLoad.Done)
	require.True(t, f.planned[1].State.FirstLoad.Snapshots.Has(aDump), "its rows do not stop the run that wrote them")
	var begun []int64 // a target whose row has an older fence is one that was restored
	for _, p := range f.recorded {
		if p.FirstLoad != nil {
			begun = append(begun, p.FirstLoad.Fence)
		}
	}
	require.Equal(t, []int64{7, 8}, begun)
	require.Empty(t, f.planned[1].Lost, "its plan is still needed")
	require.Equal(t, f.plan.Queue, f.planned[1].Queue, "only that host has it")
	var result workflows.SyncTableResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.EqualValues(t, 4*120, result.RowsExtracted, "what was moved before counts, too")
	require.Equal(t, "run-1-2", f.finished[0].DropPlan)
}

// A run that cannot be planned at first still goes on with the one before.
func TestAnUnfinishedRunIsNotForgottenBeforeThereIsAPlan(t *testing.T) {
	before := owner.FirstLoad{Run: "run-0", PlanSum: "sum-0", Done: "10000", Queue: "orders@host-1"}
	f := ofFiles()
	begin := f.begin
	f.begin = func(in activities.BeginRunInput) (activities.BeginRunResult, error) {
		out, err := begin(in)
		out.State.FirstLoad = &before
		return out, err
	}
	tries := 0
	f.route = func(step, _ string) error {
		if step != "DiscoverFiles" {
			return nil
		}
		if tries++; tries > 1 {
			return nil
		}
		return temporal.NewNonRetryableApplicationError("changed", failure.FilesChanged, nil)
	}
	require.NoError(t, run(t, f, orders).GetWorkflowError())
	last := f.planned[len(f.planned)-1]
	require.Equal(t, &before, last.State.FirstLoad)
	require.Equal(t, before.Queue, last.Queue)
}

// Files that stay where they are do not fail a run that is done: its result has a warning.
func TestFilesThatStayAreAWarningOfTheRun(t *testing.T) {
	for warning, answer := range map[string]func() (activities.PutFilesAwayResult, error){
		"1 load stays": func() (activities.PutFilesAwayResult, error) {
			return activities.PutFilesAwayResult{Files: 2, Warning: "1 load stays"}, nil
		},
		"loaded files stay where they are: FilesRefused: no right": func() (activities.PutFilesAwayResult, error) {
			return activities.PutFilesAwayResult{}, temporal.NewNonRetryableApplicationError("no right",
				failure.FilesRefused, nil)
		},
	} {
		f := ofFiles()
		f.plan.Files.PutsAway = true
		f.putAway = func(activities.PutFilesAwayInput) (activities.PutFilesAwayResult, error) { return answer() }
		env := run(t, f, orders)
		require.NoError(t, env.GetWorkflowError())
		var result workflows.SyncTableResult
		require.NoError(t, env.GetWorkflowResult(&result))
		require.Equal(t, []string{warning}, result.Warnings)
		require.Equal(t, "PutFilesAway", f.steps[len(f.steps)-1])
	}
}
