package target_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A target that may lose what it has confirmed draws one warning, which names each setting and how to set it.
func TestATargetThatMayLoseCommitsIsWarnedOf(t *testing.T) {
	t.Parallel()
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			s := servers.Private(t, flavor, "--log-bin=binlog", "--server-id=7", "--binlog-format=ROW")
			p := dbtest.NewPair(t, s, s)
			p.AtSource("CREATE TABLE g (id INT PRIMARY KEY)")
			for settings, want := range map[string][]string{
				"innodb_flush_log_at_trx_commit = 1, GLOBAL sync_binlog = 1":    nil,
				"innodb_flush_log_at_trx_commit = 1, GLOBAL sync_binlog = 0":    {"sync_binlog = 0"},
				"innodb_flush_log_at_trx_commit = 1, GLOBAL sync_binlog = 1000": {"sync_binlog = 1000"},
				"innodb_flush_log_at_trx_commit = 2, GLOBAL sync_binlog = 1":    {"innodb_flush_log_at_trx_commit = 2"},
				"innodb_flush_log_at_trx_commit = 0, GLOBAL sync_binlog = 0": {
					"innodb_flush_log_at_trx_commit = 0", "sync_binlog = 0",
				},
			} {
				p.AtTarget("SET GLOBAL " + settings)
				var found []table.Finding
				for _, f := range p.Plan("g").Findings {
					if f.Topic == table.TopicDurability {
						found = append(found, f)
					}
				}
				server, err := lineage.ReadServer(t.Context(), p.Dst, "")
				require.NoError(t, err)
				require.Equal(t, want == nil, server.Durable, settings)
				if want == nil {
					require.Empty(t, found, settings)
					continue
				}
				require.Len(t, found, 1, settings)
				require.Equal(t, table.LevelWarn, found[0].Level)
				for _, one := range want {
					require.Contains(t, found[0].Text, one)
					name, _, _ := strings.Cut(one, " ")
					require.Contains(t, found[0].Remedy, "GLOBAL "+name+" = 1")
				}
				require.Equal(t, len(want), strings.Count(found[0].Remedy, "GLOBAL"), found[0].Remedy)
			}
		})
	}
}
