package main

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/sealed"
)

// service is what the commands ask of Temporal: a *remote.Client, or a fake in tests. remote.Client describes the
// methods and their errors.
type service interface {
	remote.Runs
	Status(ctx context.Context, e remote.Execution) (api.Status, error)
	Pending(ctx context.Context, e remote.Execution) (remote.Pending, error)
	StartPlan(ctx context.Context, in api.PlanTableInput) (remote.Execution, error)
	WaitPlan(ctx context.Context, e remote.Execution) (api.PlanTableResult, error)
	StartVerify(ctx context.Context, in api.VerifyTableInput) (remote.Execution, error)
	WaitVerify(ctx context.Context, e remote.Execution) (api.VerifyTableResult, error)
	StartRetryQuarantine(ctx context.Context, in api.RetryQuarantineInput) (remote.Execution, error)
	WaitRetryQuarantine(ctx context.Context, e remote.Execution) (api.RetryQuarantineResult, error)
	StartShowQuarantine(
		ctx context.Context, in api.ShowQuarantineInput, key sealed.Key,
	) (remote.Execution, error)
	WaitShowQuarantine(
		ctx context.Context, e remote.Execution, tbl string, key sealed.Key,
	) (api.ShowQuarantineResult, api.QuarantinePage, error)
	StartDropQuarantine(ctx context.Context, in api.DropQuarantineInput) (remote.Execution, error)
	WaitDropQuarantine(ctx context.Context, e remote.Execution) (api.DropQuarantineResult, error)
	Comparison(ctx context.Context, table, run string) (api.VerifyTableResult, bool, error)
	StartShow(ctx context.Context, in api.ShowDifferencesInput, key sealed.Key) (remote.Execution, error)
	WaitShow(ctx context.Context, e remote.Execution, table string, key sealed.Key) (
		api.ShowDifferencesResult, api.DifferencePage, error,
	)
	StartFill(ctx context.Context, in api.FillColumnsInput) (remote.Execution, error)
	WaitFill(ctx context.Context, e remote.Execution) (api.FillColumnsResult, error)
	StartUndo(ctx context.Context, in api.UndoTableInput) (remote.Execution, error)
	WaitUndo(ctx context.Context, e remote.Execution) (api.UndoTableResult, error)
	StartList(ctx context.Context) (remote.Execution, error)
	WaitList(ctx context.Context, e remote.Execution) (api.ListTablesResult, error)
	State(ctx context.Context, table string) (owner.State, bool, error)
	PauseDeletes(ctx context.Context, table string, req owner.PauseDeletesRequest) (owner.State, error)
	AckWarnings(ctx context.Context, table string) (owner.State, error)
	SetWatermark(ctx context.Context, table string, req owner.SetRequest) (owner.State, error)
	Going(ctx context.Context) (remote.Going, error)
	HasWorker(ctx context.Context) (bool, error)
	Cancel(ctx context.Context, e remote.Execution) (remote.Execution, bool, error)
	schedules
	Close()
}

// schedules is what the commands ask of Temporal Schedules.
type schedules interface {
	Schedules(ctx context.Context, brief bool) ([]remote.Schedule, error)
	SchedulesByID(ctx context.Context, ids []string) ([]*remote.Schedule, error)
	Schedule(ctx context.Context, id string) (remote.Schedule, bool, error)
	CreateSchedule(ctx context.Context, want remote.ScheduleSpec) error
	UpdateSchedule(ctx context.Context, want remote.ScheduleSpec) error
	DeleteSchedule(ctx context.Context, id string) error
	PauseSchedule(ctx context.Context, id, note string) error
	ResumeSchedule(ctx context.Context, id, note string) error
	TriggerSchedule(ctx context.Context, id string) error
}

var _ service = (*remote.Client)(nil)

// dialTemporal connects to the Temporal that the environment names.
func dialTemporal(ctx context.Context, getenv func(string) string, taskQueue string) (service, error) {
	return remote.Dial(ctx, getenv, taskQueue)
}
