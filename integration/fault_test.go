package integration_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// bare is the table t without an overlap: what the window's end does not get right is lost.
const bare = "- { name: FROM.t, target: TO.t, cursor: updated_at, overlap: 0s }"

// trxPoll is the pause between looks at information_schema.innodb_trx, of which InnoDB keeps a
// copy for as long as a reader asks more often than every 0.1 s.
const trxPoll = 250 * time.Millisecond

// pageReads is what a statement that reads a page of t begins with: looks into an index, for
// ranges, begin in the same way and go on differently.
func pageReads(s *servers.Server) string {
	if s.Flavor == servers.FlavorMariaDB {
		return "SET STATEMENT max_statement_time=5.000 FOR SELECT `id`, `name`"
	}
	return "SELECT /*+ MAX_EXECUTION_TIME(5000) */ `id`, `name`"
}

// session is one connection of a client; it ends with the test.
func session(t *testing.T, db *sql.DB) *sql.Conn {
	t.Helper()
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { leave(conn) })
	return conn
}

// leave closes a client's connection for good, with all that it had open.
func leave(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // by this a pool does not keep it
	_ = conn.Close()
}

// say runs statements on one connection.
func say(t *testing.T, conn *sql.Conn, statements ...string) {
	t.Helper()
	for _, q := range statements {
		_, err := conn.ExecContext(t.Context(), q)
		require.NoError(t, err, "%.200s", q)
	}
}

// scalar is a query's only value as text.
func scalar(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	var v sql.NullString
	require.NoError(t, db.QueryRowContext(t.Context(), query).Scan(&v), "%.200s", query)
	return v.String
}

// holds waits until a query's only value is not 0.
func holds(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	every := poll
	if strings.Contains(query, "innodb_trx") {
		every = trxPoll
	}
	require.Eventually(t, func() bool {
		var n int
		return db.QueryRowContext(t.Context(), query).Scan(&n) == nil && n > 0
	}, timeout, every, "%.200s", query)
}

// state is what the table's state workflow keeps.
func (p *product) state(name string) workflows.TableStateView {
	p.t.Helper()
	id := workflows.TableStateID(p.queue, p.table(name))
	for deadline := time.Now().Add(timeout); ; {
		value, err := p.client.QueryWorkflow(p.t.Context(), id, "", owner.QueryState)
		if _, slow := errors.AsType[*serviceerror.DeadlineExceeded](err); slow && time.Now().Before(deadline) {
			continue // a worker that was killed, or that waits for the processor, has got the question
		}
		require.NoError(p.t, err)
		var s workflows.TableStateView
		require.NoError(p.t, value.Get(&s))
		return s
	}
}

// waitFor requires that a workflow becomes visible as waiting, with all of parts in its reason. A wait that began and
// ended between two looks is in the history.
func (p *product) waitFor(id string, parts ...string) {
	p.t.Helper()
	var seen string
	visible := func(text string) bool {
		seen = text
		return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
	}
	deadline := time.Now().Add(timeout)
	for look := 1; !visible(p.pending(id)) && (look%10 != 0 || !visible(p.retried(id))); look++ {
		require.True(p.t, time.Now().Before(deadline) && pause(p.t.Context(), poll),
			"the wait does not show %q, but %q", parts, seen)
	}
}

// retried says what steps of a run waited for that have ended.
func (p *product) retried(id string) string {
	var b strings.Builder
	events := p.client.GetWorkflowHistory(p.t.Context(), id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	types := map[int64]string{}
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			break
		}
		types[e.GetEventId()] = e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName()
		if a := e.GetActivityTaskStartedEventAttributes(); a.GetLastFailure() != nil {
			fmt.Fprintf(&b, "%s attempt %d: %s %s; ", types[a.GetScheduledEventId()], a.GetAttempt(),
				a.GetLastFailure().GetApplicationFailureInfo().GetType(), a.GetLastFailure().GetMessage())
		}
	}
	return b.String()
}

// run starts a run and returns what waits for its end.
func (p *product) run(name string) (wait func() workflows.SyncTableResult) {
	p.t.Helper()
	id := workflows.SyncTableID(p.queue, p.table(name))
	run := p.launch(workflows.SyncTableInput{Table: p.table(name)}, id)
	return func() workflows.SyncTableResult {
		p.t.Helper()
		ctx, cancel := context.WithTimeout(p.t.Context(), runTimeout)
		defer cancel()
		var r workflows.SyncTableResult
		require.NoError(p.t, run.Get(ctx, &r), "%s", p.pending(id))
		return r
	}
}

// pause waits for d, as people and applications do; false where ctx ended first.
func pause(ctx context.Context, d time.Duration) bool { return clock.Sleep(ctx, d) == nil }
