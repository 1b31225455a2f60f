package main

import (
	"context"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/workflows"
)

// service is what the commands ask of Temporal: temporal.go in earnest, a fake in tests.
//
// Methods return *unreachableError when Temporal does not answer, *failedError when a workflow
// or an update failed, *busyError when another run holds the table.
type service interface {
	// start begins a run under the table's own workflow id.
	start(ctx context.Context, in workflows.SyncTableInput) (execution, error)
	// wait returns when the run has ended.
	wait(ctx context.Context, e execution) (workflows.SyncTableResult, error)
	// status asks a run, which needs a worker that answers.
	status(ctx context.Context, e execution) (workflows.Status, error)
	// running are the runs that go on, with the phase of each where the namespace keeps it. What
	// has just begun or ended may be missing.
	running(ctx context.Context) (map[execution]string, error)
	// pending asks Temporal what the run's steps wait for, which needs no worker.
	pending(ctx context.Context, e execution) (pending, error)
	// startPlan begins a preview, waitPlan returns when it has ended.
	startPlan(ctx context.Context, in workflows.PlanTableInput) (execution, error)
	waitPlan(ctx context.Context, e execution) (workflows.PlanTableResult, error)
	// startList begins a list of the tables that a worker's configuration stands for, waitList
	// returns it.
	startList(ctx context.Context) (execution, error)
	waitList(ctx context.Context, e execution) (workflows.ListTablesResult, error)
	// state asks the table's owner; false where the table has never had a run.
	state(ctx context.Context, table string) (workflows.TableStateView, bool, error)
	// setWatermark moves or forgets the watermark, or binds it anew.
	setWatermark(ctx context.Context, table string, req owner.SetRequest) (workflows.TableStateView, error)
	// owned are the tables that have an owner, whoever started it.
	owned(ctx context.Context) ([]string, error)
	// workers reports whether a worker has polled the task queue of late.
	workers(ctx context.Context) (bool, error)
	schedules
	close()
}

// execution is one run of a workflow. An empty RunID is the latest.
type execution struct {
	WorkflowID string `json:"workflowId"`
	RunID      string `json:"runId"`
}

func (e execution) String() string {
	if e.RunID == "" {
		return "workflow " + e.WorkflowID
	}
	return fmt.Sprintf("workflow %s, run %s", e.WorkflowID, e.RunID)
}

// busyError says that another run holds a table.
type busyError struct {
	table  string
	holder execution
}

func (e *busyError) Error() string {
	return fmt.Sprintf("%s is busy: %s is at it", e.table, e.holder)
}

// unreachableError says that Temporal did not answer.
type unreachableError struct {
	address string
	cause   error
}

func (e *unreachableError) Error() string {
	return fmt.Sprintf("Temporal at %s cannot be reached: %s", e.address, e.cause.Error())
}

func (e *unreachableError) Unwrap() error { return e.cause }

// settingsError says that Temporal's own settings cannot be used.
type settingsError struct{ cause error }

func (e *settingsError) Error() string { return "the Temporal settings: " + e.cause.Error() }
func (e *settingsError) Unwrap() error { return e.cause }

// failedError is a workflow's failure in the words that people need.
type failedError struct {
	// Type is the failure's type, such as UnsupportedTable; or Cancelled, Terminated, TimedOut.
	Type string `json:"type"`
	// Message says what is wrong, and mostly what to do.
	Message string `json:"message"`
	// Step is the activity that failed; empty where the workflow itself did.
	Step string `json:"step,omitempty"`
	// Doing is what was done, Connection the server that was asked, Remedy what to do; each is
	// empty where the failure does not say.
	Doing      string `json:"doing,omitempty"`
	Connection string `json:"connection,omitempty"`
	Remedy     string `json:"remedy,omitempty"`

	what string // Message without the three
}

func (e *failedError) Error() string { return e.Type + ": " + e.Message }

// queryTimeout bounds a question that a worker must answer: without one it would hang.
const queryTimeout = 5 * time.Second
