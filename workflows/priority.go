package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/internal/api"
)

// Priority is the priority of a table's workflows and steps. key is 1 (first) to 5 (last), or 0 for the priority of
// their parent. Tables of one priority take turns, however much each has to do.
func Priority(tbl string, key int) temporal.Priority {
	return temporal.Priority{PriorityKey: key, FairnessKey: api.FairnessKey(tbl)}
}

// withPriority makes a table's priority that of all steps begun with the context.
func withPriority(ctx workflow.Context, tbl string, key int) workflow.Context {
	return workflow.WithPriority(ctx, Priority(tbl, key))
}
