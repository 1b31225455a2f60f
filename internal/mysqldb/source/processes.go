package source

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// process is a connection of the source with what it is doing. No text of a statement is ever read.
type process struct {
	id                         uint64
	user, host, command, state string
	// seconds is since its statement began, rounded down.
	seconds float64
	// What only MySQL's performance schema tells: the name of the thread, the kind of the statement that the client
	// sent, how long ago it began by the server's own timer, and whether a stored program runs in it.
	name, kind string
	timer      float64
	program    bool
}

func readProcesses(ctx context.Context, conn *sql.Conn) (map[uint64]process, error) {
	recs, err := readRecords(ctx, conn, "SHOW PROCESSLIST")
	if err != nil {
		return nil, err
	}
	out := make(map[uint64]process, len(recs))
	for _, r := range recs {
		id, err := strconv.ParseUint(r.Text("ID"), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read the process list: %w", err)
		}
		host, _, _ := strings.Cut(r.Text("HOST"), ":") // messages leave out the port
		out[id] = process{
			id: id, user: r.Text("USER"), host: host, command: r.Text("COMMAND"), state: r.Text("STATE"),
			seconds: float64(r.Number("TIME")),
		}
	}
	return out, nil
}

// readRecords reads a whole result.
func readRecords(ctx context.Context, q mysqldb.RowQuerier, query string) ([]schema.Record, error) {
	rows, err := q.QueryContext(ctx, query) //nolint:rowserrcheck // ScanRecords checks it
	if err != nil {
		return nil, err
	}
	recs, err := schema.ScanRecords(rows)
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	return recs, err
}

// running says that a statement may be under way, with NOW() frozen at its beginning.
func (p process) running() bool {
	switch p.command {
	case "", "Sleep", "Daemon", "Binlog Dump", "Binlog Dump GTID":
		return false
	}
	return !p.internal()
}

// internal says that the server itself is the client, or that there is none yet. Replication's own threads are
// dated by the primary; see replicaLag.
func (p process) internal() bool {
	switch p.user {
	case "system user", "unauthenticated user":
		return true
	case "event_scheduler": // an event at work has a thread of its own, which may keep this name
		if p.name == "" {
			return p.state == "Waiting on empty queue" || p.state == "Waiting for next activation"
		}
		return p.name == "thread/sql/event_scheduler"
	}
	for _, own := range []string{"thread/sql/replica_", "thread/sql/slave_", "thread/group_rpl/"} {
		if strings.HasPrefix(p.name, own) {
			return true
		}
	}
	return strings.HasPrefix(p.command, "Slave_") || p.name != "" && p.user == ""
}

// age is how long ago the statement began, at most: the list has whole seconds.
func (p process) age() float64 {
	if p.seconds < 0 {
		return max(hour, p.timer) // the clock was set back under it
	}
	return max(p.seconds+1, p.timer)
}

// blocker names the process as what keeps an upper bound low.
func (p process) blocker(kind BlockerKind, seconds float64) Blocker {
	state := p.state
	if p.command == "Sleep" {
		state = idleState
	}
	return Blocker{Kind: kind, Thread: p.id, User: p.user, Host: p.host, Seconds: seconds, State: state}
}

// idleState is the state of a transaction that waits for its client.
const idleState = "idle"

// describeRelease says what ends the work. reason is why the server's locks could not show whether it only reads.
func (w *openWork) describeRelease(reason string) {
	if w.table != (table.Name{}) {
		w.Table = w.table.String()
	}
	kill := fmt.Sprintf("KILL %d", w.Thread)
	switch {
	case w.Kind == BlockerXA:
		w.Release = "let go by XA COMMIT or XA ROLLBACK (XA RECOVER shows it)"
	case w.Kind == BlockerTransaction:
		w.Release = "let go by its COMMIT or ROLLBACK, or by " + kill
	case reason == "":
		w.Release = "let go by its end, or by " + kill
	default:
		w.Release = "let go by its end, or by " + kill +
			"; if it only reads, nothing waits for it in START TRANSACTION READ ONLY"
		if reason == noLocksGrant {
			w.Release += ", nor if Tablehaul's login has SELECT on performance_schema"
		}
	}
}
