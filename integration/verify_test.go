package integration_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
	"github.com/tablehaul/tablehaul/workflows"
)

// verify compares both sides of a table.
func (p *product) verify(name, depth string) workflows.VerifyTableResult {
	p.t.Helper()
	run, err := p.client.ExecuteWorkflow(p.t.Context(), client.StartWorkflowOptions{
		ID: workflows.VerifyTableID(p.queue, p.table(name)), TaskQueue: p.queue,
	}, workflows.VerifyTableName, workflows.VerifyTableInput{Table: p.table(name), Depth: depth})
	require.NoError(p.t, err)
	var out workflows.VerifyTableResult
	require.NoError(p.t, run.Get(p.t.Context(), &out))
	return out
}

// eachWay runs a test for each source and target.
func eachWay(t *testing.T, f func(t *testing.T, source, target *servers.Server)) {
	mysql, mariadb := servers.MySQL(t), servers.MariaDB(t)
	for _, way := range [][2]*servers.Server{{mysql, mysql}, {mariadb, mariadb}, {mysql, mariadb}, {mariadb, mysql}} {
		t.Run(fmt.Sprintf("%s to %s", way[0].Flavor, way[1].Flavor), func(t *testing.T) {
			t.Parallel()
			f(t, way[0], way[1])
		})
	}
}

const verified = "- { name: FROM.t, target: TO.t, cursor: updated_at, overlap: 1s }"

// Every difference is found and has its name, by key alone and by all values. Rows above the watermark are left out.
func TestVerifyNamesEveryDifference(t *testing.T) {
	t.Parallel()
	for key, create := range map[string]string{
		"INT": "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(30), f FLOAT, updated_at DATETIME(6) NULL, " +
			"KEY (updated_at))",
		"text": "CREATE TABLE t (id VARCHAR(20) PRIMARY KEY, v VARCHAR(30), f FLOAT, updated_at DATETIME(6) NULL," +
			" KEY (updated_at)) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci",
	} {
		t.Run(key, func(t *testing.T) {
			eachWay(t, func(t *testing.T, source, target *servers.Server) {
				p := start(t, options{
					source: source, target: target, tables: verified, defaults: ", tuning: { pageRows: 100 }",
				})
				exec(t, p.src, create)
				var rows []string
				for i := 100; i < 500; i++ {
					rows = append(rows, fmt.Sprintf("('%[1]d', 'v%[1]d', %[1]d / 7, "+
						"'2024-01-01' + INTERVAL %[1]d SECOND)", i))
				}
				exec(t, p.src, "INSERT INTO t VALUES "+strings.Join(rows, ", "))
				p.settled("t")
				equal := p.verify("t", "")
				require.False(t, equal.Differs, "%v", equal.Verdicts)
				require.Equal(t, verify.Tally{SourceRows: 400, TargetRows: 400, Equal: 400}, equal.Tally)
				require.NotEmpty(t, equal.AsOf)
				require.Empty(t, equal.Differences)

				requireVerdicts(p)
				p.requireNoText("between")
				p.requireNoText("987650123")
			})
		})
	}
}

// requireVerdicts makes a difference of each kind, and requires that a comparison finds and names them.
func requireVerdicts(p *product) {
	t := p.t
	t.Helper()
	exec(
		t,
		p.dst,
		"DELETE FROM t WHERE id IN ('100', '499')",
		"UPDATE t SET updated_at = updated_at - INTERVAL 1 DAY WHERE id = '200'",
		"UPDATE t SET f = f + 0.00001 WHERE id = '210'",
		"UPDATE t SET v = NULL WHERE id = '211'",
		"UPDATE t SET updated_at = updated_at + INTERVAL 1 DAY WHERE id = '220'",
		"INSERT INTO t VALUES ('5', 'before', 1, '2024-01-01'), ('9999', 'behind', 1, '2024-01-01'),"+
			" ('987650123', 'between', 1, '2024-01-01')",
	)
	exec(
		t,
		p.src,
		"DELETE FROM t WHERE id = '300'",
		"UPDATE t SET v = 'later', updated_at = NOW(6) + INTERVAL 1 DAY WHERE id = '310'",
	)
	found := p.verify("t", "")
	require.True(t, found.Differs)
	require.Equal(
		t,
		map[verify.Verdict]int64{
			verify.Missing: 2,
			verify.Stale:   1,
			verify.Silent:  2,
			verify.Newer:   1,
			verify.Deleted: 4,
		},
		found.Verdicts,
	)
	require.EqualValues(t, 1, found.Pending)
	require.NotEmpty(t, found.Differences)
	require.Equal(
		t,
		map[verify.Verdict]int64{verify.Missing: 2, verify.Stale: 1, verify.Newer: 1, verify.Deleted: 4},
		p.verify("t", "keys").Verdicts,
	)
}

// A key that has another spelling on the target is one row, and no two.
func TestVerifyKnowsKeysBySpelling(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: verified})
		exec(
			t,
			p.src,
			"CREATE TABLE t (a VARCHAR(20), b VARCHAR(20), v INT, "+
				"updated_at DATETIME(6) NOT NULL DEFAULT '2024-01-01', PRIMARY KEY (a, b), "+
				"KEY (updated_at)) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci",
			"INSERT INTO t (a, b, v) VALUES ('x0', 'y', 1), ('x', '0y', 2), ('aa', '', 3), ('b', 'c', 4)",
		)
		p.settled("t")
		require.False(t, p.verify("t", "").Differs)
		exec(t, p.src, "UPDATE t SET a = 'AA' WHERE a = 'aa'")
		require.Equal(t, map[verify.Verdict]int64{verify.Respelled: 2}, p.verify("t", "").Verdicts)
		exec(t, p.dst, "UPDATE t SET v = 3 - v WHERE a LIKE 'x%'") // two rows exchange their values
		require.Equal(t, map[verify.Verdict]int64{verify.Respelled: 2, verify.Silent: 2}, p.verify("t", "").Verdicts)
	})
}

// What no run has promised yet cannot be compared, and is refused before anything is read.
func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	p := start(t, options{tables: verified})
	exec(t, p.src, createT, insertT(1, 3), old)
	refused := func(in any, typ string, parts ...string) {
		t.Helper()
		run, err := p.client.ExecuteWorkflow(
			t.Context(),
			client.StartWorkflowOptions{TaskQueue: p.queue},
			workflows.VerifyTableName,
			in,
		)
		require.NoError(t, err)
		requireFailure(t, run.Get(t.Context(), nil), typ, parts...)
	}
	refused(map[string]string{"table": p.table("t"), "dept": "keys"}, failure.InvalidInput, "dept")
	refused(map[string]string{"table": p.table("t"), "depth": "all"}, failure.InvalidInput, "digest")
	refused(map[string]string{"table": p.table("none")}, failure.UnknownTable)
	refused(map[string]string{"table": p.table("t")}, failure.UnsupportedTable, "is not there")
	exec(t, p.dst, createT)
	refused(map[string]string{"table": p.table("t")}, failure.UnsupportedTable, "no watermark")
	p.settled("t")
	exec(t, p.src, "ALTER TABLE t ADD COLUMN more INT")
	refused(map[string]string{"table": p.table("t")}, failure.UnsupportedTable, "more")
	exec(t, p.src, "ALTER TABLE t DROP COLUMN more")
	exec(t, p.dst, "TRUNCATE TABLE t")
	refused(map[string]string{"table": p.table("t")}, failure.UnsupportedTable, "has no row")
}
