package owner

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

// ReadState asks a table's state workflow for its state, by its query, which writes nothing to a history. It returns
// the zero State and false where no state workflow runs. One that was terminated would still answer, with the state
// that it had: that state is of no use, since the next run starts another state workflow.
func ReadState(ctx context.Context, c client.Client, queue, tbl string) (State, bool, error) {
	none := State{Version: StateVersion, Table: tbl}
	reply, err := c.QueryWorkflowWithOptions(ctx, &client.QueryWorkflowWithOptionsRequest{
		WorkflowID: WorkflowID(queue, tbl), QueryType: QueryState,
		QueryRejectCondition: enumspb.QUERY_REJECT_CONDITION_NOT_OPEN,
	})
	var missing *serviceerror.NotFound
	switch {
	case errors.As(err, &missing), err == nil && reply.QueryRejected != nil:
		return none, false, nil
	case err != nil:
		return none, false, fmt.Errorf("ask the state workflow of %s for its state: %w", tbl, err)
	}
	var s State
	if err := reply.QueryResult.Get(&s); err != nil {
		return none, false, fmt.Errorf("read the state of %s: %w", tbl, err)
	}
	return s, true, nil
}
