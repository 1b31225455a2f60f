package remote

import (
	"context"
	"errors"

	"go.temporal.io/api/serviceerror"
)

// Cancel asks a run, a comparison or a sweep to end. It ends when a worker has cancelled its steps, which takes a chunk
// or a page. Cancel returns false where it has ended already.
func (c *Client) Cancel(ctx context.Context, e Execution) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	err := c.client.CancelWorkflow(ctx, e.WorkflowID, e.RunID)
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return false, nil
	}
	return err == nil, c.translate("", err)
}
