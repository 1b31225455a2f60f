package integration_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

const createUnique = `CREATE TABLE t (
  id INT NOT NULL PRIMARY KEY,
  u VARCHAR(20) NOT NULL,
  v INT NOT NULL,
  updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  UNIQUE KEY by_u (u), KEY by_update (updated_at)
)`

// swaps are orders in which the rows 1 to 3 of createUnique pass their unique values on. The
// source needs a step in between; the target sees only the end.
var swaps = map[string][]string{
	"a pair, up": {
		"UPDATE t SET u = 'x' WHERE id = 1", "UPDATE t SET u = 'a' WHERE id = 2",
		"UPDATE t SET u = 'b' WHERE id = 1",
	},
	"a pair, down": {
		"UPDATE t SET u = 'x' WHERE id = 2", "UPDATE t SET u = 'b' WHERE id = 1",
		"UPDATE t SET u = 'a' WHERE id = 2",
	},
	"three around": {
		"UPDATE t SET u = 'x' WHERE id = 1", "UPDATE t SET u = 'a' WHERE id = 3",
		"UPDATE t SET u = 'c' WHERE id = 2", "UPDATE t SET u = 'b' WHERE id = 1",
	},
}

// swapped is a table t on both sides whose unique values have changed hands on the source.
func swapped(t *testing.T, s *servers.Server, swap []string, policy string) *product {
	t.Helper()
	p := start(t, options{source: s, tables: strings.Replace(bare, "overlap", "uniqueConflicts: "+policy+", overlap",
		1), defaults: ", tuning: { chunkRows: 1 }"})
	exec(t, p.src, createUnique, "INSERT INTO t VALUES (1, 'a', 1, '2024-01-01'), (2, 'b', 2, '2024-01-01'), (3, "+
		"'c', 3, '2024-01-01')")
	p.sync("t")
	exec(t, p.src, swap...)
	exec(t, p.src, "UPDATE t SET updated_at = '2024-06-01' + INTERVAL id SECOND WHERE u <> CHAR(96 + id)")
	return p
}

// Unique values that change hands are refused by name, or come out right: never is a row
// written under another row's key.
func TestSwappedUniqueValuesNeverSpoilARow(t *testing.T) {
	t.Parallel()
	for name, swap := range swaps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers.Some(t, func(t *testing.T, s *servers.Server) {
				p := swapped(t, s, swap, "fail")
				before := p.state("t").Watermark
				_, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2024-05-01"})
				if err != nil {
					requireFailure(t, err, failure.RowRejected, "by_u")
				}
				require.Equal(t, before, p.state("t").Watermark)
				require.Equal(t, "0", scalar(t, p.dst, "SELECT COUNT(*) FROM t WHERE v <> id"),
					"a row under another row's key")
				require.Equal(t, "3", scalar(t, p.dst, "SELECT COUNT(*) FROM t"))

				p = swapped(t, s, swap, "fail, badRows: quarantine")
				r, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2024-05-01"})
				require.NoError(t, err)
				require.Positive(t, r.Quarantined)
				require.Equal(t, "3", scalar(t, p.dst, "SELECT COUNT(*) FROM t WHERE v = id"),
					"a row under another row's key")

				p = swapped(t, s, swap, "replace")
				_, err = p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2024-05-01"})
				require.NoError(t, err)
				p.equal("t", []string{"id"}, "u", "v", "updated_at")
			})
		})
	}
}

// A chunk that is being written when its run is ended holds the next run off until it has ended; what
// the next run writes is newer.
func TestAnOldChunkAfterANewerRunChangesNothing(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p, held, id := heldChunk(t, s)
		run := p.launch(workflows.SyncTableInput{Table: p.table("t"), From: "2024-05-01"}, id)
		p.waitFor(id, "PlanRun", "(error 1205)")
		held.Release()
		require.NoError(t, run.Get(t.Context(), nil))
		p.equal("t", []string{"id"}, columnsT...)
	})
}

// heldChunk is a product whose run was terminated while the INSERT of its chunk was on its way. The
// source has changed since.
func heldChunk(t *testing.T, s *servers.Server) (p *product, held *proxy.Rule, id string) {
	t.Helper()
	target := proxy.Start(t, s.Addr())
	p = start(t, options{source: s, tables: bare, targetDSN: target.DSN(s.DSN(""))})
	exec(t, p.src, createT, insertT(1, 100), old)
	p.sync("t")
	exec(t, p.src, "UPDATE t SET n = 1, updated_at = '2024-06-01'")
	held = target.Hold(1, "INSERT INTO")
	id = workflows.SyncTableID(p.queue, p.table("t"))
	p.launch(workflows.SyncTableInput{Table: p.table("t"), From: "2024-05-01"}, id)
	require.Eventually(t, func() bool { return held.Seen() == 1 }, timeout, poll)
	require.NoError(t, p.client.TerminateWorkflow(t.Context(), id, "", "test"))
	exec(t, p.src, "UPDATE t SET n = 2, updated_at = '2024-06-02'")
	return p, held, id
}

