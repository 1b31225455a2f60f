package source

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/table"
)

// openWork is one open transaction or running statement that may still commit a row with an older cursor.
type openWork struct {
	Blocker
	// table is the only one that it can write; the zero value for all.
	table table.Name
	// startUnknown says that its age is not known: its rows may have any cursor.
	startUnknown bool
	// unconfirmed says that the next reading may not list it any more.
	unconfirmed bool
}

// workList is all open work of a server, as one reading found it.
type workList struct {
	work []openWork
	// noLocksReason says why the server's metadata locks were not used; empty where they were.
	noLocksReason string
	// instance is the digest of the server that was read.
	instance string
}

const (
	// recoveryTime is how long after its start a server may date transactions that it has
	// recovered from before the start.
	recoveryTime = 15 * time.Minute
	hour         = 3600.0
)

// oldestOpenWork is the open work on a table that began first, or nil for none at all.
//
// The order is what makes it complete. Work that began before the call is, when statements are listed, either a running
// statement and in that list, or has an open transaction, or is committed and so visible to every later read. Only then
// are the transactions read, from a copy that is proven to be younger than the list of statements.
func (s *Source) oldestOpenWork(ctx context.Context, name table.Name, instance string) (oldest *openWork, err error) {
	for try := 0; ; try++ {
		seen, err := s.openWork.read(ctx, s.readOpenWork)
		if err != nil {
			return nil, err
		}
		if err := sameServer(&instance, seen.instance); err != nil {
			return nil, err
		}
		oldest = seen.oldest(name)
		// For a moment, the server's purge thread shows as a recovered transaction, and a transaction that
		// writes its first row between the two lists shows without a lock.
		if oldest == nil || !oldest.startUnknown && !oldest.unconfirmed || try == 3 {
			return oldest, nil
		}
		if err := clock.Sleep(ctx, 300*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// oldest is a copy of the oldest work on a table: the reading is shared.
func (l workList) oldest(name table.Name) (oldest *openWork) {
	for _, w := range l.work {
		if w.table != (table.Name{}) && !sameName(w.table, name) {
			continue
		}
		if oldest == nil || w.startUnknown && !oldest.startUnknown ||
			w.startUnknown == oldest.startUnknown && w.Seconds > oldest.Seconds {
			oldest = &w
		}
	}
	if oldest != nil {
		oldest.describeRelease(l.noLocksReason)
	}
	return oldest
}

// sameName is true for one table too many rather than one too few: servers fold names.
func sameName(a, b table.Name) bool {
	return strings.EqualFold(a.Schema, b.Schema) && strings.EqualFold(a.Table, b.Table)
}

func (s *Source) readOpenWork(ctx context.Context) (seen workList, err error) {
	err = s.withDedicatedConn(ctx, func(conn *sql.Conn) error {
		seen, err = s.readOpenWorkOn(ctx, conn)
		return err
	})
	return seen, err
}

// readOpenWorkOn lists work on a connection whose time zone is set back afterwards.
func (s *Source) readOpenWorkOn(ctx context.Context, conn *sql.Conn) (seen workList, err error) {
	// Transactions are dated in the zone of the server's operating system.
	if _, err := conn.ExecContext(ctx, "SET time_zone = 'SYSTEM'"); err != nil {
		return workList{}, err
	}
	var in workInput
	var name string
	if err := conn.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE 'Uptime'").Scan(&name, &in.uptime); err != nil {
		return workList{}, err
	}
	began := time.Now()
	locks, without, err := s.readLockView(ctx, conn)
	if err == nil && locks == nil {
		in.processes, err = readProcesses(ctx, conn)
	}
	if err != nil {
		return workList{}, err
	}
	if in.transactions, in.self, err = s.freshTransactions(ctx, conn); err != nil {
		return workList{}, err
	}
	for _, t := range in.transactions {
		if t.ours {
			seen.instance = t.instance
		}
	}
	in.elapsed = time.Since(began).Seconds()
	if locks != nil {
		seen.work = in.byLocks(locks)
		return seen, nil
	}
	if in.began, err = transactionAges(ctx, conn); err != nil {
		return workList{}, err
	}
	seen.noLocksReason, seen.work = without, in.byTransactions()
	return seen, nil
}

// workInput is what one reading found, before it is judged.
type workInput struct {
	self         uint64
	uptime       uptimeSeconds
	transactions []transaction
	// elapsed is how many seconds before the transactions everything else was read, at most.
	elapsed float64
	// Where there is no lockView: the connections, and the ages that the performance schema knows.
	processes map[uint64]process
	began     map[uint64]float64
}

// byTransactions is open work where the server does not show its locks: every statement that runs,
// unless InnoDB says that its transaction only reads, and every transaction that has written.
func (s workInput) byTransactions() (all []openWork) {
	processes := s.processes
	delete(processes, s.self)
	for _, t := range s.transactions {
		if t.thread == s.self {
			continue
		}
		p, known := processes[t.thread]
		t.seconds = max(t.seconds, s.began[t.thread])
		if w, counts := t.work(p, int64(s.uptime)); counts {
			all = append(all, w)
		}
		if known && t.readOnly {
			delete(processes, t.thread)
		}
	}
	for _, p := range processes {
		if p.running() {
			all = append(all, openWork{Blocker: p.blocker(BlockerStatement, p.age())})
		}
	}
	return all
}

// byLocks is open work by MySQL's metadata locks.
//
// A statement locks all tables that it, its triggers and its functions can write before it touches
// a row, and a transaction keeps these locks to its end. So a connection without a lock to write a table
// writes no row there with an older cursor, unless its statement has not opened its tables yet.
func (s workInput) byLocks(v *lockView) (all []openWork) {
	transactions := make(map[uint64]transaction, len(s.transactions))
	for _, t := range s.transactions {
		if t.thread != 0 {
			transactions[t.thread] = t
		}
	}
	delete(v.running, s.self)
	holds := make(map[uint64]bool)
	var left []table.Name // by XA transactions that are prepared
	for _, l := range v.locks {
		p := l.owner
		if p.id != 0 && (p.id == s.self || p.internal()) {
			continue
		}
		p.kind, p.timer = v.running[p.id].kind, v.running[p.id].timer
		holds[p.id] = true
		w, counts := transactions[p.id].lockWork(p, l)
		if counts {
			all = append(all, w)
		}
		if !counts || l.older {
			left = append(left, l.table)
		}
	}
	for _, p := range v.running {
		if p.running() && p.mayYetLock(holds[p.id]) {
			all = append(all, openWork{Blocker: p.blocker(BlockerStatement, p.age())})
		}
	}
	return append(all, s.withoutLocks(holds, left)...)
}

// withoutLocks are the transactions that no connection with a lock explains.
func (s workInput) withoutLocks(holds map[uint64]bool, left []table.Name) (all []openWork) {
	for _, t := range s.transactions {
		w, counts := t.work(process{id: t.thread, command: "Sleep"}, int64(s.uptime))
		switch {
		case !counts || t.thread == s.self:
		case t.thread == 0 && len(left) > 0:
			for _, w.table = range left {
				all = append(all, w)
			}
		case t.thread == 0:
			all = append(all, w)
		case !holds[t.thread] && t.seconds > s.elapsed+1:
			// It has written, and has no lock: one from before the server recorded any.
			w.unconfirmed = true
			all = append(all, w)
		}
	}
	return all
}
