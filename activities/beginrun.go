package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
)

const (
	// busyPoll is the pause between two looks at a busy table while a run waits for it.
	busyPoll = 2 * time.Second
	// slicePoll is that pause while a slice of a comparison has the table, which takes seconds.
	slicePoll = 250 * time.Millisecond
	// ChunkTimeout bounds one try of UpsertChunk. A worker that lost Temporal but not MySQL may go on writing for as
	// long, which is why it is waited out where no cursor guards the rows, or the target has no state row.
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
	// TakesEmpty says that the caller can take BeginRunResult.Empty, and that the run has no arguments of its own.
	TakesEmpty bool `json:"takesEmpty,omitempty"`
}

// BeginRunResult is the lease, or who holds it.
type BeginRunResult struct {
	// Busy is the holder where the run is to be skipped; nil where the lease was granted.
	Busy *owner.Lease `json:"busy,omitempty"`
	// State is the table's as of now; State.Lease is ours unless Busy is set.
	State owner.State `json:"state"`
	// Visibility is what the run may show of itself in Temporal's lists.
	Visibility owner.Visibility `json:"visibility,omitempty"`
	// Files says that the table is loaded from files.
	Files bool `json:"files,omitempty"`
	// Empty is set where the run found nothing to read, and is recorded: it has no lease, and nothing is left to do.
	// Busy is set beside it, so that a workflow of an earlier version, which does not know Empty, ends as skipped.
	Empty *EmptyRun `json:"empty,omitempty"`
}

// BeginRun gets the table's lease from its state workflow, which it starts where there is none. A lease whose holder is
// closed is taken over with a higher fence. While the table is busy, it asks by the state workflow's query, which
// writes nothing to a history. Where a slice of a comparison has the lease, it waits for the slice with any IfBusy.
//
// Where the last run found nothing, it first looks whether this one does: see EmptyRun.
//
// Repeating it is harmless: the same run gets the same lease. While it waits for a busy table
// it heartbeats the holder's workflow id.
func (a *Activities) BeginRun(ctx context.Context, in BeginRunInput) (BeginRunResult, error) {
	settings, err := a.settings(in.Table)
	if err != nil {
		return BeginRunResult{}, err
	}
	req := a.beginRequest(ctx, settings, in.WorkflowID, in.RunID)
	if in.TakesEmpty {
		if empty := a.emptyRun(ctx, settings, req); empty != nil {
			return BeginRunResult{
				Busy: &owner.Lease{WorkflowID: in.WorkflowID}, State: owner.State{FreshAt: empty.FreshAt},
				Visibility: req.Visibility, Empty: empty,
			}, nil
		}
	}
	out, err := a.waitForLease(ctx, leaseWait{
		table: in.Table, settings: settings, ifBusy: in.IfBusy, req: req,
		pause: func(ctx context.Context, d time.Duration, why string) error {
			return sleep(ctx, d, "waiting for "+why)
		},
	})
	out.Files = settings.Files != nil
	return out, err
}

func (a *Activities) beginRequest(ctx context.Context, s Settings, workflowID, runID string) owner.BeginRequest {
	req := owner.BeginRequest{WorkflowID: workflowID, RunID: runID, Visibility: a.visibility(ctx)}
	if a.webhook() != nil {
		req.Notices = &owner.NoticeSettings{StaleAfter: s.StaleAfter, StaleByDefault: s.StaleByDefault}
	}
	return req
}

// leaseWait is a wait for a table's lease.
type leaseWait struct {
	table    string
	settings Settings
	req      owner.BeginRequest
	// ifBusy says what to do while a run holds the lease; a slice is waited for in any case.
	ifBusy string
	// pause waits and shows why.
	pause func(ctx context.Context, d time.Duration, why string) error
}

func (a *Activities) waitForLease(ctx context.Context, w leaseWait) (BeginRunResult, error) {
	var ended []string // runs that held the lease and are closed
	for {
		state, err := a.state(ctx, w.table)
		if err != nil {
			return BeginRunResult{}, err
		}
		why := ""
		if l := state.Lease; l != nil && !l.BelongsTo(w.req) && l.Fence != w.req.TakeOver {
			a.observe(state)
			over, runs, err := a.holderIsOver(ctx, w, state)
			switch {
			case err != nil:
				return BeginRunResult{}, err
			case over:
				w.req.TakeOver, ended = l.Fence, runs
			case l.Slice && !w.req.Slice:
				why = "a slice of " + l.WorkflowID // the state workflow grants the lease when the slice ends
			case w.ifBusy == api.IfBusySkip && !w.req.Slice:
				state.LastRuns = nil
				return BeginRunResult{Busy: l, State: state, Visibility: w.req.Visibility}, nil
			default:
				if err := w.waitForHolder(ctx, *l); err != nil {
					return BeginRunResult{}, err
				}
				continue
			}
		}
		begun, err := a.acquire(ctx, w, why)
		if err == nil {
			a.forgetRuns(ctx, w.table, ended, begun.FirstLoad)
			return BeginRunResult{State: begun, Visibility: w.req.Visibility}, nil
		}
		if isBusy(err) { // another run was faster, or one waits and no slice begins
			err = w.pause(ctx, slicePoll, "another run")
		}
		if err != nil {
			return BeginRunResult{}, err
		}
	}
}

// waitForHolder waits for some time while a run holds the lease, or fails.
func (w leaseWait) waitForHolder(ctx context.Context, holder owner.Lease) error {
	switch {
	case holder.Slice:
		return w.pause(ctx, slicePoll, "a slice of "+holder.WorkflowID)
	case w.ifBusy == api.IfBusyWait:
		return w.pause(ctx, busyPoll, holder.WorkflowID)
	}
	return heldByRun(w.table, holder)
}

// holderIsOver reports whether the holder of the state's lease is closed, and returns its runs. Where no cursor guards
// the rows, or no state row is kept, it waits until a run that was ended abruptly cannot write any more.
func (a *Activities) holderIsOver(
	ctx context.Context, w leaseWait, state owner.State,
) (over bool, runs []string, err error) {
	holder := *state.Lease
	closed, err := a.closedSince(ctx, holder, w.req.RunID)
	if err != nil || closed == nil {
		return false, nil, err
	}
	wait, id := ChunkTimeout-time.Since(closed.at), state.Identity
	guarded := w.settings.Cursor != "" && (id == nil || id.Target.Row)
	if closed.abruptly && !guarded && wait > 0 && !holder.Slice {
		err = w.pause(ctx, wait, "the last write of "+holder.WorkflowID)
	}
	return err == nil, closed.runs, err
}

func heldByRun(tbl string, holder owner.Lease) error {
	return failure.New(failure.TableBusy, fmt.Sprintf("table %s is being written by workflow %s (run %s) since %s",
		tbl, holder.WorkflowID, holder.RunID, holder.Since.UTC().Format(time.RFC3339)),
		`wait for it, or start with "ifBusy":"wait" or "skip"`)
}

// acquire gets the lease from the state workflow, and heartbeats why it waits, "" for no reason. It fails with
// TableBusy where another run has the lease by now.
func (a *Activities) acquire(ctx context.Context, w leaseWait, why string) (owner.State, error) {
	if why != "" {
		why = "waiting for " + why
		activity.RecordHeartbeat(ctx, why)
		defer beat(ctx, func() any { return why })()
	}
	var begun owner.State
	if err := a.update(ctx, w.table, owner.UpdateBeginRun, w.req, &begun); err != nil {
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
