package remote

import (
	"context"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/owner"
)

// State asks the table's state workflow for its state. It returns false where the table has no state workflow.
func (c *Client) State(ctx context.Context, tbl string) (owner.State, bool, error) {
	within, cancel := context.WithTimeout(ctx, QueryTimeout)
	defer cancel()
	out, there, err := owner.ReadState(within, c.client, c.taskQueue, tbl)
	if err != nil {
		return out, false, c.whySilent(ctx, tbl, c.translate(tbl, err))
	}
	return out, there, nil
}

// whySilent is err, or why the decisions of the table's state workflow fail, where that is why it does not answer.
func (c *Client) whySilent(ctx context.Context, tbl string, err error) error {
	if !IsUnreachable(err) || ctx.Err() != nil {
		return err
	}
	steps, pendingErr := c.Pending(ctx, Execution{WorkflowID: owner.WorkflowID(c.taskQueue, tbl)})
	if pendingErr != nil {
		return err
	}
	for _, w := range steps.Waits {
		if w.Step == stepDecision {
			return fmt.Errorf("the state workflow of %s does not answer: %s", tbl, w.Reason)
		}
	}
	return err
}

// SetWatermark moves or forgets the watermark, or binds it to the servers and the target that the next run finds. It
// starts the state workflow where the table has none.
func (c *Client) SetWatermark(ctx context.Context, tbl string, req owner.SetRequest) (owner.State, error) {
	return c.updateState(ctx, tbl, owner.UpdateSetWatermark, req)
}

// PauseDeletes pauses the table's deletes, or resumes them.
func (c *Client) PauseDeletes(ctx context.Context, tbl string, req owner.PauseDeletesRequest) (owner.State, error) {
	return c.updateState(ctx, tbl, owner.UpdatePauseDeletes, req)
}

// AckWarnings keeps that a person has seen the table's warnings.
func (c *Client) AckWarnings(ctx context.Context, tbl string) (owner.State, error) {
	return c.updateState(ctx, tbl, owner.UpdateAckWarnings, owner.AckRequest{})
}

// updateState sends an update to the table's state workflow, and starts that where it does not run.
func (c *Client) updateState(ctx context.Context, tbl, update string, req any) (owner.State, error) {
	within, cancel := context.WithTimeout(ctx, updateTimeout)
	defer cancel()
	var out owner.State
	handle, err := c.client.UpdateWithStartWorkflow(within, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.client.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
			ID: owner.WorkflowID(c.taskQueue, tbl), TaskQueue: c.taskQueue,
			StaticSummary: "Watermark and lease of " + tbl, StaticDetails: owner.StaticDetails, Memo: memo(tbl),
			WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		}, owner.WorkflowType, owner.State{Version: owner.StateVersion, Table: tbl}),
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: update, Args: []any{req}, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(within, &out)
	}
	return out, c.whySilent(ctx, tbl, c.translate(tbl, err))
}
