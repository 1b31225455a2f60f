package integration_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Two tables fill one target, with a state row each: runs of one are not in the way of the other's, before and after
// both have begun, and each comparison sees the rows of its own source.
func TestTwoTablesFillOneTarget(t *testing.T) {
	t.Parallel()
	s := servers.MySQL(t)
	p := start(t, options{source: s, idle: true})
	tables := ""
	for _, name := range []string{"eu", "us"} {
		exec(t, p.src, "CREATE TABLE "+name+
			" (id INT PRIMARY KEY, v INT, updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at))")
		tables += fmt.Sprintf("  - { name: %[1]s.%[2]s, target: %[3]s.t, cursor: updated_at, keysDisjoint: true, "+
			"columns: { add: { origin: \"'%[2]s'\" } } }\n", p.from, name, p.to)
	}
	exec(t, p.src, "INSERT INTO eu VALUES (1, 1, '2024-01-01'), (3, 1, '2024-01-01')",
		"INSERT INTO us VALUES (2, 1, '2024-01-01')")
	p.writeConfig(options{sourceDSN: s.DSN(""), targetDSN: s.DSN(""), tables: tables})
	p.startWorker()

	p.cli("run --all")
	exec(t, p.src, "UPDATE eu SET v = 2, updated_at = '2024-02-01' WHERE id = 1",
		"UPDATE us SET v = 2, updated_at = '2024-02-01'")
	p.cli("run --all")
	require.Equal(t, []string{"1 2 eu", "2 2 us", "3 1 eu"}, dbtest.Texts(t, p.dst,
		"SELECT CONCAT_WS(' ', id, v, origin) FROM t ORDER BY id"))
	require.Equal(t, []string{"2"}, dbtest.Texts(t, p.dst,
		"SELECT COUNT(*) FROM tablehaul_state WHERE target_table = 't'"))
	p.cli("verify --all")
}
