package remote

import (
	"context"
	"errors"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
)

// Cancel asks a run, a comparison or a sweep to end, and returns it with its run id. It ends when a worker has
// cancelled its steps, which takes a chunk or a page. Cancel returns false where it has ended already. It follows one
// that continues as new.
func (c *Client) Cancel(ctx context.Context, e Execution) (Execution, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	for {
		d, err := c.latest(ctx, e)
		info := d.GetWorkflowExecutionInfo()
		if isGone(err) || err == nil && info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
			return e, false, nil
		}
		if err == nil { // the next run has the same workflow id, and is not meant
			e.RunID = info.GetExecution().GetRunId()
			err = c.client.CancelWorkflow(ctx, e.WorkflowID, e.RunID)
		}
		if !isGone(err) {
			return e, err == nil, c.translate("", err)
		}
		// It has ended, or has continued as new, since it was looked at.
	}
}

func isGone(err error) bool {
	_, gone := errors.AsType[*serviceerror.NotFound](err)
	return gone
}
