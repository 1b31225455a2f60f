package integration_test

import (
	"regexp"
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
	servers.Some(t, func(t *testing.T, s *servers.Server) {
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

// A sweep deletes what is gone and nothing else; an undo brings it back and pauses the sweeps, until they are resumed.
func TestASweepDeletesAndAnUndoBringsBack(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, target: s, tables: swept("{ mode: hard, grace: 0s }")})
		exec(t, p.src, createT, insertT(1, 300), old)
		p.settled("t")
		exec(t, p.src, "DELETE FROM t WHERE id % 5 = 0")
		got, err := p.sweepDeletes("t")
		require.NoError(t, err)
		require.Equal(t, int64(60), got.Sweep.Deleted, "%+v", got.Sweep)
		p.equal("t", []string{"id"}, columnsT...)

		require.Contains(t, p.cli("undo "+p.table("t")+" "+got.Undo[0]), "60")
		require.Equal(t, 300, p.targetRows())
		_, err = p.sweepDeletes("t")
		requireFailure(t, err, failure.DeletesHeld, "are paused", "deletes resume")
		require.Equal(t, 300, p.targetRows())
		p.cli("deletes resume " + p.table("t"))
		require.Contains(t, p.cli("deletes sweep "+p.table("t")), "60 rows not at the source any more, 60 deleted")
		p.equal("t", []string{"id"}, columnsT...)
	})
}

// A source that was emptied, and more rows than a share, stop a sweep; what a person approves is that list alone.
func TestAGuardStopsASweepUntilAPersonApproves(t *testing.T) {
	t.Parallel()
	p := start(t, options{tables: swept("{ mode: hard, grace: 0s }")})
	exec(t, p.src, createT, insertT(1, 150), old)
	p.settled("t")
	exec(t, p.src, "TRUNCATE TABLE t")
	_, err := p.sweepDeletes("t")
	requireFailure(t, err, failure.DeletesHeld, "has no row", "deletes approve "+p.table("t"))
	exec(t, p.src, insertT(1, 30), old)
	_, err = p.sweepDeletes("t")
	requireFailure(t, err, failure.DeletesHeld, "120 of 150 rows", "lets one sweep delete 100")
	require.Equal(t, 150, p.targetRows())

	run := regexp.MustCompile(`deletes approve \S+ (\S+);`).FindStringSubmatch(err.Error())[1]
	exec(t, p.src, insertT(31, 40)) // back, in versions that no run has brought yet
	exec(t, p.src, "DELETE FROM t WHERE id < 11")
	out := p.cli("deletes approve " + p.table("t") + " " + run)
	require.Contains(t, out, "110 deleted")
	require.Equal(t, 40, p.targetRows(), "rows that were not on the list stay")
}

// With soft, a row that is gone is marked and keeps its cursor; it counts as absent, comes back with a run that finds
// it at the source again, and with an undo.
func TestASoftSweepMarksRows(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, target: s, tables: swept("{ mode: soft, column: gone, grace: 0s }")})
		exec(t, p.src, createT, insertT(1, 20), old)
		p.settled("t")
		exec(t, p.src, "DELETE FROM t WHERE id <= 5")
		got, err := p.sweepDeletes("t")
		require.NoError(t, err)
		require.EqualValues(t, 5, got.Sweep.Deleted)
		marked := "SELECT COUNT(*) FROM t WHERE gone BETWEEN UTC_TIMESTAMP() - INTERVAL 1 HOUR AND UTC_TIMESTAMP(6)" +
			" AND updated_at < '2025-01-01'"
		require.Equal(t, "5", scalar(t, p.dst, marked))
		require.False(t, p.verify("t", "").Differs, "marked rows are absent")

		exec(t, p.src, insertT(1, 2))
		p.sync("t")
		require.Equal(t, "3", scalar(t, p.dst, marked))
		require.Equal(t, "2", scalar(t, p.dst, "SELECT COUNT(*) FROM t WHERE id <= 2 AND gone IS NULL"))
		p.cli("undo " + p.table("t") + " " + got.Undo[0])
		require.Equal(t, "0", scalar(t, p.dst, "SELECT COUNT(*) FROM t WHERE gone IS NOT NULL"))
		require.Equal(t, "20", scalar(t, p.dst, "SELECT COUNT(*) FROM t"))
	})
}
