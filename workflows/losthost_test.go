package workflows_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/workflows"
)

// lose makes a host one whose workers do not answer, once it has taken some steps. It counts the
// cleanups that are tried there afterwards.
func (f *fake) lose(queue, at string, after int) (cleanups *int) {
	route, gone := f.route, false
	cleanups = new(int)
	f.route = func(step, q string) error {
		if q == queue && step == at {
			gone = gone || after == 0
			after--
		}
		if q == queue && gone {
			if step == "Cleanup" {
				*cleanups++
			}
			return noWorkerCame()
		}
		return route(step, q)
	}
	f.ask = func(q string) error {
		if strings.HasPrefix(q, queue+"/") && gone {
			return noWorkerCame()
		}
		return nil
	}
	return cleanups
}

// endsAnywhere lets any worker end a run.
func (f *fake) endsAnywhere() {
	route := f.route
	f.route = func(step, queue string) error {
		if step == "FinishRun" && queue != hostQueue {
			return nil
		}
		return route(step, queue)
	}
}

func TestALostHostsRunIsPlannedAnewElsewhere(t *testing.T) {
	f := newFake()
	f.plan.Mode, f.plan.Ranges, f.plan.Done, f.plan.RangesInFlight = api.ModeFirstLoad, 3, "000", 1
	f.byHost(1)
	late := f.lose(hostQueue, "ExtractIncremental", 2) // two ranges are loaded by then
	route := f.route
	f.route = func(step, queue string) error {
		if step == "PlanRun" && len(f.planned) == 1 { // another host plans: with nothing done
			f.plan.Queue, f.plan.PlanSum = "tablehaul@two", "another"
		}
		if f.plan.Queue != hostQueue && queue != hostQueue {
			return nil
		}
		return route(step, queue)
	}
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	require.Len(t, f.planned, 2)
	require.Equal(t, &owner.FirstLoad{Run: "run-1", PlanSum: "sum", Done: "110"}, f.planned[1].State.FirstLoad,
		"a plan that is there after all is taken up again")
	require.Empty(t, f.planned[1].Queue)
	require.Equal(t, 5, f.count("ExtractIncremental"))
	var result workflows.SyncTableResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.EqualValues(t, 3*120, result.RowsExtracted, "what is moved again counts once")
	require.EqualValues(t, 3*48, result.Inserted)
	require.Len(t, f.finished, 1)
	require.Equal(t, "9", f.finished[0].Finish.Watermark)
	require.Equal(t, "tablehaul@two", f.recorded[len(f.recorded)-4].FirstLoad.Queue)
	require.Zero(t, *late, "nothing is removed on a host that is gone")
}

// ofFence is the target's state row in a plan.
func ofFence(fence int64) *activities.TargetRow {
	return &activities.TargetRow{Ref: lineage.Ref{Target: table.Name{Schema: "dw", Table: "orders"}, Fence: fence}}
}

// The target's state row keeps out the rows that a lost host may still be writing. Without one they are waited out.
func TestALostHostsLastWritesAreWaitedForWithoutAStateRow(t *testing.T) {
	for row, least := range map[*activities.TargetRow]time.Duration{
		nil: activities.ChunkTimeout, ofFence(7): 0,
	} {
		f := newFake()
		f.plan.TargetRow = row
		f.byHost(1)
		f.lose(hostQueue, "UpsertChunk", 4)
		f.endsAnywhere()
		var env *testsuite.TestWorkflowEnvironment
		var planned []time.Time
		route := f.route
		f.route = func(step, queue string) error {
			if step == "PlanRun" {
				planned = append(planned, env.Now())
			}
			if step == "PlanRun" && len(planned) == 2 {
				f.plan.Queue, f.plan.PlanSum = "", "another"
			}
			if f.plan.Queue == "" && queue != hostQueue {
				return nil
			}
			return route(step, queue)
		}
		require.NoError(t, run(t, f, orders, func(e *testsuite.TestWorkflowEnvironment) { env = e }).GetWorkflowError())
		require.Len(t, planned, 2)
		waited := planned[1].Sub(planned[0])
		require.GreaterOrEqual(t, waited, least)
		require.Less(t, waited, least+time.Minute)
	}
}

// A window that is moved in the run's own history.
func TestALostHostsWindowIsPlannedAnewElsewhere(t *testing.T) {
	f := newFake()
	f.byHost(1)
	f.lose(hostQueue, "UpsertChunk", 4)
	route := f.route
	f.route = func(step, queue string) error {
		if step == "PlanRun" && len(f.planned) == 1 {
			f.plan.Queue, f.plan.PlanSum = "", "another" // that host shares its files
		}
		if f.plan.Queue == "" && queue != hostQueue {
			return nil
		}
		return route(step, queue)
	}
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	require.Nil(t, f.planned[1].State.FirstLoad)
	var result workflows.SyncTableResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.EqualValues(t, 120, result.RowsExtracted)
	require.EqualValues(t, 120, result.Inserted+result.Updated+result.Unchanged)
	require.Equal(t, "9", f.finished[0].Finish.Watermark)
}

