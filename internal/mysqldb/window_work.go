package mysqldb

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// work is one open transaction or running statement that may still write a row stamped in
// the past.
type work struct {
	Holder
	// forEver says that its age is not known: whatever it wrote may be of any time.
	forEver bool
}

const (
	// recoveryTime is how long after its start a server may date transactions that it has
	// recovered from before the start.
	recoveryTime = 15 * time.Minute
	hour         = 3600.0
)

// oldestWork is the open work that began first, or nil for none at all.
//
// The order is what makes it complete. Work that began before the call is, when the process
// list is read, either a running statement and in that list, or has an open transaction, or is
// committed and so visible to every later read. Only then are the transactions read, from a
// copy that is proven to be younger than the process list.
func (d *DB) oldestWork(ctx context.Context) (oldest *work, err error) {
	for try := 0; ; try++ {
		all, err := d.lookout.look(ctx, d.lookForWork)
		if err != nil {
			return nil, err
		}
		oldest = nil
		for i := range all {
			w := all[i] // a copy: the list is shared
			if oldest == nil || w.forEver && !oldest.forEver || w.forEver == oldest.forEver && w.Seconds > oldest.Seconds {
				oldest = &w
			}
		}
		// A server's own housekeeping looks like a recovered transaction, for a moment.
		if oldest == nil || !oldest.forEver || try == 3 {
			return oldest, nil
		}
		if err := waitFor(ctx, 300*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

func waitFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (d *DB) lookForWork(ctx context.Context) (all []work, err error) {
	err = d.private(ctx, func(conn *sql.Conn) error {
		all, err = d.openWork(ctx, conn)
		return err
	})
	return all, err
}

// openWork lists work on a connection that is thrown away afterwards.
func (d *DB) openWork(ctx context.Context, conn *sql.Conn) ([]work, error) {
	// Transactions are dated in the zone of the server's operating system.
	if _, err := conn.ExecContext(ctx, "SET time_zone = 'SYSTEM'"); err != nil {
		return nil, err
	}
	var uptime serverSeconds
	var name string
	if err := conn.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE 'Uptime'").Scan(&name, &uptime); err != nil {
		return nil, err
	}
	processes, err := readProcesses(ctx, conn)
	if err != nil {
		return nil, err
	}
	trxs, self, err := d.freshTransactions(ctx, conn)
	if err != nil {
		return nil, err
	}
	began, err := beginnings(ctx, conn)
	if err != nil {
		return nil, err
	}
	delete(processes, self)
	var all []work
	for _, t := range trxs {
		if t.thread == self {
			continue
		}
		t.seconds = max(t.seconds, began[t.thread])
		p, known := processes[t.thread]
		if w, counts := t.work(p, known, int64(uptime)); counts {
			all = append(all, w)
		}
		if known && t.cannotWrite() {
			delete(processes, t.thread)
		}
	}
	for _, p := range processes {
		if p.running() && !p.reads {
			all = append(all, work{Holder: Holder{Kind: HolderStatement, Thread: p.id, Seconds: p.age(), State: p.state}})
		}
	}
	return all, nil
}

// process is a row of the process list.
type process struct {
	id                   uint64
	user, command, state string
	seconds              float64
	// reads says that the statement is a SELECT. Its text is looked at here and not kept.
	reads bool
}

// A SELECT writes only through a stored function; such a function's writes show as rows
// modified once they begin, and its first moments are left to the overlap.
var selects = regexp.MustCompile(`(?is)^[\s(]*(/\*.*?\*/\s*)*(SET\s+STATEMENT\s+max_statement_time\s*=\s*[0-9.]+\s+FOR\s+)?SELECT\b`)

func readProcesses(ctx context.Context, conn *sql.Conn) (map[uint64]process, error) {
	rows, err := conn.QueryContext(ctx, "SHOW PROCESSLIST") // not FULL: a hundred characters are enough
	if err != nil {
		return nil, err
	}
	recs, err := scanRecords(rows)
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	out := make(map[uint64]process, len(recs))
	for _, r := range recs {
		id, err := strconv.ParseUint(r.text("ID"), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read the process list: %w", err)
		}
		out[id] = process{
			id: id, user: r.text("USER"), command: r.text("COMMAND"), state: r.text("STATE"),
			seconds: float64(r.number("TIME")), reads: selects.MatchString(r.text("INFO")),
		}
	}
	return out, nil
}

// running says that a statement may be under way, with NOW() frozen at its beginning.
func (p process) running() bool {
	switch p.command {
	case "Sleep", "Daemon", "Binlog Dump", "Binlog Dump GTID":
		return false
	}
	// Replication's own threads are dated by the primary; see replicaLag.
	return p.user != "system user" && p.user != "unauthenticated user" && !strings.HasPrefix(p.command, "Slave_")
}

// age is how long ago the statement began, at most: the list has whole seconds.
func (p process) age() float64 {
	if p.seconds < 0 {
		return hour // the clock was set back under it
	}
	return p.seconds + 1
}

// transaction is a row of information_schema.innodb_trx.
type transaction struct {
	thread              uint64
	seconds             float64
	state               string
	modified            int64
	readOnly, plainRead bool
	// ours says that it is the transaction of the statement that read it.
	ours bool
}

func (t transaction) cannotWrite() bool { return t.readOnly || t.plainRead }

// work is what the transaction may still bring to light.
func (t transaction) work(p process, known bool, uptime int64) (work, bool) {
	age := t.seconds
	if age < 0 {
		age += hour // the zone's clock was set back since it began
	}
	age = max(age, 0) + 1
	if known && p.running() {
		age = max(age, p.age()) // its statement may have waited before the transaction began
	}
	switch {
	case t.thread == 0 && t.modified > 0:
		w := work{Holder: Holder{Kind: HolderXA, Seconds: age, State: t.state}}
		// Recovered from before the server's start: it is dated by its recovery.
		w.forEver = float64(uptime)-age < recoveryTime.Seconds()
		return w, true
	case t.modified > 0:
		return work{Holder: Holder{Kind: HolderTransaction, Thread: t.thread, Seconds: age, State: t.stateOf(p)}}, true
	default:
		// Nothing written so far: only a statement that is running can, and that is in the
		// process list with its own age.
		return work{}, false
	}
}

func (t transaction) stateOf(p process) string {
	if p.command == "Sleep" {
		return "idle"
	}
	return strings.ToLower(t.state)
}
