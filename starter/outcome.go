package main

import (
	"context"
	"errors"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// Outcomes of a run, as --output json names them.
const (
	outcomeDone    = "done"
	outcomeSkipped = "skipped"
	outcomeStarted = "started"
	// outcomeLinked: --web has printed the link of the run that was started.
	outcomeLinked = "linked"
	outcomeFailed = "failed"
	outcomeBusy   = "busy"
	// outcomeStopped: this program stopped following. The run goes on.
	outcomeStopped = "stopped"
	// outcomeLost: Temporal no longer answers. A run that was started goes on.
	outcomeLost = "lost"
)

// outcome is what happened to one table: a line of --output json.
type outcome struct {
	Table   string `json:"table"`
	Outcome string `json:"outcome"`
	remote.Execution
	Result  *api.SyncTableResult `json:"result,omitempty"`
	Failure *remote.FailedError  `json:"failure,omitempty"`

	err error
}

// rows is how many rows the run has read; 0 where it has no result.
func (o outcome) rows() int64 {
	if o.Result == nil {
		return 0
	}
	return o.Result.RowsExtracted
}

// failed turns an error into an outcome.
func (a *app) failed(ctx context.Context, tbl string, e remote.Execution, err error) outcome {
	out := outcome{Table: tbl, Outcome: outcomeFailed, Execution: e, err: err}
	var busy *remote.BusyError
	switch {
	case errors.As(err, &busy):
		out.Outcome, out.Execution = outcomeBusy, busy.Holder
	case errors.As(err, &out.Failure):
		if out.Failure.Type == failure.TableBusy {
			out.Outcome = outcomeBusy
		}
	case ctx.Err() != nil:
		out.Outcome = outcomeStopped
	case remote.IsUnreachable(err):
		out.Outcome = outcomeLost
	}
	if out.Failure == nil && out.Outcome != outcomeStopped {
		out.Failure = &remote.FailedError{Type: failureTypes[out.Outcome], Message: err.Error()}
	}
	return out
}

// failureTypes are the types of failures that no workflow returned, for --output json.
var failureTypes = map[string]string{
	outcomeBusy: failure.TableBusy, outcomeLost: "TemporalUnavailable", outcomeFailed: "NotStarted",
}

// exitOf is the exit code for all tables together: that of the most serious outcome.
func exitOf(results []outcome) error {
	codes := map[string]int{
		outcomeStopped: exitStopped, outcomeLost: exitUnreachable, outcomeFailed: exitFailed, outcomeBusy: exitBusy,
	}
	for _, kind := range []string{outcomeStopped, outcomeLost, outcomeFailed, outcomeBusy} {
		for _, r := range results {
			var settings *remote.SettingsError
			switch {
			case r.Outcome != kind:
			case errors.As(r.err, &settings):
				return &exitError{code: exitUsage}
			default:
				return &exitError{code: codes[kind]}
			}
		}
	}
	return nil
}
