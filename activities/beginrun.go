package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/api"
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
	// Visibility is what the run may show of itself in Temporal's lists.
	Visibility owner.Visibility `json:"visibility,omitempty"`
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
				fmt.Sprintf(
					"table %s is being written by workflow %s (run %s) since %s", in.Table, holder.WorkflowID,
					holder.RunID, holder.Since.UTC().Format(time.RFC3339),
				),
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

func (a *Activities) visibility(ctx context.Context) owner.Visibility {
	if a.deps.Searchable != nil && a.deps.Searchable(ctx) {
		return owner.VisibilitySearch
	}
	return owner.VisibilityMemo
}
