package activities

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/metrics"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// update sends an update to the table's state workflow, which is started first if it does not run.
func (a *Activities) update(ctx context.Context, tbl, name string, req, reply any) error {
	start := a.deps.Client.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID:                       owner.WorkflowID(a.deps.TaskQueue, tbl),
		TaskQueue:                a.deps.TaskQueue, // not the step's: that may be a host's
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "Watermark and lease of " + tbl,
		StaticDetails:            owner.StaticDetails,
		Memo:                     map[string]any{api.MemoTable: tbl},
	}, owner.WorkflowType, owner.State{Version: owner.StateVersion, Table: tbl})
	handle, err := a.deps.Client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName:   name,
			Args:         []any{req},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(ctx, reply)
	}
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return err // the state workflow's own refusal, such as LeaseLost
	}
	if err != nil {
		return fmt.Errorf("%s of the state workflow of %s: %w", name, tbl, err)
	}
	return nil
}

// state reads the table's state without changing it; the zero State if no state workflow runs.
func (a *Activities) state(ctx context.Context, tbl string) (owner.State, error) {
	s, _, err := owner.ReadState(ctx, a.deps.Client, a.deps.TaskQueue, tbl)
	return s, err
}

// Observed is a state as metrics show it.
func Observed(s owner.State) metrics.TableState {
	out := metrics.TableState{
		Table: s.Table, FreshAt: s.FreshAt, LastSuccess: s.LastSuccess, Failed: s.FailedRuns,
		HeldBack: time.Duration(s.HeldBackSeconds * float64(time.Second)),
		Loaded:   s.Watermark != "" || !s.LastSuccess.IsZero(),
	}
	if s.HasDateCursor() {
		out.StaleMargin = owner.DateMargin
	}
	if q := s.Quarantine; q.Rows() > 0 {
		out.Quarantined, out.QuarantinedSince = q.Rows(), q.Oldest
	}
	if n := len(s.LastRuns); n > 0 && strings.HasPrefix(s.LastRuns[n-1].Failure, failure.WatermarkAhead+":") {
		out.Ahead = true
	}
	if s.Lease != nil && !s.Lease.Slice {
		out.RunningSince = s.Lease.Since
	}
	out.DeletesHeld = s.DeletesPaused || s.LastSweep != nil && s.LastSweep.Held != ""
	if v := s.LastVerify; v != nil {
		out.VerifiedAt, out.Differing = v.At, map[string]int64{}
		for verdict, keys := range v.Open() {
			out.Differing[string(verdict)] = keys
		}
	}
	return out
}

// observe shows a state that the state workflow has just replied with.
func (a *Activities) observe(s owner.State) { a.deps.Metrics.State(Observed(s)) }
