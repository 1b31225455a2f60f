package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
)

func (f *fakeService) StartFill(_ context.Context, in api.FillColumnsInput) (remote.Execution, error) {
	f.filled.Columns = in.Columns
	return remote.Execution{WorkflowID: "fill"}, nil
}

func (f *fakeService) WaitFill(context.Context, remote.Execution) (api.FillColumnsResult, error) {
	return f.filled, nil
}

func TestTheReceiptOfABackfill(t *testing.T) {
	f := &fakeService{filled: api.FillColumnsResult{
		Table: "shop.orders", Target: "dw.orders", Cursor: "updated_at", Through: "2024-05-01 12:00:00", Rows: 1206,
		Filled: 1198, Equal: 5, Newer: 2, Missing: 1, Warnings: []string{"it is slow"},
	}}
	got := call(t, f, "backfill", "shop.orders", "discount", "note")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, `shop.orders: 1,198 rows of dw.orders filled: discount, note
  read       1,206 rows up to updated_at 2024-05-01 12:00:00
  equal      5 had the values before
  newer      2 were another version than was read: runs bring them
  missing    1 row not on the target: tablehaul verify shop.orders says why
  warning    it is slow
`, got.stdout)
	f.filled = api.FillColumnsResult{Table: "shop.orders", Target: "dw.orders", Filled: 1, Rows: 1, DryRun: true}
	require.Contains(t, call(t, f, "backfill", "shop.orders", "note", "--dry-run").stdout, "would be filled: note")
	require.Equal(t, exitUsage, call(t, f, "backfill", "shop.orders").code)
}

func TestStatusShowsABackfill(t *testing.T) {
	held := owner.State{Watermark: "1", Lease: &owner.Lease{
		WorkflowID: api.FillColumnsID(api.DefaultTaskQueue, "shop.orders"), RunID: "r1", Slice: true,
	}}
	f := &fakeService{
		states: map[string]owner.State{"shop.orders": held},
		report: api.Status{
			Mode: api.ModeFill, Phase: api.PhaseUpsert, RowsTotal: 1000, RowsExtracted: 400, RowsWritten: 250,
		},
	}
	got := call(t, f, "status", "shop.orders")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "columns of old rows are filled")
	require.NotContains(t, got.stdout, "being compared")
}
