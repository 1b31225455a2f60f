package remote

import (
	"context"
	"fmt"

	workflowpb "go.temporal.io/api/workflow/v1"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// Going is what goes on at a task queue. Temporal's list is a moment old: what has just begun or ended may be missing.
type Going struct {
	// Tables are those with a state workflow, in no particular order.
	Tables []string
	// Runs, Comparisons and Sweeps are the workflows of each kind, by table. A repair is a comparison.
	Runs, Comparisons, Sweeps map[string]Execution
}

// Going asks by one list, however many tables there are.
func (c *Client) Going(ctx context.Context) (Going, error) {
	out := Going{Runs: map[string]Execution{}, Comparisons: map[string]Execution{}, Sweeps: map[string]Execution{}}
	types := fmt.Sprintf("WorkflowType IN ('%s', '%s', '%s')", owner.WorkflowType, api.SyncTableName,
		api.VerifyTableName)
	return out, c.listWhere(ctx, types, func(e *workflowpb.WorkflowExecutionInfo) {
		one := Execution{e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId()}
		switch e.GetType().GetName() {
		case owner.WorkflowType:
			out.Tables = append(out.Tables, owner.TableOf(c.taskQueue, one.WorkflowID))
		case api.SyncTableName:
			out.Runs[c.tableOf(e, api.TableOfSyncID)] = one
		case api.VerifyTableName:
			into := out.Comparisons
			if api.IsSweepID(one.WorkflowID) {
				into = out.Sweeps
			}
			into[c.tableOf(e, api.TableOfComparisonID)] = one
		}
	})
}

// tableOf is the table of a workflow, by its memo, and where that does not say it by its id.
func (c *Client) tableOf(e *workflowpb.WorkflowExecutionInfo, byID func(queue, id string) string) string {
	if name := memoTable(e); name != "" {
		return name
	}
	return byID(c.taskQueue, e.GetExecution().GetWorkflowId())
}
