package integration_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// With staging.keep, the rows of a run are loaded again by their keys, as the source has them now: what the target has
// lost comes back, and what the source has deleted does not. An undo takes it back.
func TestARunIsReplayed(t *testing.T) {
	t.Parallel()
	p := start(t, options{
		source: servers.MySQL(t), target: servers.MariaDB(t), tables: verified, staging: ", keep: 7d",
	})
	exec(t, p.src, createT, insertT(1, 30), old)
	p.settled("t")
	exec(t, p.src, "DELETE FROM t WHERE id = 1")
	exec(t, p.dst, "DELETE FROM t WHERE id IN (1, 2)", "UPDATE t SET name = 'x', updated_at = updated_at WHERE id = 3")
	name := p.table("t")
	text := p.cli("replay " + name)
	require.Contains(t, text, name+": equal")
	require.Contains(t, text, "repaired   1 missing")
	require.Contains(t, text, "repaired   1 silent")
	require.Contains(t, text, "tablehaul undo "+name)
	require.Equal(t, "29", scalar(t, p.dst, "SELECT COUNT(*) FROM t WHERE name <> 'x'"))
	got := p.shell("tablehaul --task-queue " + p.queue + " replay " + name + " another-run")
	require.Contains(t, got.stderr, "staging keeps no run another-run")
}
