package integration_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// A first load by an integer begins, however long the lag that was set, and although some
// transaction is always open: it waits for the work that was open at its first look.
func TestAFirstLoadByAnIntegerBegins(t *testing.T) {
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: "- { name: FROM.lagging, target: TO.lagging, cursor: id, fixedLag: " +
			"8s }\n" +
			"- { name: FROM.busy, target: TO.busy, cursor: id }"})
		for _, name := range []string{"lagging", "busy"} {
			exec(t, p.src, fmt.Sprintf("CREATE TABLE %s (id INT AUTO_INCREMENT PRIMARY KEY, n INT)", name),
				fmt.Sprintf("INSERT INTO %s (n) VALUES (1), (2), (3)", name))
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{}, 2)
		for i := range 2 { // each is open for 8 s, and one begins every 4 s
			writer := session(t, p.src)
			say(t, writer, "BEGIN", "INSERT INTO busy (n) VALUES (4)")
			go func() {
				defer func() { ended <- struct{}{} }()
				first := time.Duration(1+i) * 4 * time.Second
				for ; pause(ctx, first); first = 8 * time.Second {
					for _, q := range []string{"COMMIT", "BEGIN", "INSERT INTO busy (n) VALUES (4)"} {
						if _, err := writer.ExecContext(ctx, q); err != nil {
							return
						}
					}
				}
			}()
		}
		t.Cleanup(func() { stop(); <-ended; <-ended })

		require.Contains(t, p.cli("plan "+p.table("lagging")), "cannot begin yet", "a preview does not wait")
		lagging, busy := p.run("lagging"), p.run("busy")
		p.waitFor(workflows.SyncTableID(p.queue, p.table("lagging")), failure.OpenTransactions, "a lag that was set",
			"by itself")
		p.waitFor(workflows.SyncTableID(p.queue, p.table("busy")), failure.OpenTransactions, "by itself")
		for _, r := range []workflows.SyncTableResult{lagging(), busy()} {
			require.NotEmpty(t, r.Watermark)
			require.GreaterOrEqual(t, r.Counts.Inserted, int64(3))
		}
	})
}

// A backfill by an integer waits for a safe end, as a first load does: it never ends as done with nothing read.
func TestABackfillWaitsForASafeEnd(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: "- { name: FROM.t, target: TO.t, cursor: id }"})
		exec(t, p.src, "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, n INT)",
			"INSERT INTO t (n) VALUES (1), (2), (3)")
		writer := session(t, p.src)
		say(t, writer, "BEGIN", "INSERT INTO t (n) VALUES (4)")
		in := workflows.SyncTableInput{Table: p.table("t"), From: "1"}
		id := workflows.SyncTableID(p.queue, p.table("t"))
		run := p.launch(in, id)
		p.waitFor(id, failure.OpenTransactions, "by itself")
		say(t, writer, "COMMIT")
		var r workflows.SyncTableResult
		require.NoError(t, run.Get(t.Context(), &r))
		require.EqualValues(t, 3, r.Inserted)
	})
}

// Rows that refer to later rows of their own table arrive, in a first load by ranges and in a window.
func TestATargetThatRefersToItselfConverges(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, defaults: ", tuning: { chunkRows: 50, rangeRows: 150 }"})
		const tree = "CREATE TABLE t (id INT PRIMARY KEY, up INT, updated_at TIMESTAMP(6) NOT NULL DEFAULT " +
			"CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at)," +
			" FOREIGN KEY (up) REFERENCES t (id))"
		exec(t, p.src, tree, "INSERT INTO t (id) SELECT a.n * 25 + b.n + 1 FROM (WITH RECURSIVE r (n) AS (SELECT 0 "+
			"UNION ALL SELECT n + 1 FROM r WHERE n < 24) SELECT n FROM r) a,"+
			" (WITH RECURSIVE r (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM r WHERE n < 24) SELECT n FROM r) b",
			"UPDATE t SET up = 626 - id", "ANALYZE TABLE t")
		exec(t, p.dst, tree)
		p.settled("t")
		p.equal("t", []string{"id"}, "up", "updated_at")
		exec(t, p.src, "INSERT INTO t (id) VALUES (-1), (1000)", "UPDATE t SET up = 1000 WHERE id IN (-1, 300)")
		p.settled("t")
		p.equal("t", []string{"id"}, "up", "updated_at")
	})
}
