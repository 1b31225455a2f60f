package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
)

const (
	// busyPoll is the pause between two looks at a busy table while a run waits for it.
	busyPoll = 2 * time.Second
	// ChunkTimeout bounds one try of UpsertChunk. A worker that lost Temporal but not MySQL
	// may go on writing for as long, which is why BeginRun waits it out where no cursor
	// guards the rows.
	ChunkTimeout = 2 * time.Minute
)

// BeginRunInput asks for the right to write a table.
type BeginRunInput struct {
	Table string `json:"table"`
	// WorkflowID and RunID are those of the asking run.
	WorkflowID string `json:"workflowId"`
	RunID      string `json:"runId"`
	// IfBusy is IfBusyFail (also for ""), IfBusyWait or IfBusySkip.
	IfBusy string `json:"ifBusy,omitempty"`
}

// BeginRunResult is the lease, or who holds it.
type BeginRunResult struct {
	// Busy is the holder where the run is to be skipped; nil where the lease was granted.
	Busy *owner.Lease `json:"busy,omitempty"`
	// State is the table's as of now; State.Lease is ours unless Busy is set.
	State owner.State `json:"state"`
	// Visibility is what the run may tell Temporal's lists of itself.
	Visibility owner.Visibility `json:"visibility,omitempty"`
}

func (a *Activities) visibility(ctx context.Context) owner.Visibility {
	if a.deps.Searchable != nil && a.deps.Searchable(ctx) {
		return owner.VisibilitySearch
	}
	return owner.VisibilityMemo
}

// BeginRun gets the table's lease from its state workflow, which it starts where there is none. A
// lease whose holder is closed is taken over with a higher fence. While the table is busy, it asks by
// the state workflow's query, which writes nothing to a history.
//
// Repeating it is harmless: the same run gets the same lease. While it waits for a busy table
// it heartbeats the holder's workflow id.
func (a *Activities) BeginRun(ctx context.Context, in BeginRunInput) (BeginRunResult, error) {
	settings, err := a.settings(in.Table)
	if err != nil {
		return BeginRunResult{}, err
	}
	req := owner.BeginRequest{WorkflowID: in.WorkflowID, RunID: in.RunID, Visibility: a.visibility(ctx)}
	if a.deps.Webhook != nil {
		req.Notices = &owner.NoticeSettings{StaleAfter: settings.StaleAfter}
	}
	var ended []string // runs that held the lease and are closed
	for {
		state, err := a.state(ctx, in.Table)
		if err != nil {
			return BeginRunResult{}, err
		}
		if l := state.Lease; l == nil || l.BelongsTo(req) || l.Fence == req.TakeOver {
			begun, err := a.acquire(ctx, in.Table, req)
			if err == nil {
				a.forgetRuns(ctx, in.Table, ended, begun.FirstLoad)
				return BeginRunResult{State: begun, Visibility: req.Visibility}, nil
			}
			if !isBusy(err) {
				return BeginRunResult{}, err
			}
			continue // another run was faster
		}
		a.observe(state)
		holder := *state.Lease
		closed, err := a.closedSince(ctx, holder, in.RunID)
		if err != nil {
			return BeginRunResult{}, err
		}
		if closed != nil {
			if wait := ChunkTimeout - time.Since(closed.at); closed.abruptly && settings.Cursor == "" && wait > 0 {
				if err := sleep(ctx, wait, "waiting for the last write of "+holder.WorkflowID); err != nil {
					return BeginRunResult{}, err
				}
			}
			req.TakeOver, ended = holder.Fence, closed.runs
			continue
		}
		switch in.IfBusy {
		case api.IfBusySkip:
			state.LastRuns = nil
			return BeginRunResult{Busy: &holder, State: state, Visibility: req.Visibility}, nil
		case api.IfBusyWait:
			if err := sleep(ctx, busyPoll, "waiting for "+holder.WorkflowID); err != nil {
				return BeginRunResult{}, err
			}
		default:
			return BeginRunResult{}, failure.New(failure.TableBusy,
				fmt.Sprintf("table %s is being written by workflow %s (run %s) since %s", in.Table, holder.WorkflowID, holder.RunID, holder.Since.UTC().Format(time.RFC3339)),
				`wait for it, or start with "ifBusy":"wait" or "skip"`)
		}
	}
}

