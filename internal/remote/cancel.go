package remote

import (
	"context"
	"errors"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
)

// Cancel asks a run, a comparison or a sweep to end, and returns it with its run id. It ends when a worker has
// cancelled its steps, which takes a chunk or a page. Cancel returns false where it has ended already.
func (c *Client) Cancel(ctx context.Context, e Execution) (Execution, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	d, err := c.client.DescribeWorkflowExecution(ctx, e.WorkflowID, e.RunID)
	info := d.GetWorkflowExecutionInfo()
	if err == nil && info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return e, false, nil
	}
	if err == nil { // the next run has the same workflow id, and is not meant
		e.RunID = info.GetExecution().GetRunId()
		err = c.client.CancelWorkflow(ctx, e.WorkflowID, e.RunID)
	}
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return e, false, nil
	}
	return e, err == nil, c.translate("", err)
}
