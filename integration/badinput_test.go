package integration_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// requireNothingWritten requires that the target schema is as empty as it was.
func (p *product) requireNothingWritten() {
	p.t.Helper()
	var n int
	require.NoError(p.t, p.dst.QueryRowContext(p.t.Context(),
		"SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ?", p.to).Scan(&n))
	require.Zero(p.t, n, "a refused table must not be created")
	require.Empty(p.t, p.staged())
}

func TestUnknownTableIsRefused(t *testing.T) {
	t.Parallel()
	p := start(t, options{})
	_, err := p.try(workflows.SyncTableInput{Table: p.from + ".tt"})
	requireFailure(t, err, failure.UnknownTable, p.from+".tt", p.from+".t")
	p.requireNothingWritten()
}

func TestMissingSourceTableIsRefused(t *testing.T) {
	t.Parallel()
	p := start(t, options{})
	_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
	requireFailure(t, err, failure.UnsupportedTable, p.table("t"))
	p.requireNothingWritten()
}

func TestUnsafeTablesAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ddl   []string
		parts []string
	}{
		"no primary key": {
			[]string{"CREATE TABLE t (a INT, updated_at TIMESTAMP NOT NULL)"},
			[]string{"primary key"},
		},
		"no such cursor": {
			[]string{"CREATE TABLE t (id INT PRIMARY KEY, changed_at TIMESTAMP NOT NULL)"},
			[]string{"updated_at", "changed_at"},
		},
		"a NULL cursor": {
			[]string{
				"CREATE TABLE t (id INT PRIMARY KEY, updated_at DATETIME NULL)",
				"INSERT INTO t VALUES (1, NULL), (2, NOW())",
			},
			[]string{"updated_at", "NULL"},
		},
		"a cursor that is text": {
			[]string{"CREATE TABLE t (id INT PRIMARY KEY, updated_at VARCHAR(30) NOT NULL)"},
			[]string{"updated_at", "varchar(30)"},
		},
		"a view": {
			[]string{"CREATE VIEW t AS SELECT 1 AS id, NOW() AS updated_at"},
			[]string{"not a base table"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers.Each(t, func(t *testing.T, s *servers.Server) {
				p := start(t, options{source: s})
				exec(t, p.src, c.ddl...)
				_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
				requireFailure(t, err, failure.UnsupportedTable, append(c.parts, p.table("t"))...)
				p.requireNothingWritten()
			})
		})
	}
}

func TestNarrowTargetColumnIsRefused(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s})
		exec(t, p.src, createT, insertT(1, 10))
		exec(t, p.dst, strings.Replace(createT, "VARCHAR(60)", "VARCHAR(60) CHARACTER SET latin1", 1))
		_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
		requireFailure(t, err, failure.UnsupportedTable, "name", "varchar(60) latin1")
	})
}

func TestCursorWithoutIndexIsAllowedAndWarnedOf(t *testing.T) {
	t.Parallel()
	p := start(t, options{})
	exec(t, p.src, strings.Replace(createT, ",\n  KEY by_update (updated_at)", "", 1), insertT(1, 1500))
	p.settled("t")
	exec(t, p.src, "UPDATE t SET n = -1 WHERE id > 1400")
	r := p.settled("t")
	require.Contains(t, strings.Join(r.Warnings, "\n"), "index")
	p.equal("t", []string{"id"}, columnsT...)
}

func TestWrongPasswordIsRefused(t *testing.T) {
	t.Parallel()
	s := servers.MySQL(t)
	p := start(t, options{sourceDSN: "nobody:sentinel-password@tcp(" + s.Addr() + ")/", idle: true})
	log := p.startOverheard()
	// The worker says so when it starts, and that the other server answers; it goes on.
	require.Eventually(t, func() bool {
		return strings.Contains(log.String(), "server cannot be used") &&
			strings.Contains(log.String(), "server answers")
	}, timeout, poll)
	require.Contains(t, log.String(), "Access denied for user 'nobody'")
	_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
	requireFailure(t, err, failure.ServerRejected, "connection shop")
	require.NotContains(t, err.Error()+log.String(), "sentinel-password")
}

// An unreachable server may come back: the run waits, and says what for where people look. One
// that never answers before the first row was read is a mistake, and the run fails.
func TestUnreachableServerIsAVisibleWaitThenAFailure(t *testing.T) {
	t.Parallel() // it waits for half a minute, and holds nothing that others want
	p := start(t, options{sourceDSN: "root@tcp(" + proxy.Reserve(t).Addr + ")/"})
	id := workflows.SyncTableID(p.queue, p.table("t"))
	run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
	require.Eventually(t, func() bool { return strings.Contains(p.pending(id), "connection shop") }, timeout, poll)
	requireFailure(t, run.Get(t.Context(), nil), failure.ServerUnavailable, "connection shop", "host and port")
	p.requireNothingWritten()
}

func TestMalformedInputIsRefused(t *testing.T) {
	t.Parallel()
	p := start(t, options{})
	for name, in := range map[string]any{
		"unknown key": map[string]any{"table": p.table("t"), "fulll": true},
		"no table":    map[string]any{},
		"a list":      []string{p.table("t")},
		"a number":    map[string]any{"table": 7},
		"full and from": map[string]any{
			"table": p.table("t"), "full": true, "from": "2024-01-01",
		},
		"from that is no date": map[string]any{"table": p.table("t"), "from": "last tuesday"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "full and from" {
				exec(t, p.src, "DROP TABLE IF EXISTS t", createT)
			}
			if strings.HasPrefix(name, "from") {
				exec(t, p.src, "DROP TABLE IF EXISTS t", createT)
			}
			err := p.launch(in, "bad-"+p.from+"-"+strings.ReplaceAll(name, " ", "-")).Get(t.Context(), nil)
			requireFailure(t, err, failure.InvalidInput)
		})
	}
	t.Run("none at all", func(t *testing.T) {
		run, err := p.client.ExecuteWorkflow(t.Context(),
			client.StartWorkflowOptions{ID: "bad-" + p.from, TaskQueue: p.queue}, workflows.SyncTableName)
		require.NoError(t, err)
		requireFailure(t, run.Get(t.Context(), nil), failure.InvalidInput, `{"table":"shop.orders"}`)
	})
}

// A row that the target refuses is named by column and by a hash of its key, never by a value.
func TestRefusedRowNamesColumnNeverValue(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s})
		exec(t, p.src, createT, insertT(1, 10), "UPDATE t SET name = 'sentinel-value' WHERE id = 7")
		exec(t, p.dst, strings.Replace(createT, "PRIMARY KEY,", "PRIMARY KEY, CHECK (name <> 'sentinel-value'),", 1))
		r, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
		for err == nil && r.RowsExtracted == 0 { // the rows are still inside the current moment
			r, err = p.try(workflows.SyncTableInput{Table: p.table("t")})
		}
		requireFailure(t, err, failure.RowRejected)
		require.NotContains(t, err.Error(), "sentinel-value")
		p.requireNoText("sentinel-value")
		require.Equal(t, []string{"plan.json"}, baseNames(p.staged()), "the plan stays, so that the load can go on")
		var n int
		require.NoError(t, p.dst.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM t").Scan(&n))
		require.Zero(t, n, "a refused chunk leaves nothing")
	})
}
