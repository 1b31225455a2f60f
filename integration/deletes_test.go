package integration_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
	"github.com/tablehaul/tablehaul/workflows"
)

// sweep looks for deleted rows of a table.
func (p *product) sweepDeletes(name string) (out workflows.VerifyTableResult, err error) {
	p.t.Helper()
	run, err := p.client.ExecuteWorkflow(p.t.Context(), client.StartWorkflowOptions{
		ID: api.SweepTableID(p.queue, p.table(name)), TaskQueue: p.queue,
	}, workflows.VerifyTableName, workflows.VerifyTableInput{Table: p.table(name), Deletes: true})
	require.NoError(p.t, err)
	return out, run.Get(p.t.Context(), &out)
}

// swept is the table t with a way to see to its deletes.
func swept(deletes string) string {
	return "- { name: FROM.t, target: TO.t, cursor: updated_at, overlap: 1s, deletes: " + deletes + " }"
}

// A sweep that reports counts deleted rows and touches none; rows of a target that no run has created are extra.
func TestASweepReportsDeletedRows(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, target: s, tables: swept("{ mode: report, grace: 0s }")})
		exec(t, p.src, createT, insertT(1, 10), old)
		p.settled("t")
		exec(t, p.src, "DELETE FROM t WHERE id < 4")
		got, err := p.sweepDeletes("t")
		require.NoError(t, err)
		require.Equal(t, &api.SweepResult{Mode: api.DeletesReport, Found: 3}, got.Sweep)
		require.Equal(t, api.DepthKeys, got.Depth)
		require.Equal(t, 10, p.targetRows())
	})
	t.Run("of a table that was there", func(t *testing.T) {
		p := start(t, options{tables: swept("{ mode: report, grace: 0s }")})
		exec(t, p.src, createT, insertT(1, 10), old)
		exec(t, p.dst, createT, insertT(77, 77), old)
		p.settled("t")
		got, err := p.sweepDeletes("t")
		require.NoError(t, err)
		require.Zero(t, got.Sweep.Found)
		require.EqualValues(t, 1, got.Verdicts[verify.Extra])
	})
	t.Run("off", func(t *testing.T) {
		p := start(t, options{tables: swept("{ mode: off }")})
		exec(t, p.src, createT)
		_, err := p.sweepDeletes("t")
		requireFailure(t, err, failure.InvalidInput, "deletes of", "are off", "mode: report")
	})
}
