package integration_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// Pages of a run come from the server on which its window was chosen.
func TestPagesOfAnotherServerAreNotRead(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		o := on(s, oneTable)
		o.defaults = ", tuning: { chunkRows: 100, rangeRows: 300, rangesInFlight: 1, chunksInFlight: 1 }"
		d := startWithDetour(t, s, o, false)
		p := d.product
		exec(t, p.src, oldRows...)
		exec(t, p.dst, createT, "INSERT INTO t VALUES (50, 'old', NULL, '2001-01-01')")
		exec(t, d.there, createT)
		blocker := session(t, p.dst)
		say(t, blocker, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "BEGIN",
			"SELECT * FROM t WHERE id > 20 FOR UPDATE")
		id := workflows.SyncTableID(p.queue, p.table("t"))
		run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
		fence := p.fenceAfter("t", "")
		rangeID := func(i int) string { return fmt.Sprintf("%s/run-%d/range-%d", id, fence, i) }
		p.waitFor(rangeID(0), "UpsertChunk")
		d.leadTo(d.other)
		say(t, blocker, "ROLLBACK")
		p.waitFor(rangeID(1), failure.ServerChanged)
		d.leadTo(d.home)
		require.NoError(t, run.Get(t.Context(), nil))
		p.equal("t", []string{"id"}, columnsT...)
	})
}

// A cursor whose type changes: the watermark is converted where that is exact, and refused elsewhere.
func TestACursorThatChangesItsType(t *testing.T) {
	t.Parallel()
	both := func(p *product, ddl string) {
		exec(p.t, p.src, ddl)
		exec(p.t, p.dst, ddl)
	}
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		for _, tc := range []struct{ was, now, refused string }{
			{"DATETIME", "DATETIME(6)", ""},
			{"DATETIME(6)", "DATETIME(3)", ""},
			{"DATE", "DATETIME", ""},
			{"TIMESTAMP(6)", "TIMESTAMP", ""},
			{"DATETIME", "TIMESTAMP", "which is now timestamp"},
			{"TIMESTAMP", "DATETIME", "which is now datetime"},
		} {
			t.Run(tc.was+" to "+tc.now, func(t *testing.T) {
				t.Parallel()
				p := start(t, on(s, oneTable))
				exec(t, p.src, fmt.Sprintf("CREATE TABLE t (id INT PRIMARY KEY, n INT, updated_at %s NOT NULL, KEY "+
					"(updated_at))", tc.was),
					"INSERT INTO t VALUES (1, 1, '2024-01-01'), (2, 2, '2024-01-02'), (3, 3, '2024-01-03')")
				p.sync("t")
				both(p, "ALTER TABLE t MODIFY updated_at "+tc.now+" NOT NULL")
				exec(t, p.src, "UPDATE t SET n = 9, updated_at = UTC_TIMESTAMP() - INTERVAL 1 SECOND WHERE id = 2")
				if tc.refused != "" {
					_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
					requireFailure(t, err, failure.IdentityChanged, tc.refused)
					_, err = p.try(workflows.SyncTableInput{Table: p.table("t"), Full: true})
					require.NoError(t, err)
					return
				}
				require.Equal(t, api.ModeIncremental, p.sync("t").Mode)
				require.Eventually(t, func() bool {
					p.sync("t")
					return scalar(t, p.dst, "SELECT n FROM t WHERE id = 2") == "9"
				}, timeout, runPoll)
			})
		}
	})
}

// A source that leads elsewhere is found by its history or its rows, and a failover is none.
func TestTheSourceLeadsToAnotherServer(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		d := startWithDetour(t, s, on(s, oneTable), false)
		p := d.product
		exec(t, p.src, oldRows...)
		p.sync("t")
		exec(t, d.there, createT, insertT(1, 1000), "UPDATE t SET updated_at = '2024-02-01' + INTERVAL id MINUTE")
		d.leadTo(d.other)
		_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
		requireFailure(t, err, failure.IdentityChanged, "the connection now leads to")
		asCopied := "UPDATE t SET updated_at = '2024-01-01' + INTERVAL id MINUTE"
		exec(t, d.there, asCopied, "DELETE FROM t WHERE id > 999") // an older copy: all of it is on the target
		_, err = p.try(workflows.SyncTableInput{Table: p.table("t")})
		requireFailure(t, err, failure.IdentityChanged, "whose rows differ")
		exec(t, d.there, insertT(1000, 1000), asCopied)
		r := p.sync("t")
		require.Equal(t, api.ModeIncremental, r.Mode)
		require.Contains(t, strings.Join(r.Warnings, "\n"), "taken for the same")
		require.NotContains(t, strings.Join(p.sync("t").Warnings, "\n"), "taken for the same", "said once")
	})
}

// MariaDB's servers count their transactions each for itself: a server that has counted further need not
// have executed what another one has.
func TestAHigherPositionOfMariaDBIsNoHistory(t *testing.T) {
	t.Parallel()
	logged := []string{"--log-bin=binlog", "--server-id=1"}
	s := servers.Private(t, servers.FlavorMariaDB, logged...)
	d := startWithDetour(t, s, on(s, oneTable), false, logged...)
	exec(t, d.src, oldRows...)
	d.sync("t")
	exec(t, d.there, createT, insertT(1, 1000), "UPDATE t SET updated_at = '2024-02-01' + INTERVAL id MINUTE")
	for range 100 {
		exec(t, d.there, "UPDATE t SET n = n + 1, updated_at = updated_at WHERE id = 1")
	}
	d.leadTo(d.other)
	_, err := d.try(workflows.SyncTableInput{Table: d.table("t")})
	requireFailure(t, err, failure.IdentityChanged, "the connection now leads to")
	exec(t, d.there, "UPDATE t SET updated_at = '2024-01-01' + INTERVAL id MINUTE")
	require.Equal(t, api.ModeIncremental, d.sync("t").Mode, "a failover")
}
