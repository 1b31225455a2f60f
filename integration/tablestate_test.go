package integration_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/workflows"
)

// The state workflow continues as new while updates keep coming: none is lost, and the state is carried.
func TestTableStateContinuesAsNewUnderLoad(t *testing.T) {
	t.Parallel()
	p := start(t, options{})
	exec(t, p.src, createT, insertT(1, 10), "UPDATE t SET updated_at = '2024-01-01'")
	before := p.sync("t")
	id := workflows.TableStateID(p.queue, p.table("t"))
	const clients, each = 6, 90 // beyond the 500 updates after which it continues
	g, ctx := errgroup.WithContext(t.Context())
	for c := range clients {
		g.Go(func() error {
			for i := range each {
				handle, err := p.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
					WorkflowID: id, UpdateName: owner.UpdateSetWatermark,
					WaitForStage: client.WorkflowUpdateStageCompleted,
					Args:         []any{owner.SetRequest{Watermark: before.Watermark, Cursor: "updated_at"}},
					UpdateID:     strconv.Itoa(c) + "-" + strconv.Itoa(i),
				})
				if err == nil {
					err = handle.Get(ctx, nil)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	value, err := p.client.QueryWorkflow(t.Context(), id, "", owner.QueryState)
	require.NoError(t, err)
	var state workflows.TableStateView
	require.NoError(t, value.Get(&state))
	require.Equal(t, before.Watermark, state.Watermark)
	require.Len(t, state.LastRuns, 1)
	d, err := p.client.DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
	require.NotEqual(t, d.GetWorkflowExecutionInfo().GetFirstRunId(),
		d.GetWorkflowExecutionInfo().GetExecution().GetRunId(), "it must have continued as new")
	require.Equal(t, api.ModeIncremental, p.sync("t").Mode)
}
