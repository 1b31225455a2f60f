package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/workflows"
)

// A run that its first step has found empty has no other step. With arguments of its own it is never ended like that.
func TestSyncTableEndsAfterBeginRunWhereNothingIsToRead(t *testing.T) {
	for _, in := range []workflows.SyncTableInput{{Table: orders.Table}, {Table: orders.Table, Full: true}} {
		f := newFake()
		begin := f.begin
		f.begin = func(req activities.BeginRunInput) (activities.BeginRunResult, error) {
			require.Equal(t, !in.Full, req.TakesEmpty)
			if !req.TakesEmpty {
				return begin(req)
			}
			at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			empty := &activities.EmptyRun{
				Target: "dw.orders", Window: table.Window{Lo: "4", Hi: "9"}, Watermark: "9", FreshAt: at,
				Warnings: []string{"w"}, KnownWarnings: []string{"w"}, Seconds: 0.5,
			}
			return activities.BeginRunResult{
				Busy: &owner.Lease{WorkflowID: "sync"}, Visibility: owner.VisibilitySearch, Empty: empty,
			}, nil
		}
		env := run(t, f, in)
		require.NoError(t, env.GetWorkflowError())
		if in.Full {
			require.Contains(t, f.steps, "PlanRun")
			continue
		}
		require.Equal(t, []string{"BeginRun"}, f.steps)
		var result workflows.SyncTableResult
		require.NoError(t, env.GetWorkflowResult(&result))
		require.Equal(t, "dw.orders", result.Target)
		require.Equal(t, api.ModeIncremental, result.Mode)
		require.Equal(t, "9", result.Watermark)
		require.Equal(t, table.Window{Lo: "4", Hi: "9"}, result.Window)
		require.Equal(t, []string{"w"}, result.Warnings)
		require.Equal(t, []string{"w"}, result.KnownWarnings)
		require.Contains(t, result.Seconds, workflows.PhaseTotal)
		require.Zero(t, result.RowsExtracted)
	}
}

// An empty run is recorded once, by the state that it was planned by, and only where no run has the lease.
func TestTableStateRecordsAnEmptyRun(t *testing.T) {
	o := newStateHarness(t)
	ok := func(_ any, err error) { require.NoError(t, err) }
	refused := func(_ any, err error) {
		requireType(t, err, failure.TableBusy)
		require.True(t, o.rejected, "a refusal writes nothing to the history")
	}
	var id string
	request := func(run string, revision int64) *owner.EmptyRunRequest {
		return &owner.EmptyRunRequest{
			Begin: owner.BeginRequest{WorkflowID: "a", RunID: run}, Revision: revision,
			Finish: owner.FinishRequest{
				RunID: run, Watermark: "1" + run,
				Record: owner.RunRecord{RunID: run, Outcome: owner.OutcomeDone},
			},
		}
	}
	empty := func(req *owner.EmptyRunRequest, check func(any, error)) {
		o.thenLater(owner.UpdateRecordEmptyRun, func() any { req.StateID = id; return *req }, check)
	}
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "a", RunID: "1"}, func(reply any, err error) {
		require.NoError(t, err)
		id = reply.(owner.State).ID
	})
	empty(request("2", 1), refused) // the lease is out
	first := owner.FinishRequest{Fence: 1, Watermark: "1", Record: owner.RunRecord{RunID: "1"}}
	o.then(owner.UpdateFinishRun, first, ok)
	empty(request("2", 1), refused) // planned before the run
	done := func(reply any, err error) {
		require.NoError(t, err)
		require.Equal(t, "12", reply.(owner.EmptyRunReply).Watermark)
	}
	empty(request("2", 2), done)
	empty(request("2", 2), done) // its reply was lost
	o.then(owner.UpdateSetWatermark, owner.SetRequest{Watermark: "5", Cursor: "id"}, func(reply any, err error) {
		require.NoError(t, err)
		require.Len(t, reply.(owner.State).LastRuns, 1, "the history keeps each reply")
	})
	empty(request("3", 4), refused) // planned before the watermark was set by hand
	empty(request("3", 5), ok)
	o.run()
	s := o.state()
	require.Nil(t, s.Lease)
	require.Equal(t, "13", s.Watermark)
	require.Len(t, s.LastRuns, 3)
	require.Greater(t, s.Fence, o.leases[0].Fence)
}
