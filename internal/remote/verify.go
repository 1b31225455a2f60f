package remote

import (
	"context"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
)

// StartVerify begins a comparison of both sides of a table, or a sweep of its deletes. It joins one of the same table
// that goes on; one that repairs fails with a BusyError there.
func (c *Client) StartVerify(ctx context.Context, in api.VerifyTableInput) (Execution, error) {
	id, summary, details := api.VerifyTableID(c.taskQueue, in.Table), "Verify "+in.Table, api.VerifyDetails
	switch {
	case in.Deletes:
		id, summary, details = api.SweepTableID(c.taskQueue, in.Table), "Sweep deletes of "+in.Table, api.SweepDetails
	case in.Replay != "":
		summary, details = "Replay a run of "+in.Table, api.ReplayDetails
	case in.Repair:
		summary, details = "Verify and repair "+in.Table, api.RepairDetails
	}
	if in.DryRun {
		id = api.VerifyDryRunID(c.taskQueue, in.Table)
	}
	o := client.StartWorkflowOptions{
		ID: id, StaticSummary: summary, StaticDetails: details,
		Memo: memo(in.Table), Priority: priority(in.Table),
	}
	if in.Repair {
		return c.startAlone(ctx, in.Table, o, api.VerifyTableName, in)
	}
	o.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	return c.startHelper(ctx, in.Table, o, api.VerifyTableName, in)
}

// WaitVerify returns the receipt of a comparison.
func (c *Client) WaitVerify(ctx context.Context, e Execution) (api.VerifyTableResult, error) {
	return waitHelper[api.VerifyTableResult](ctx, c, e)
}
