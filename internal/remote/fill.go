package remote

import (
	"context"
	"strings"

	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
)

// StartFill begins a backfill of columns. It fails with a BusyError where one of the same table goes on.
func (c *Client) StartFill(ctx context.Context, in api.FillColumnsInput) (Execution, error) {
	id := api.FillColumnsID(c.taskQueue, in.Table)
	return c.startAlone(ctx, in.Table, client.StartWorkflowOptions{
		ID: id, StaticSummary: "Backfill " + strings.Join(in.Columns, ", ") + " of " + in.Table,
		StaticDetails: api.FillDetails, Memo: memo(in.Table), Priority: priority(in.Table),
	}, api.FillColumnsName, in)
}

// WaitFill returns what a backfill of columns did.
func (c *Client) WaitFill(ctx context.Context, e Execution) (api.FillColumnsResult, error) {
	return waitHelper[api.FillColumnsResult](ctx, c, e)
}
