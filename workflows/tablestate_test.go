package workflows_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
)

func TestTableStateGrantsOneLeaseAtATime(t *testing.T) {
	o := newStateHarness(t)
	granted := func(holder string, fence int64) func(any, error) {
		return func(reply any, err error) {
			require.NoError(t, err)
			require.Equal(t, holder, reply.(owner.State).Lease.WorkflowID)
			require.Equal(t, fence, o.granted(reply))
		}
	}
	refused := func(typ string) func(any, error) {
		return func(_ any, err error) {
			requireType(t, err, typ)
			require.True(t, o.rejected, "a refusal writes nothing to the history")
		}
	}
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "a", RunID: "1"}, granted("a", 1))
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "b", RunID: "1"}, refused(failure.TableBusy))
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "a", RunID: "1"}, granted("a", 1)) // its reply was lost
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "a", RunID: "2"}, refused(failure.TableBusy))
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "b", RunID: "1", TakeOver: 9},
		refused(failure.TableBusy))
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "b", RunID: "1", TakeOver: 1}, granted("b", 2))
	o.then(owner.UpdateFinishRun, owner.FinishRequest{Fence: 1, Watermark: "9"}, refused(failure.LeaseLost))
	o.then(owner.UpdateRecordProgress, owner.ProgressRequest{Fence: 1}, refused(failure.LeaseLost))
	// A state workflow that was started again may give a fence again; the run id differs.
	o.then(owner.UpdateFinishRun, owner.FinishRequest{Fence: 2, RunID: "0", Watermark: "9"}, refused(failure.LeaseLost))
	o.then(owner.UpdateRecordProgress, owner.ProgressRequest{Fence: 2, RunID: "0"}, refused(failure.LeaseLost))
	o.then(owner.UpdateSetWatermark, owner.SetRequest{Watermark: "1"}, refused(failure.TableBusy))
	finish := owner.FinishRequest{
		Fence: 2, Watermark: "9", Cursor: "id",
		Record: owner.RunRecord{RunID: "1", Outcome: "done"},
	}
	o.then(owner.UpdateFinishRun, finish, func(reply any, err error) {
		require.NoError(t, err)
		require.Equal(t, "9", reply.(owner.State).Watermark)
	})
	o.then(owner.UpdateFinishRun, finish, func(_ any, err error) { require.NoError(t, err) }) // its reply was lost
	o.run()
	s := o.state()
	require.Nil(t, s.Lease)
	require.Equal(t, "9", s.Watermark)
	require.Equal(t, "id", s.Cursor)
	require.Len(t, s.LastRuns, 1)
}

func TestFencesNeverRestart(t *testing.T) {
	var fences []int64
	for range 2 { // the second state workflow knows nothing of the first, which was terminated
		o := newStateHarness(t)
		for _, run := range []string{"1", "2"} {
			o.then(owner.UpdateBeginRun, owner.BeginRequest{
				WorkflowID: "a", RunID: run,
				TakeOver: int64(len(o.leases)),
			}, func(_ any, err error) { require.NoError(t, err) })
			o.then(owner.UpdateFinishRun, owner.FinishRequest{Fence: map[string]int64{"1": 1, "2": 2}[run]},
				func(_ any, err error) { require.NoError(t, err) })
		}
		o.env.SetStartTime(time.Date(2026, 1, 1+len(fences), 0, 0, 0, 0, time.UTC))
		o.run()
		require.NotEmpty(t, o.state().ID)
		for _, l := range o.leases {
			fences = append(fences, l.Fence)
		}
	}
	require.Len(t, fences, 4)
	require.IsIncreasing(t, fences)
}

