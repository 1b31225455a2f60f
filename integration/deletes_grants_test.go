package integration_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// sweepGrants are for deletes with mode hard.
var sweepGrants = []string{"SELECT, INSERT, UPDATE, DELETE, TRIGGER ON TO.t"}

// What docs/deletes.md asks for is enough, mode by mode. Without DELETE, or without TRIGGER, a sweep is held before it
// deletes a row.
func TestGrantsOfASweep(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		o := options{tables: swept("{ mode: report, grace: 0s, owns: all }")}
		p := logins(t, s, o, sourceGrants, slices.Concat(stateGrants, targetGrants), createT)
		o.source, o.sourceDSN = s, p.login(s, sourceGrants...)
		as := func(deletes string, target ...string) {
			o.tables, o.targetDSN = swept("{ owns: all, "+deletes+" }"), p.login(s,
				slices.Concat(stateGrants, target)...)
			p.reconfigure(o)
		}
		p.settled("t")
		exec(t, p.src, "DELETE FROM t WHERE id <= 5")
		got, err := p.sweepDeletes("t")
		require.NoError(t, err)
		require.EqualValues(t, 5, got.Sweep.Found)

		as("mode: hard, grace: 24h", targetGrants...)
		_, err = p.sweepDeletes("t")
		requireFailure(t, err, failure.DeletesHeld, "lacks DELETE, TRIGGER on "+p.to+".t", "GRANT DELETE, TRIGGER ON")
		require.Contains(t, p.state("t").LastSweep.Held, "lacks DELETE, TRIGGER", "before the first look")
		as("mode: hard, grace: 24h", replaceGrants...)
		_, err = p.sweepDeletes("t")
		requireFailure(t, err, failure.DeletesHeld, "lacks TRIGGER", "deletes.allowCascade")
		require.Equal(t, 50, p.targetRows())

		as("mode: hard, grace: 0s", sweepGrants...)
		got, err = p.sweepDeletes("t")
		require.NoError(t, err)
		require.EqualValues(t, 5, got.Sweep.Deleted)

		as("mode: soft, grace: 0s, column: gone", createGrants...)
		p.settled("t") // a run adds the column
		as("mode: soft, grace: 0s, column: gone", targetGrants...)
		exec(t, p.src, "DELETE FROM t WHERE id <= 8")
		got, err = p.sweepDeletes("t")
		require.NoError(t, err)
		require.EqualValues(t, 3, got.Sweep.Deleted)
		require.Equal(t, "3", scalar(t, p.dst, "SELECT COUNT(*) FROM t WHERE gone IS NOT NULL"))
		require.Equal(t, 45, p.targetRows())
	})
}

// A row whose INSERT is not committed when a sweep has its last look at the source is deleted, and comes with the run
// after its COMMIT: no run in between has gone past it.
func TestARowThatIsInsertedAgainDuringASweepArrives(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, target: s, tables: swept("{ mode: hard, grace: 0s }")})
		exec(t, p.src, createT, insertT(1, 20), old)
		p.settled("t")
		exec(t, p.src, "DELETE FROM t WHERE id <= 2")
		open, err := p.src.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		defer func() { _ = open.Rollback() }()
		_, err = open.ExecContext(t.Context(), insertT(1, 1))
		require.NoError(t, err)
		exec(t, p.src, insertT(21, 21))
		p.once("t")
		got, err := p.sweepDeletes("t")
		require.NoError(t, err)
		require.EqualValues(t, 2, got.Sweep.Deleted)
		p.once("t")
		require.NoError(t, open.Commit())
		p.settled("t")
		p.equal("t", []string{"id"}, columnsT...)
	})
}
