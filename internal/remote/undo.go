package remote

import (
	"context"
	"errors"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
)

// StartUndo begins an undo. It fails with a BusyError where one of the same table goes on.
func (c *Client) StartUndo(ctx context.Context, in api.UndoTableInput) (Execution, error) {
	id := api.UndoTableID(c.taskQueue, in.Table)
	summary := "Undo " + in.Run + " of " + in.Table
	if in.Run == "" {
		summary = "Undo the last swap of " + in.Table
	}
	return c.startAlone(ctx, in.Table, client.StartWorkflowOptions{
		ID: id, StaticSummary: summary, StaticDetails: api.UndoDetails,
		Memo: memo(in.Table), Priority: priority(in.Table),
	}, api.UndoTableName, in)
}

// WaitUndo returns what an undo did.
func (c *Client) WaitUndo(ctx context.Context, e Execution) (api.UndoTableResult, error) {
	return waitHelper[api.UndoTableResult](ctx, c, e)
}

// startAlone starts a workflow that writes. It fails with a BusyError where one of the same id goes on.
func (c *Client) startAlone(
	ctx context.Context, tbl string, o client.StartWorkflowOptions, name string, in any,
) (Execution, error) {
	o.WorkflowExecutionErrorWhenAlreadyStarted = true
	e, err := c.startHelper(ctx, tbl, o, name, in)
	if already, ok := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ok {
		return Execution{}, &BusyError{tbl, Execution{o.ID, already.RunId}}
	}
	return e, err
}
