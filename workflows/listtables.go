package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
)

// ListTablesResult is what a worker's configuration stands for.
type ListTablesResult = activities.ListTablesResult

// ListedFamily is a name with a * in a worker's configuration.
type ListedFamily = activities.ListedFamily

// ListTables names the tables that the worker's configuration stands for now: which tables a
// name with a * has, only the source knows, and only a worker may ask it. It has no input.
func ListTables(ctx workflow.Context) (ListTablesResult, error) {
	var out ListTablesResult
	err := workflow.ExecuteActivity(with(ctx, planOptions, "list the tables of the configuration"), "ListTables").Get(ctx, &out)
	return out, err
}