// acquire gets the lease from the state workflow. It fails with TableBusy where another run has it by now.
func (a *Activities) acquire(ctx context.Context, tbl string, req owner.BeginRequest) (owner.State, error) {
	var begun owner.State
	if err := a.update(ctx, tbl, owner.UpdateBeginRun, req, &begun); err != nil {
		return owner.State{}, err
	}
	a.observe(begun)
	begun.LastRuns = nil // a run does not need them, and a history should not hold them
	return begun, nil
}

func isBusy(err error) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.Type() == failure.TableBusy
}

// closing says when a lease's holder ended, and whether it had no chance to stop its writers.
type closing struct {
	at       time.Time
	abruptly bool
	// runs are the holder's, those that resets made of it included.
	runs []string
}

// forgetRuns removes what the runs of an ended holder left in staging, but for the plan of a
// first load that will be taken up again.
func (a *Activities) forgetRuns(ctx context.Context, tbl string, runs []string, kept *owner.FirstLoad) {
	for _, run := range runs {
		for plans := range MaxPlans {
			if name := StagingName(run, plans); kept == nil || kept.Run != name {
				a.forgetPlan(ctx, tbl, name)
			}
		}
	}
}

// maxResets bounds how many resets of a holder are followed: more were not made by people.
const maxResets = 100

// closedSince is nil while the holder runs. A run that was reset lives on in another run,
// which holds what it held; where that run is us, the holder is as good as closed.
func (a *Activities) closedSince(ctx context.Context, holder owner.Lease, us string) (*closing, error) {
	last := &closing{}
	for run, resets := holder.RunID, 0; run != us && resets < maxResets; resets++ {
		d, err := a.deps.Client.DescribeWorkflowExecution(ctx, holder.WorkflowID, run)
		var gone *serviceerror.NotFound
		last.runs = append(last.runs, run)
		if errors.As(err, &gone) {
			return &closing{runs: last.runs}, nil // past the namespace's retention: long over
		}
		if err != nil {
			return nil, fmt.Errorf("describe the holder %s: %w", holder.WorkflowID, err)
		}
		info := d.GetWorkflowExecutionInfo()
		if s := info.GetStatus(); s == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING || s == enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED {
			return nil, nil
		}
		last.at = info.GetCloseTime().AsTime()
		last.abruptly = info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED || info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT
		if run = d.GetWorkflowExtendedInfo().GetResetRunId(); run == "" {
			return last, nil
		}
	}
	return last, nil
}

// sleep waits for d, and heartbeats why: a waiting step neither times out nor misses a cancel.
func sleep(ctx context.Context, d time.Duration, why string) error {
	activity.RecordHeartbeat(ctx, why)
	defer beat(ctx, func() any { return why })()
	return clock.Sleep(ctx, d)
}

// update sends an update to the table's owner, which is started first where it does not run.
func (a *Activities) update(ctx context.Context, tbl, name string, req, reply any) error {
	start := a.deps.Client.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID:                       owner.WorkflowID(a.deps.TaskQueue, tbl),
		TaskQueue:                a.deps.TaskQueue, // not the step's: that may be a host's
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "Watermark and lease of " + tbl,
		StaticDetails:            owner.StaticDetails,
		Memo:                     map[string]any{api.MemoTable: tbl},
	}, owner.WorkflowType, owner.State{Version: 1, Table: tbl})
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
		return err // the owner's own refusal, such as LeaseLost
	}
	if err != nil {
		return fmt.Errorf("%s of the owner of %s: %w", name, tbl, err)
	}
	return nil
}

// state reads the table's state without changing it; the zero State where there is no owner yet.
func (a *Activities) state(ctx context.Context, tbl string) (owner.State, error) {
	value, err := a.deps.Client.QueryWorkflow(ctx, owner.WorkflowID(a.deps.TaskQueue, tbl), "", owner.QueryState)
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return owner.State{Version: 1, Table: tbl}, nil
	}
	if err != nil {
		return owner.State{}, fmt.Errorf("ask the owner of %s for its state: %w", tbl, err)
	}
	var s owner.State
	if err := value.Get(&s); err != nil {
		return owner.State{}, fmt.Errorf("read the state of %s: %w", tbl, err)
	}
	return s, nil
}
