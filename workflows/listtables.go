package workflows

import (
	"go.temporal.io/sdk/workflow"
)

// ListTables names the tables that the worker's configuration stands for now. Which tables a name with a * matches,
// only the source knows, and only a worker connects to it. It has no input.
func ListTables(ctx workflow.Context) (ListTablesResult, error) {
	var out ListTablesResult
	err := workflow.ExecuteActivity(withOptions(ctx, planOptions, "list the tables of the configuration"),
		"ListTables").Get(ctx, &out)
	return out, err
}