// A backfill of what the target has in a newer version leaves it alone.
func TestABackfillOfOldValuesChangesNothing(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: bare})
		exec(t, p.src, createT, insertT(1, 100), old)
		p.sync("t")
		exec(t, p.dst, "UPDATE t SET n = -7, updated_at = '2024-02-01' WHERE id <= 40")
		r, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2023-01-01", To: "2024-01-31"})
		require.NoError(t, err)
		require.EqualValues(t, 100, r.Unchanged)
		require.Zero(t, r.Inserted+r.Updated)
		require.Equal(t, "40", scalar(t, p.dst, "SELECT COUNT(*) FROM t WHERE n = -7"))
	})
}

// attempts is how often a step of a workflow was tried; of any workflow of the product where id is empty.
func (p *product) attempts(id, step string) int32 {
	p.t.Helper()
	var most int32
	for key, h := range p.histories() {
		if id != "" && !strings.HasPrefix(key, id+" ") {
			continue
		}
		scheduled := map[int64]bool{}
		for _, e := range h.Events {
			if a := e.GetActivityTaskScheduledEventAttributes(); a.GetActivityType().GetName() == step {
				scheduled[e.GetEventId()] = true
			}
			if a := e.GetActivityTaskStartedEventAttributes(); a != nil && scheduled[a.GetScheduledEventId()] {
				most = max(most, a.GetAttempt())
			}
		}
	}
	return most
}

// begunAgain reports whether a step was tried more than once, by any workflow of the product.
func (p *product) begunAgain(step string) bool {
	p.t.Helper()
	return p.attempts("", step) > 1
}

// requireExact requires that the counters of a table's last run are exact. They are not where Temporal has missed a
// step's heartbeats, as on a machine that has no processor for them: then the step was begun a second time.
func (p *product) requireExact(r workflows.SyncTableResult, name, why string) {
	p.t.Helper()
	if r.Approximate {
		require.True(p.t, p.missedHeartbeats(workflows.SyncTableID(p.queue, p.table(name))), why)
	}
}

// missedHeartbeats reports whether a step of a workflow, or of its ranges, was begun again for want of a heartbeat.
func (p *product) missedHeartbeats(id string) bool {
	p.t.Helper()
	for key, h := range p.histories() {
		for _, e := range h.Events {
			last := e.GetActivityTaskStartedEventAttributes().GetLastFailure().GetTimeoutFailureInfo()
			if strings.HasPrefix(key, id) && last.GetTimeoutType() == enumspb.TIMEOUT_TYPE_HEARTBEAT {
				return true
			}
		}
	}
	return false
}

// Data that the target will never take fails at once, by column and key, and nothing moves.
func TestRefusedDataFailsInOneAttempt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ check, row string }{
		"a check":       {"CHECK (n <> 31415926)", "(500, 'x', 31415926, '2024-06-01')"},
		"a foreign key": {"FOREIGN KEY (n) REFERENCES parents (id)", "(500, 'x', 31415926, '2024-06-01')"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers.Some(t, func(t *testing.T, s *servers.Server) {
				p := start(t, options{source: s, tables: bare})
				exec(t, p.src, createT, insertT(1, 100), old, "UPDATE t SET n = 1, updated_at = '2024-01-01'")
				exec(t, p.dst, "CREATE TABLE parents (id INT PRIMARY KEY)", "INSERT INTO parents VALUES (1)",
					strings.Replace(createT, "KEY by_update", c.check+", KEY by_update", 1))
				p.sync("t")
				before := p.state("t").Watermark
				exec(t, p.src, "INSERT INTO t VALUES "+c.row)
				_, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2024-05-01"})
				requireFailure(t, err, failure.RowRejected, "primary key hash")
				require.NotContains(t, err.Error(), "31415926")
				require.EqualValues(t, 1, p.attempts(workflows.SyncTableID(p.queue, p.table("t")), "UpsertChunk"))
				require.Equal(t, before, p.state("t").Watermark)
				require.Equal(t, "100", scalar(t, p.dst, "SELECT COUNT(*) FROM t"))
				require.Empty(t, p.staged(), "a backfill that failed leaves no file")
			})
		})
	}
}

// A row that no packet holds looks like a lost connection; it must not be tried for ever.
func TestARowLargerThanAPacketIsRefused(t *testing.T) {
	t.Parallel()
	source, target := servers.MySQL(t), servers.MariaDB(t)
	p := start(t, options{source: source, target: target, tables: bare})
	limit := scalar(t, p.dst, "SELECT @@max_allowed_packet")
	require.Equal(t, "16777216", limit, "MariaDB's default")
	exec(t, p.src, "CREATE TABLE t (id INT PRIMARY KEY, body LONGTEXT, updated_at TIMESTAMP(6) NOT NULL DEFAULT "+
		"CURRENT_TIMESTAMP(6), KEY (updated_at))",
		fmt.Sprintf("INSERT INTO t VALUES (1, 'small', '2024-01-01'), (2, REPEAT('x', %d), '2024-01-02'), (3, "+
			"'small', '2024-01-03')", 20<<20))
	_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
	requireFailure(t, err, failure.RowRejected, "primary key hash", limit, "max_allowed_packet")
	require.Empty(t, p.state("t").Watermark)
}
