package activities

import (
	"context"
	"fmt"
	"sync/atomic"

	"go.temporal.io/sdk/activity"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// QuarantineInput names what of a table's quarantine is meant.
type QuarantineInput struct {
	Table string `json:"table"`
	// Run is the id of the run that has set the rows aside; empty is every run. RetryQuarantine takes none.
	Run string `json:"run,omitempty"`
	// Queue is that of the host whose files are meant; empty is any.
	Queue string `json:"queue,omitempty"`
	// Gone is the queue of a host that does not answer any more. DropQuarantine forgets what it had.
	Gone string `json:"gone,omitempty"`
}

// RetryQuarantineResult is what RetryQuarantine has done.
type RetryQuarantineResult struct {
	SettleQuarantineResult
	// Elsewhere are the queues of other hosts that have rows in quarantine.
	Elsewhere []string `json:"elsewhere,omitempty"`
}

// RetryQuarantine tries every row of a table that is in quarantine: it reads the source's row of each as it is now, and
// writes that. It does so under the table's lease, for which it waits, and records what is left.
//
// Repeating it is harmless. While it waits it heartbeats what for.
func (a *Activities) RetryQuarantine(ctx context.Context, in QuarantineInput) (RetryQuarantineResult, error) {
	var out RetryQuarantineResult
	err := a.underQuarantineLease(ctx, in, func(state owner.State, _ func(int64) int64) (api.Quarantine, error) {
		out = RetryQuarantineResult{Elsewhere: state.Quarantine.Elsewhere(a.deps.HostQueue)}
		if none, err := a.nothingInQuarantine(ctx, in); none || err != nil {
			return api.Quarantine{}, err
		}
		r, err := a.retriedRange(ctx, in, state)
		if err != nil {
			return api.Quarantine{}, err
		}
		if state.Identity != nil && state.Identity.Target.Row {
			row, err := a.beginSliceOnTarget(ctx, r.plan.Settings, state)
			if err != nil {
				return api.Quarantine{}, err
			}
			r.in.Fence = row.Fence
		}
		out.SettleQuarantineResult, err = a.settle(ctx, SettleQuarantineInput{
			RangeInput: r.in, AsOf: state.Watermark, All: true,
		}, r)
		return out.Quarantine, err
	})
	return out, err
}

// nothingInQuarantine reports whether a table has no entry here: then neither side is asked.
func (a *Activities) nothingInQuarantine(ctx context.Context, in QuarantineInput) (bool, error) {
	name, err := table.ParseName(in.Table)
	if err != nil {
		return false, invalidInput("table: "+err.Error(), "")
	}
	keys, err := a.quarantineIndexes(ctx, name)
	return len(keys) == 0, translate(ctx, err, where{doing: "look for rows of " + in.Table + " in quarantine"})
}

// retriedRange is the table as it is now, in the form of a range whose rows are written.
func (a *Activities) retriedRange(ctx context.Context, in QuarantineInput, state owner.State) (*openedRange, error) {
	p, err := a.draft(ctx, PlanRunInput{Table: in.Table, State: state, preview: true})
	if err != nil {
		return nil, err
	}
	if refusal := p.refusal(); refusal != nil {
		return nil, refusal
	}
	if err := p.identityChanged(); err != nil {
		return nil, err
	}
	if p.target.Create || len(p.target.Statements) > 0 || p.settings.Cursor != "" && state.Watermark == "" {
		return nil, failure.New(
			failure.UnsupportedTable, fmt.Sprintf("%s is not as a run leaves it", p.settings.Target),
			"run "+in.Table+": its end tries the rows in quarantine",
		)
	}
	return &openedRange{
		in: RangeInput{
			Table: in.Table, Run: activity.GetInfo(ctx).WorkflowExecution.RunID, Queue: in.Queue,
			Instance: p.instance.Digest,
		},
		name: p.settings.Table,
		plan: stagedPlan{
			Version: 1, Deployment: a.deps.Deployment, StateID: state.ID, Settings: p.settings, ByKey: true,
			Columns: p.target.Columns, Key: p.table.PrimaryKey, Ranges: []piece{{}},
			RefersToItself: p.target.RefersToItself,
		},
	}, nil
}

// DropQuarantineResult is what DropQuarantine has removed.
type DropQuarantineResult struct {
	api.Quarantine
	Dropped int64 `json:"dropped"`
	// Elsewhere: see RetryQuarantineResult.
	Elsewhere []string `json:"elsewhere,omitempty"`
}

// DropQuarantine closes the entries of a table, or of one run of it, without looking at either side. It does so under
// the table's lease, for which it waits, and records what is left. Repeating it is harmless.
func (a *Activities) DropQuarantine(ctx context.Context, in QuarantineInput) (DropQuarantineResult, error) {
	var out DropQuarantineResult
	err := a.underQuarantineLease(ctx, in, func(
		state owner.State, dropping func(int64) int64,
	) (api.Quarantine, error) {
		at := where{doing: "remove rows of " + in.Table + " from quarantine"}
		name, err := table.ParseName(in.Table)
		if err != nil {
			return api.Quarantine{}, invalidInput("table: "+err.Error(), "")
		}
		files, err := a.quarantineFiles(ctx, name)
		if err != nil {
			return api.Quarantine{}, translate(ctx, err, at)
		}
		if in.Gone != "" {
			gone := state.Quarantine.Of(in.Gone)
			out.Dropped = gone.Rows()
			return api.Quarantine{Queue: in.Gone}, nil
		}
		out = DropQuarantineResult{Elsewhere: state.Quarantine.Elsewhere(a.deps.HostQueue)}
		left := &settling{a: a, seen: map[string]bool{}}
		out.Dropped = dropping(rowsOf(files, in.Run))
		for _, f := range files {
			if f.isOf(in.Run) {
				if err := a.deps.Store.Delete(ctx, f.key, f.Part.Key); err != nil {
					return api.Quarantine{}, translate(ctx, err, at)
				}
			} else if err := left.countFile(ctx, f); err != nil {
				return api.Quarantine{}, translate(ctx, err, at)
			}
		}
		if err := a.removeEmptyRuns(ctx, name); err != nil {
			return api.Quarantine{}, translate(ctx, err, at)
		}
		out.Quarantine = left.out.Quarantine
		logStep(ctx, "dropped", out.Dropped, "open", out.Open, "waiting", out.Waiting)
		return out.Quarantine, nil
	})
	return out, err
}

// rowsOf counts the rows of the files of a run, or of all runs.
func rowsOf(files []quarantineFile, run string) (rows int64) {
	for _, f := range files {
		if f.isOf(run) {
			rows += f.Part.Rows
		}
	}
	return rows
}

// underQuarantineLease calls do with the table's lease held, and records in the state what do says is in quarantine.
// dropping heartbeats how many rows do is about to remove, and returns what an earlier attempt has, where that is more:
// its files are gone.
func (a *Activities) underQuarantineLease(
	ctx context.Context, in QuarantineInput,
	do func(state owner.State, dropping func(int64) int64) (api.Quarantine, error),
) error {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return err
	}
	settings, err := a.settings(in.Table)
	if err != nil {
		return err
	}
	var progress atomic.Value
	progress.Store(compareProgress{})
	say := func(reason string) {
		now := progress.Load().(compareProgress)
		now.Waiting = reason
		progress.Store(now)
	}
	var last compareProgress
	if activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &last) == nil {
		progress.Store(compareProgress{Dropped: last.Dropped})
	}
	dropping := func(rows int64) int64 {
		rows = max(rows, last.Dropped)
		progress.Store(compareProgress{Dropped: rows})
		activity.RecordHeartbeat(ctx, progress.Load())
		return rows
	}
	defer beat(ctx, progress.Load)()
	if err := a.waitForLimits(ctx, settings, say); err != nil {
		return err
	}
	exec := activity.GetInfo(ctx).WorkflowExecution
	asked := BeginSliceInput{Table: in.Table, WorkflowID: exec.ID, RunID: exec.RunID}
	state, err := a.acquireSlice(ctx, asked, settings, say)
	if err != nil {
		return err
	}
	now, err := do(state, dropping)
	if err == nil {
		if in.Gone == "" {
			now.Queue = a.deps.HostQueue
		}
		err = a.update(ctx, in.Table, owner.UpdateRecordProgress, owner.ProgressRequest{
			Fence: state.Lease.Fence, RunID: exec.RunID, Quarantine: &now,
		}, &owner.State{})
	}
	holder := &sliceHolder{a: a, in: asked}
	if endErr := holder.release(ctx, state.Lease.Fence); err == nil {
		err = endErr
	}
	return err
}
