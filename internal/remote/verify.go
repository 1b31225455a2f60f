package remote

import (
	"context"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
)

// StartVerify begins a comparison of both sides of a table. It joins one of the same table that goes on.
func (c *Client) StartVerify(ctx context.Context, in api.VerifyTableInput) (Execution, error) {
	return c.startHelper(ctx, in.Table, client.StartWorkflowOptions{
		ID: api.VerifyTableID(
			c.taskQueue,
			in.Table,
		), StaticSummary: "Verify " + in.Table, StaticDetails: api.VerifyDetails,
		Memo: memo(in.Table), Priority: priority(in.Table),
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, api.VerifyTableName, in)
}

// WaitVerify returns the receipt of a comparison.
func (c *Client) WaitVerify(ctx context.Context, e Execution) (api.VerifyTableResult, error) {
	return waitHelper[api.VerifyTableResult](ctx, c, e)
}