// Each plan of a run has a fence of its own, above that of the lease: the next lease leaves room for all of them, also
// where the clock does not move.
func TestFencesLeaveRoomForThePlansOfARun(t *testing.T) {
	o := newStateHarness(t)
	ok := func(_ any, err error) { require.NoError(t, err) }
	sent := func(name string, req any) {
		o.delay -= time.Second - time.Nanosecond
		o.then(name, req, ok)
	}
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "a", RunID: "1"}, ok)
	sent(owner.UpdateFinishRun, owner.FinishRequest{Fence: 1, Record: owner.RunRecord{RunID: "1"}})
	sent(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "a", RunID: "2"})
	o.run()
	require.Len(t, o.leases, 2)
	require.GreaterOrEqual(t, o.leases[1].Fence, o.leases[0].Fence+activities.PlansOfRun)
}

// A source's clock that was back is remembered until a run raises the watermark and says nothing of it.
func TestTableStateRemembersAClockThatWasBack(t *testing.T) {
	o := newStateHarness(t)
	back := func(want time.Duration) func(any, error) {
		return func(_ any, err error) {
			require.NoError(t, err)
			require.Equal(t, want, o.state().ClockBack)
			require.Equal(t, want > 0, o.state().ClockUntil == "5")
		}
	}
	ok := func(_ any, err error) { require.NoError(t, err) }
	for i, run := range []struct{ back, want time.Duration }{
		{8 * time.Minute, 8 * time.Minute},
		{time.Minute, 8 * time.Minute},
	} {
		id := fmt.Sprint(i)
		o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "a", RunID: id}, ok)
		o.then(owner.UpdateFinishRun, owner.FinishRequest{
			Fence: int64(i + 1), ClockBack: run.back, ClockUntil: "5",
			Record: owner.RunRecord{RunID: id, Outcome: owner.OutcomeFailed},
		}, back(run.want))
	}
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "a", RunID: "2"}, ok)
	o.then(owner.UpdateFinishRun, owner.FinishRequest{
		Fence: 3, Watermark: "9", ClockBack: time.Second,
		ClockUntil: "5", Record: owner.RunRecord{RunID: "2"},
	}, back(time.Second))
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "a", RunID: "3"}, ok)
	o.then(owner.UpdateFinishRun, owner.FinishRequest{Fence: 4, Watermark: "10", Record: owner.RunRecord{RunID: "3"}},
		back(0))
	o.run()
}

func TestTableStateAdoptsWhatThereIs(t *testing.T) {
	o := newStateHarness(t)
	ok := func(_ any, err error) { require.NoError(t, err) }
	id := &owner.Identity{Cursor: "u"}
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "a", RunID: "1"}, ok)
	o.then(owner.UpdateFinishRun, owner.FinishRequest{Fence: 1, Watermark: "7", Cursor: "u", Identity: id},
		func(_ any, err error) {
			require.NoError(t, err)
			require.Equal(t, id, o.state().Identity)
		})
	o.then(owner.UpdateSetWatermark, owner.SetRequest{Adopt: true}, func(_ any, err error) {
		require.NoError(t, err)
		require.Nil(t, o.state().Identity)
		require.True(t, o.state().Adopt)
		require.Equal(t, "7", o.state().Watermark)
	})
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "a", RunID: "2"}, ok)
	o.then(owner.UpdateFinishRun, owner.FinishRequest{Fence: 2, Watermark: "8", Cursor: "u", Identity: id}, ok)
	o.run()
	require.False(t, o.state().Adopt)
	require.Equal(t, id, o.state().Identity)
}

func TestTableStateRemembersAFirstLoad(t *testing.T) {
	o := newStateHarness(t)
	ok := func(_ any, err error) { require.NoError(t, err) }
	one := 1
	o.beginsToLoad("000")
	o.then(owner.UpdateRecordProgress, owner.ProgressRequest{Fence: 1, RangeDone: &one}, ok)
	o.then(owner.UpdateFinishRun, owner.FinishRequest{
		Fence:  1,
		Record: owner.RunRecord{RunID: "1", Outcome: "failed"},
	}, ok)
	o.run()
	require.Equal(t, &owner.FirstLoad{Run: "1", Done: "010"}, o.state().FirstLoad)
	require.Empty(t, o.state().Watermark)
}

