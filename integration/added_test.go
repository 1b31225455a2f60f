package integration_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// An ALTER at the source moves no cursor: what it does to old rows must be on the target all the
// same, or be said.
func TestOldRowsOfAnAlteredSourceAreNotWrong(t *testing.T) {
	t.Parallel()
	eachPair(t, func(t *testing.T, src, dst *servers.Server) {
		t.Parallel()
		p := start(t, options{source: src, target: dst})
		from, to := lax(t, p.src), lax(t, p.dst)
		execOn(t, from, createT, insertT(1, 20), "UPDATE t SET updated_at = '2024-01-01'")
		p.sync("t")
		execOn(t, from, "SET time_zone = '+02:00'", "ALTER TABLE t ADD COLUMN b BINARY(4) NOT NULL DEFAULT "+
			"x'00ff0041', ADD COLUMN e VARCHAR(9) CHARACTER SET utf8mb4 DEFAULT '😀', "+
			"ADD COLUMN ts TIMESTAMP NULL DEFAULT '2024-01-01', ADD COLUMN changed INT NOT NULL DEFAULT 1, ADD "+
			"COLUMN day DATE AS (DATE(ts)) STORED",
			"ALTER TABLE t ALTER changed SET DEFAULT 2", "SET time_zone = '+00:00'",
			"INSERT INTO t (id, name) VALUES (21, 'new')", "UPDATE t SET updated_at = '2024-01-02' WHERE id = 21")
		r := p.sync("t")
		warnings := strings.Join(r.Warnings, "\n")
		require.Contains(t, warnings, "column changed is added as nullable")
		require.Contains(t, warnings, "--full")
		const exact = "SELECT CONCAT_WS('|', id, HEX(b), HEX(e), ts) FROM t ORDER BY id"
		require.Equal(t, column(t, from, exact), column(t, to, exact))
		require.Equal(t, []string{"1 2023-12-31"}, column(t, to,
			"SELECT CONCAT(COUNT(*), ' ', MIN(day)) FROM t WHERE changed = 2"))
		_, err := p.try(workflows.SyncTableInput{Table: p.table("t"), Full: true})
		require.NoError(t, err)
		const all = "SELECT CONCAT_WS('|', id, HEX(b), HEX(e), ts, changed, day) FROM t ORDER BY id"
		require.Equal(t, column(t, from, all), column(t, to, all))

		// A rename is asked for, and goes on as soon as the target has it too.
		execOn(t, from, "ALTER TABLE t CHANGE n amount INT")
		_, err = p.try(workflows.SyncTableInput{Table: p.table("t")})
		requireFailure(t, err, failure.UnsupportedTable, "amount", "another name", "RENAME COLUMN `n` TO `amount`")
		execOn(t, to, "ALTER TABLE t RENAME COLUMN n TO amount")
		p.sync("t")
		const amounts = "SELECT CONCAT_WS('|', id, amount) FROM t ORDER BY id"
		require.Equal(t, column(t, from, amounts), column(t, to, amounts))

		// A full run writes every row, so it need not ask.
		execOn(t, from, "ALTER TABLE t CHANGE amount total INT")
		_, err = p.try(workflows.SyncTableInput{Table: p.table("t"), Full: true})
		require.NoError(t, err)
		const totals = "SELECT CONCAT_WS('|', id, total) FROM t ORDER BY id"
		require.Equal(t, column(t, from, totals), column(t, to, totals))
	})
}
