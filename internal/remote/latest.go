package remote

import (
	"context"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
)

// latest describes an execution, or, where it has continued as new, the one that goes on with its work or has ended it.
func (c *Client) latest(
	ctx context.Context, e Execution,
) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	d, err := c.client.DescribeWorkflowExecution(ctx, e.WorkflowID, e.RunID)
	was := d.GetWorkflowExecutionInfo()
	if err != nil || was.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW {
		return d, err
	}
	now, err := c.client.DescribeWorkflowExecution(ctx, e.WorkflowID, "")
	if err == nil && now.GetWorkflowExecutionInfo().GetFirstRunId() != was.GetFirstRunId() {
		return d, nil // all of them have ended, and another workflow has the id
	}
	return now, err
}

// hasEnded reports whether nothing goes on with the work of an execution.
func (c *Client) hasEnded(ctx context.Context, e Execution) bool {
	d, err := c.latest(ctx, e)
	return err == nil && d.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
}