// A plan that is lost is made again under a name of its own, and with a fence of its own: nothing of the first is taken
// for the second's.
func TestALostPlanIsMadeAnewUnderAnotherName(t *testing.T) {
	for lost, wants := range map[int]string{1: "", 2: "", 3: failure.PlanLost} {
		f := newFake()
		f.plan.Cursor = "updated_at"
		extract := f.extract
		f.extract = func(in activities.RangeInput) (activities.ExtractResult, error) {
			if len(f.planned) <= lost {
				return activities.ExtractResult{}, temporal.NewNonRetryableApplicationError("it is gone",
					failure.PlanLost, nil)
			}
			return extract(in)
		}
		f.route = func(step, _ string) error {
			if step == "PlanRun" {
				f.plan.PlanSum = fmt.Sprint("sum", len(f.planned))
				f.plan.Run = fmt.Sprint("plan", len(f.planned))
			}
			return nil
		}
		env := run(t, f, orders)
		var names []string
		for i, in := range f.planned {
			names = append(names, in.Run)
			require.Equal(t, i, in.Plan)
			require.EqualValues(t, 7, in.State.Lease.Fence)
			if i > 0 {
				require.Equal(t, fmt.Sprint("plan", i-1), in.Lost)
			}
		}
		require.Equal(t, []string{
			"default-test-run-id", "default-test-run-id.1",
			"default-test-run-id.2",
		}[:min(lost+1, 3)], names)
		if wants != "" {
			requireFailure(t, env, wants)
			continue
		}
		require.NoError(t, env.GetWorkflowError())
		var result workflows.SyncTableResult
		require.NoError(t, env.GetWorkflowResult(&result))
		require.EqualValues(t, 120, result.RowsExtracted)
		require.Equal(t, f.plan.Run, f.finished[0].DropPlan)
	}
}

func TestARunThatLosesEveryHostFails(t *testing.T) {
	f := newFake()
	f.byHost(1)
	f.lose(hostQueue, "ExtractIncremental", 0)
	f.endsAnywhere()
	env := run(t, f, orders)
	requireFailure(t, env, failure.HostGone)
	require.Len(t, f.planned, 3)
	require.Empty(t, f.finished[0].Finish.Watermark)
	require.Equal(t, owner.OutcomeFailed, f.finished[0].Finish.Record.Outcome)
}

// The host is lost when all is done but the end: the watermark still rises.
func TestAHostLostAtTheEndKeepsNothingBack(t *testing.T) {
	f := newFake()
	f.byHost(1)
	f.lose(hostQueue, "FinishRun", 0)
	f.endsAnywhere()
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	require.Len(t, f.finished, 1)
	require.Equal(t, "9", f.finished[0].Finish.Watermark)
	require.Empty(t, f.finished[0].Queue, "any worker may end the run")
}

// A first load that another run has begun goes on where its plan is, or anywhere without it.
func TestAnUnfinishedFirstLoadIsPlannedWhereItsPlanIs(t *testing.T) {
	for name, there := range map[string]bool{"there": true, "gone": false} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.plan.Mode, f.plan.Queue = api.ModeFirstLoad, hostQueue
			begin := f.begin
			f.begin = func(in activities.BeginRunInput) (activities.BeginRunResult, error) {
				out, err := begin(in)
				out.State.FirstLoad = &owner.FirstLoad{Run: "run-0", Done: "1", Queue: hostQueue}
				return out, err
			}
			plans := []string{}
			f.route = func(step, queue string) error {
				if step != "PlanRun" {
					return nil
				}
				plans = append(plans, queue)
				switch {
				case len(plans) == 1:
					return wrongHost(1)
				case queue == hostQueue && !there:
					return noWorkerCame()
				}
				return nil
			}
			f.ask = func(string) error {
				if there {
					return nil
				}
				return noWorkerCame()
			}
			env := run(t, f, orders, func(env *testsuite.TestWorkflowEnvironment) {})
			require.NoError(t, env.GetWorkflowError())
			require.Equal(t, hostQueue, plans[1])
			require.Len(t, f.planned, 1)
			if there {
				require.Len(t, plans, 2)
				require.Equal(t, hostQueue, f.planned[0].Queue)
			} else {
				require.Len(t, plans, 3)
				require.NotEqual(t, hostQueue, plans[2])
				require.Empty(t, f.planned[0].Queue)
			}
		})
	}
}
