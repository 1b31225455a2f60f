package integration_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// What commands print of real runs is what docs/schemas says; cli compares every line.
func TestJSONIsAsDocumented(t *testing.T) {
	t.Parallel()
	p := start(t, options{source: servers.MySQL(t)})
	exec(t, p.src,
		"CREATE TABLE t (id INT PRIMARY KEY, note VARCHAR(20), updated_at TIMESTAMP(6) NOT NULL DEFAULT "+
			"CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at))",
		"INSERT INTO t VALUES (1, 'a', NOW(6) - INTERVAL 1 HOUR), (2, 'b', NOW(6) - INTERVAL 1 HOUR)")
	name := p.table("t")
	p.cli("run " + name + " --output json")
	exec(t, p.dst, "DELETE FROM t WHERE id = 2")
	require.Contains(t, p.cliFails(5, "verify "+name+" --output json"), `"missing":1`)
	for _, args := range []string{
		"status " + name, "status", "history " + name, "explain " + name, "explain RowRejected", "plan " + name,
		"verify show " + name, "watermark show " + name, "watermark adopt " + name, "config check", "version",
		"schedule list", "quarantine list",
	} {
		p.cli(args + " --output json")
	}
}
