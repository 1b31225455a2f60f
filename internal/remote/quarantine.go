package remote

import (
	"context"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/sealed"
)

// StartRetryQuarantine begins another try of a table's rows in quarantine. It joins one of the same table that goes on.
func (c *Client) StartRetryQuarantine(ctx context.Context, in api.RetryQuarantineInput) (Execution, error) {
	return c.startHelper(ctx, in.Table, client.StartWorkflowOptions{
		ID:            api.RetryQuarantineID(c.taskQueue, in.Table),
		StaticSummary: "Retry the quarantine of " + in.Table, StaticDetails: api.RetryQuarantineDetails,
		Memo: memo(in.Table), Priority: priority(in.Table),
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, api.RetryQuarantineName, in)
}

// WaitRetryQuarantine returns what came of it.
func (c *Client) WaitRetryQuarantine(ctx context.Context, e Execution) (api.RetryQuarantineResult, error) {
	return waitHelper[api.RetryQuarantineResult](ctx, c, e)
}

// StartDropQuarantine begins to close entries of a table's quarantine. It fails where another such workflow goes on.
func (c *Client) StartDropQuarantine(ctx context.Context, in api.DropQuarantineInput) (Execution, error) {
	return c.startHelper(ctx, in.Table, client.StartWorkflowOptions{
		ID:            api.DropQuarantineID(c.taskQueue, in.Table),
		StaticSummary: "Drop the quarantine of " + in.Table, StaticDetails: api.DropQuarantineDetails,
		Memo: memo(in.Table), Priority: priority(in.Table),
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, api.DropQuarantineName, in)
}

// WaitDropQuarantine returns what was closed.
func (c *Client) WaitDropQuarantine(ctx context.Context, e Execution) (api.DropQuarantineResult, error) {
	return waitHelper[api.DropQuarantineResult](ctx, c, e)
}

// StartShowQuarantine begins to read a page of a table's quarantine. The key opens the answer.
func (c *Client) StartShowQuarantine(
	ctx context.Context, in api.ShowQuarantineInput, key sealed.Key,
) (Execution, error) {
	in.PublicKey = key.Public()
	return c.startHelper(ctx, in.Table, client.StartWorkflowOptions{
		ID:            api.ShowQuarantineID(c.taskQueue, in.Table, askID()),
		StaticSummary: "Show the quarantine of " + in.Table, StaticDetails: api.ShowQuarantineDetails,
		Memo: memo(in.Table), Priority: priority(in.Table),
	}, api.ShowQuarantineName, in)
}

// WaitShowQuarantine returns a page, and what it has in clear text.
func (c *Client) WaitShowQuarantine(
	ctx context.Context, e Execution, tbl string, key sealed.Key,
) (api.ShowQuarantineResult, api.QuarantinePage, error) {
	var page api.QuarantinePage
	out, err := waitHelper[api.ShowQuarantineResult](ctx, c, e)
	if err == nil {
		err = unseal(key, tbl, out.Sealed, &page)
	}
	return out, page, err
}