// A step of a plan that was lost may end late: what it says of a range is not of the next plan's.
func TestTableStateMarksRangesOfTheRecordedPlanOnly(t *testing.T) {
	o := newStateHarness(t)
	ok := func(_ any, err error) { require.NoError(t, err) }
	late, one := 2, 1
	o.beginsToLoad("000")
	o.then(owner.UpdateRecordProgress, owner.ProgressRequest{
		Fence: 1, FirstLoad: &owner.FirstLoad{Run: "1.1", PlanSum: "second", Done: "000"},
	}, ok)
	o.then(owner.UpdateRecordProgress, owner.ProgressRequest{Fence: 1, RangeDone: &late, PlanSum: "first"}, ok)
	o.then(owner.UpdateRecordProgress, owner.ProgressRequest{Fence: 1, RangeDone: &one, PlanSum: "second"}, ok)
	o.run()
	require.Equal(t, "010", o.state().FirstLoad.Done)
}

// A run that was terminated may have loaded all ranges: the one that takes them up reads no row, and yet the target has
// some.
func TestTableStateKnowsOfRowsThatAnotherRunHasLoaded(t *testing.T) {
	o := newStateHarness(t)
	ok := func(_ any, err error) { require.NoError(t, err) }
	first := 0
	o.beginsToLoad("0")
	o.then(owner.UpdateRecordProgress, owner.ProgressRequest{Fence: 1, RangeDone: &first}, ok)
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "a", RunID: "2", TakeOver: 1}, ok)
	o.then(owner.UpdateFinishRun, owner.FinishRequest{
		Fence: 2, Watermark: "9", Cursor: "id", ForgetFirstLoad: true,
		Record: owner.RunRecord{RunID: "2", Outcome: owner.OutcomeDone},
	}, ok)
	o.run()
	require.Nil(t, o.state().FirstLoad)
	require.True(t, o.state().Loaded)
}

func TestTableStateSetForgetsAFirstLoad(t *testing.T) {
	o := newStateHarness(t)
	ok := func(_ any, err error) { require.NoError(t, err) }
	o.beginsToLoad("000")
	o.then(owner.UpdateFinishRun, owner.FinishRequest{Fence: 1, Record: owner.RunRecord{RunID: "1"}}, ok)
	o.then(owner.UpdateSetWatermark, owner.SetRequest{Watermark: "2024-01-01", Cursor: "u"}, ok)
	o.run()
	require.Nil(t, o.state().FirstLoad)
	require.Equal(t, "2024-01-01", o.state().Watermark)
}

func TestTableStateContinuesAsNewWithItsState(t *testing.T) {
	o := newStateHarness(t)
	for range 500 {
		o.then(owner.UpdateSetWatermark, owner.SetRequest{Watermark: "5", Cursor: "id"},
			func(_ any, err error) { require.NoError(t, err) })
	}
	o.run()
	var next *workflow.ContinueAsNewError
	require.True(t, errors.As(o.env.GetWorkflowError(), &next), "%v", o.env.GetWorkflowError())
	var s owner.State
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &s))
	require.Equal(t, "5", s.Watermark)
	require.Equal(t, "shop.orders", s.Table)
}

// The update that sets the watermark takes no text that cannot be the cursor's.
func TestTableStateRefusesAWatermarkThatIsNone(t *testing.T) {
	o := newStateHarness(t)
	set := func(text string, taken bool) {
		o.then(owner.UpdateSetWatermark, owner.SetRequest{Watermark: text, Cursor: "updated_at"},
			func(_ any, err error) {
				require.Equal(t, taken, err == nil, "%q: %v", text, err)
			})
	}
	for _, text := range []string{
		"yesterday", "2024-13-01", "2024-05-01T12:00:00", "1; DROP TABLE t", "007",
		"2024-02-31 12:00:00",
	} {
		set(text, false)
	}
	set("2024-05-01 12:00:00", true)
	set("42", false)
	set("2024-05-01", false)
	set("2024-05-01 12:00:00.123456", true)
	set("", true)
	set("42", true)
	o.run()
	require.Equal(t, "42", o.state().Watermark)
}
