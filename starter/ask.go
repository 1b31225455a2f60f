package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// tableStatus is what is known of a table: a line of --output json.
type tableStatus struct {
	Table string `json:"table"`
	// State is missing where the table has never had a run.
	State *owner.State `json:"state,omitempty"`
	// Run is the progress of the run that holds the table; missing where none does, or where it does not answer.
	Run *remote.Progress `json:"run,omitempty"`
	// Ended is how a run ended that still holds the table, such as "terminated". The next run takes the table over.
	Ended string `json:"ended,omitempty"`
	// LagSeconds is the age of the latest moment up to which the target holds everything; missing before the first run
	// is done.
	LagSeconds *float64 `json:"lagSeconds,omitempty"`
	// Schedule is the table's schedule; missing where it has none.
	Schedule *remote.Schedule `json:"schedule,omitempty"`
	// VerifySchedule is that of the table's comparisons; only status of a named table has it.
	VerifySchedule *remote.Schedule `json:"verifySchedule,omitempty"`
	// DeletesSchedule is that of the table's sweeps; only status of a named table has it.
	DeletesSchedule *remote.Schedule `json:"deletesSchedule,omitempty"`
	// StaleAfterSeconds is the table's staleAfter; missing where the table is never stale. Stale says that its lag is
	// longer.
	StaleAfterSeconds *float64 `json:"staleAfterSeconds,omitempty"`
	Stale             bool     `json:"stale,omitempty"`
	// Queued is a run that was started and does not hold the table yet.
	Queued *remote.Execution `json:"queued,omitempty"`
	// Comparing is a comparison or a repair that goes on, Sweeping a sweep of deletes.
	Comparing *remote.Execution `json:"comparing,omitempty"`
	Sweeping  *remote.Execution `json:"sweeping,omitempty"`
	// Settings is "differ" where the worker has other settings of the table than the file at hand, and "missing" where
	// it does not have the table.
	Settings string `json:"settings,omitempty"`
	// Unscheduled says that the configuration has a schedule of the table, and Temporal has none.
	Unscheduled bool `json:"unscheduled,omitempty"`
	// Issues are what is wrong with the table, the most serious first.
	Issues []issue `json:"issues,omitempty"`
	// Failure is that of the last run; missing where that run did not fail.
	Failure *remote.FailedError `json:"failure,omitempty"`
	// NoAnswer says why the state workflow did not answer. State is missing then.
	NoAnswer string `json:"noAnswer,omitempty"`
	// noWorker says that no worker polls the task queue, which is why no state workflow answers.
	noWorker bool
	// refused is the file that the worker has not taken over.
	refused *api.RefusedConfig
}

// askTable asks for the state of a table and the run that holds it.
func (a *app) askTable(ctx context.Context, s service, name string) (tableStatus, error) {
	out := tableStatus{Table: name}
	state, found, err := s.State(ctx, name)
	if err != nil {
		return out, a.fromTemporal(ctx, a.explainSilence(ctx, s, err))
	}
	if !found {
		return out, nil
	}
	out.State = &state
	if !state.FreshAt.IsZero() {
		lag := max(0, time.Since(state.FreshAt).Seconds())
		out.LagSeconds = &lag
	}
	out.Failure = lastFailure(state)
	if l := state.Lease; l != nil && !l.Slice {
		out.Run, out.Ended = askRun(ctx, s, remote.Execution{WorkflowID: l.WorkflowID, RunID: l.RunID})
	} else if l != nil && api.IsFillID(l.WorkflowID) {
		out.Run, _ = askRun(ctx, s, remote.Execution{WorkflowID: l.WorkflowID, RunID: l.RunID})
	}
	return out, nil
}

// askRun returns the progress of a run, or how it has ended. It returns neither where no worker answers.
func askRun(ctx context.Context, s service, e remote.Execution) (*remote.Progress, string) {
	steps, stepsErr := s.Pending(ctx, e)
	if steps.Closed != "" {
		return nil, steps.Closed
	}
	status, err := s.Status(ctx, e)
	if err != nil && (stepsErr != nil || len(steps.Waits) == 0) {
		return nil, ""
	}
	run := remote.Join(status, steps)
	return &run, ""
}

// tablesAtOnce bounds the tables that are asked for at the same time.
const tablesAtOnce = 8

// askKnown asks for the selected tables, and refuses those that are neither configured nor have a state.
func (a *app) askKnown(ctx context.Context, s service, c *config.Config, sel selection) ([]tableStatus, error) {
	names, err := a.known(ctx, s, c, sel)
	if err != nil {
		return nil, err
	}
	all, err := a.askTables(ctx, s, names, false)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if err := a.checkKnown(c, one); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// askTables asks for several tables side by side. The answers are in the order of names. With tolerant, a state
// workflow that does not answer is no error.
func (a *app) askTables(ctx context.Context, s service, names []string, tolerant bool) ([]tableStatus, error) {
	out := make([]tableStatus, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(tablesAtOnce)
	for i, name := range names {
		group.Go(func() (err error) {
			out[i], err = a.askTable(ctx, s, name)
			if tolerant && err != nil && ctx.Err() == nil && !remote.IsUnreachable(err) {
				out[i].NoAnswer, err = err.Error(), nil
			}
			return err
		})
	}
	return out, group.Wait()
}
