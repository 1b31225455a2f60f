package workflows

import (
	"fmt"

	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// Registered workflow types: see internal/api.
const (
	SyncTableName   = api.SyncTableName
	SyncRangeName   = api.SyncRangeName
	PlanTableName   = api.PlanTableName
	VerifyTableName = api.VerifyTableName
	UndoTableName   = api.UndoTableName
	FillColumnsName = api.FillColumnsName
	SweepName       = api.SweepName
	ShowName        = api.ShowDifferencesName
	ListTablesName  = api.ListTablesName
	TableStateName  = owner.WorkflowType
)

// TaskQueue is the default task queue of workers and starters.
const TaskQueue = api.DefaultTaskQueue

// QueryStatus is the query of SyncTable and SyncRange; its answer is a Status.
const QueryStatus = api.QueryStatus

// signalRangeProgress carries a SyncRange's counts to its SyncTable while it runs.
const signalRangeProgress = "rangeProgress"

// SyncTableID is the workflow id that the command line and its schedules use for a table.
func SyncTableID(queue, tbl string) string { return api.SyncTableID(queue, tbl) }

// syncRangeID is the workflow id of a range of a run. All of it comes from the lease, and so
// from the run's history: a replayed history has another workflow id. The lease's number makes
// it unique, since a child of a terminated run may still be ending when the next run begins.
func syncRangeID(l owner.Lease, i int) string {
	return fmt.Sprintf("%s/run-%d/range-%d", l.WorkflowID, l.Fence, i)
}

// TableStateID is the workflow id of a table's state workflow.
func TableStateID(queue, tbl string) string { return owner.WorkflowID(queue, tbl) }

// VerifyTableID is the workflow id that the command line uses for a comparison.
func VerifyTableID(queue, tbl string) string { return api.VerifyTableID(queue, tbl) }

// SweepID is the id of the schedule that sweeps what is staged for a task queue, or for the
// host whose queue it is; its workflows have the same id.
func SweepID(queue string) string { return api.SweepID(queue) }

// Register makes every workflow known to w.
func Register(w worker.WorkflowRegistry) {
	w.RegisterWorkflowWithOptions(SyncTable, workflow.RegisterOptions{Name: SyncTableName})
	w.RegisterWorkflowWithOptions(SyncRange, workflow.RegisterOptions{Name: SyncRangeName})
	w.RegisterWorkflowWithOptions(PlanTable, workflow.RegisterOptions{Name: PlanTableName})
	w.RegisterWorkflowWithOptions(VerifyTable, workflow.RegisterOptions{Name: VerifyTableName})
	w.RegisterWorkflowWithOptions(RetryQuarantine, workflow.RegisterOptions{Name: api.RetryQuarantineName})
	w.RegisterWorkflowWithOptions(DropQuarantine, workflow.RegisterOptions{Name: api.DropQuarantineName})
	w.RegisterWorkflowWithOptions(ShowQuarantine, workflow.RegisterOptions{Name: api.ShowQuarantineName})
	w.RegisterWorkflowWithOptions(ShowDifferences, workflow.RegisterOptions{Name: ShowName})
	w.RegisterWorkflowWithOptions(UndoTable, workflow.RegisterOptions{Name: UndoTableName})
	w.RegisterWorkflowWithOptions(DropOldTable, workflow.RegisterOptions{Name: api.DropOldTableName})
	w.RegisterWorkflowWithOptions(FillColumns, workflow.RegisterOptions{Name: FillColumnsName})
	w.RegisterWorkflowWithOptions(SweepStaging, workflow.RegisterOptions{Name: SweepName})
	w.RegisterWorkflowWithOptions(ListTables, workflow.RegisterOptions{Name: ListTablesName})
	w.RegisterWorkflowWithOptions(TableState, workflow.RegisterOptions{Name: TableStateName})
}
