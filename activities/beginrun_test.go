package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/staging/file"
	"github.com/tablehaul/tablehaul/internal/table"
)

// stated is a bench without servers, whose table has a state workflow.
type stated struct {
	*bench
	state *stateClient
}

func newStated(t *testing.T) *stated {
	t.Helper()
	s := &stated{&bench{t: t, folder: t.TempDir(), settings: activities.Settings{Cursor: "updated_at"}}, &stateClient{}}
	store, err := file.Open(s.folder)
	require.NoError(t, err)
	s.deps = activities.Deps{
		Store:     store,
		Settings:  func(table.Name) (activities.Settings, error) { return s.settings, nil },
		Client:    s.state,
		TaskQueue: "queue",
	}
	s.restart()
	return s
}

// begin asks for the lease as the run "mine".
func (s *stated) begin(ifBusy string) (out activities.BeginRunResult, err error) {
	s.t.Helper()
	return out, s.step("BeginRun", activities.BeginRunInput{
		Table: "shop.t", WorkflowID: "sync", RunID: "mine", IfBusy: ifBusy,
	}, &out)
}

// held gives the lease to another run.
func (s *stated) held() {
	s.state.state.Fence = 4
	s.state.state.Lease = &owner.Lease{WorkflowID: "other", RunID: "theirs", Fence: 4}
}

func TestBeginRunGetsOneLeaseHoweverOftenItIsRepeated(t *testing.T) {
	s := newStated(t)
	s.state.state = owner.State{Watermark: "2024-01-01", LastRuns: []owner.RunRecord{{RunID: "earlier"}}}
	for range 2 {
		out, err := s.begin("")
		require.NoError(t, err)
		require.Nil(t, out.Busy)
		require.EqualValues(t, 1, out.State.Lease.Fence)
		require.Equal(t, "mine", out.State.Lease.RunID)
		require.Equal(t, "2024-01-01", out.State.Watermark)
		require.Empty(t, out.State.LastRuns, "a history has no use for them")
	}
}

func TestBeginRunOfABusyTable(t *testing.T) {
	s := newStated(t)
	s.held()
	s.state.describes(enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING)
	_, err := s.begin("")
	requireType(t, err, failure.TableBusy)
	require.ErrorContains(t, err, "table shop.t is being written by workflow other (run theirs)")
	out, err := s.begin(api.IfBusySkip)
	require.NoError(t, err)
	require.Equal(t, "other", out.Busy.WorkflowID)
	require.Empty(t, s.state.updates, "who is refused writes nothing to the state workflow's history")

	s.state.onDescribe = func(look int) enumspb.WorkflowExecutionStatus { // it ends while we wait
		if look == 1 {
			return enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
		}
		return enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	}
	out, err = s.begin(api.IfBusyWait)
	require.NoError(t, err)
	require.EqualValues(t, 5, out.State.Lease.Fence)
}

// A slice of a comparison takes seconds: a run waits for it, and is not skipped. The state workflow grants the lease.
func TestBeginRunWaitsForASlice(t *testing.T) {
	s := newStated(t)
	s.held()
	s.state.state.Lease.Slice = true
	s.state.describes(enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING)
	out, err := s.begin(api.IfBusySkip)
	require.NoError(t, err)
	require.Nil(t, out.Busy)
	require.Equal(t, []string{owner.UpdateBeginRun}, s.state.updates)
}

// A run that was ended abruptly may write for as long as a chunk takes. Where a cursor guards the rows, its successor
// need not wait.
func TestBeginRunTakesOverFromARunThatHasEnded(t *testing.T) {
	for _, cursor := range []string{"updated_at", ""} {
		s := newStated(t)
		s.settings.Cursor = cursor
		s.held()
		s.state.describes(enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED)
		s.state.closed = time.Now()
		if cursor == "" {
			s.state.closed = time.Now().Add(-activities.ChunkTimeout) // the wait is over
		}
		var asked owner.BeginRequest
		s.state.onBegin = func(req owner.BeginRequest) { asked = req }
		out, err := s.begin("")
		require.NoError(t, err)
		require.EqualValues(t, 4, asked.TakeOver, "the fence of the run that has ended")
		require.EqualValues(t, 5, out.State.Lease.Fence)
	}
}

// A run that was reset lives on in another one, which holds what it held.
func TestBeginRunFollowsAReset(t *testing.T) {
	s := newStated(t)
	s.held()
	s.state.reset = map[string]string{"theirs": "again"}
	s.state.onDescribe = func(look int) enumspb.WorkflowExecutionStatus {
		if look == 1 {
			return enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED
		}
		return enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	}
	_, err := s.begin("")
	requireType(t, err, failure.TableBusy)
}

// Without a state row on the target nothing keeps out a chunk of a run that was ended abruptly: it is waited out, also
// where a cursor guards the rows.
func TestBeginRunWaitsForTheLastWriteWithoutAStateRow(t *testing.T) {
	for _, kept := range []bool{true, false} {
		s := newStated(t)
		s.held()
		s.state.state.Identity = &owner.Identity{Target: owner.TargetIdentity{Row: kept}}
		s.state.describes(enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED)
		s.state.closed = time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		waits := make(chan string, 1)
		s.env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
		s.env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
			var why string
			if details.Get(&why) == nil {
				waits <- why
				cancel() // the wait is over
			}
		})
		_, err := s.begin("")
		if kept {
			require.NoError(t, err)
			require.Empty(t, waits)
			continue
		}
		require.Error(t, err)
		require.Equal(t, "waiting for the last write of other", <-waits)
		require.Empty(t, s.state.updates, "the lease is not taken over yet")
	}
}
