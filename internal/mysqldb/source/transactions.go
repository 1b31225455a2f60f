package source

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/txn"
	"github.com/tablehaul/tablehaul/internal/table"
)

// freshTransactions reads the transaction list, from a copy made after this call began, and
// returns the thread of its own connection.
func (s *Source) freshTransactions(ctx context.Context, conn *sql.Conn) (trxs []transaction, self uint64, err error) {
	if err := clock.Sleep(ctx, txn.ListPause-time.Since(s.openWork.lastListRead())); err != nil {
		return nil, 0, err
	}
	err = txn.ReadFresh(ctx, conn, func(own string) (fresh bool, err error) {
		if trxs, err = s.readTransactions(ctx, conn, own); err != nil {
			return false, err
		}
		for _, t := range trxs {
			if t.ours {
				self, fresh = t.thread, true
			}
		}
		return fresh, nil
	})
	if err == nil {
		_, err = conn.ExecContext(ctx, "ROLLBACK")
	}
	return trxs, self, err
}

func (s *Source) readTransactions(ctx context.Context, conn *sql.Conn, own string) ([]transaction, error) {
	defer s.openWork.setListRead()
	return listTransactions(ctx, conn, s.db.InstanceSQL(), own)
}

func listTransactions(ctx context.Context, conn *sql.Conn, instance, own string) ([]transaction, error) {
	recs, err := readRecords(ctx, conn, "SELECT trx_mysql_thread_id, trx_state, trx_rows_modified,"+
		" trx_is_read_only, "+instance+" AS instance, TIMESTAMPDIFF(MICROSECOND, trx_started, NOW(6)) AS age,"+
		" "+own+" AS ours FROM information_schema.innodb_trx")
	if err != nil {
		if mysqlerr.NumberOf(err) == mysqlerr.ErrSpecificAccess {
			return nil, ErrNeedsProcess
		}
		return nil, err
	}
	var oldest float64
	trxs := make([]transaction, len(recs))
	for i, r := range recs {
		thread, err := strconv.ParseUint(r.Text("TRX_MYSQL_THREAD_ID"), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read the transaction list: %w", err)
		}
		trxs[i] = transaction{
			thread: thread, state: r.Text("TRX_STATE"), seconds: float64(r.Number("AGE")) / 1e6,
			modified: r.Number("TRX_ROWS_MODIFIED"),
			readOnly: r.Text("TRX_IS_READ_ONLY") == "1",
			ours:     r.Text("OURS") == "1", instance: r.Text("INSTANCE"),
		}
		oldest = max(oldest, trxs[i].seconds)
	}
	back, err := clockSetBack(ctx, conn, oldest)
	if err != nil {
		return nil, err
	}
	for i := range trxs {
		trxs[i].seconds += back
	}
	return trxs, nil
}

// clockSetBack is by how many seconds the system zone's clock was set back since the oldest
// transaction began, as at the end of summer time: all ages are too short by that.
func clockSetBack(ctx context.Context, conn *sql.Conn, oldest float64) (float64, error) {
	var micros int64
	span := int64(oldest) + int64(hour) + 100
	query := fmt.Sprintf("SELECT GREATEST(0, TIMESTAMPDIFF(MICROSECOND, NOW() - INTERVAL %d SECOND, "+
		"FROM_UNIXTIME(UNIX_TIMESTAMP() - %d)))", span, span)
	err := conn.QueryRowContext(ctx, query).Scan(&micros)
	return float64(micros) / 1e6, err
}

// transactionAges are the ages in seconds, by connection, that the performance schema knows.
//
// InnoDB dates a transaction by its first access to a row. A first statement that waited for a metadata lock stamped
// its rows before that, and leaves no other trace once it is done. Where the performance schema is off (MariaDB's
// default) or not readable, only the overlap covers such a wait.
func transactionAges(ctx context.Context, conn *sql.Conn) (map[uint64]float64, error) {
	recs, err := readRecords(ctx, conn, "SELECT t.PROCESSLIST_ID AS id, e.TIMER_WAIT AS age FROM "+
		"performance_schema.events_transactions_current e JOIN performance_schema.threads t ON t.THREAD_ID = "+
		"e.THREAD_ID WHERE e.STATE = 'ACTIVE' AND t.PROCESSLIST_ID IS NOT NULL")
	if err != nil {
		return nil, ignoreDenied(err)
	}
	ages := make(map[uint64]float64, len(recs))
	for _, r := range recs {
		if id, err := strconv.ParseUint(r.Text("ID"), 10, 64); err == nil {
			ages[id] = float64(r.Number("AGE")) / 1e12
		}
	}
	return ages, nil
}

// transaction is a row of information_schema.innodb_trx.
type transaction struct {
	thread   uint64
	seconds  float64
	state    string
	modified int64
	// readOnly proves that its connection reads only: InnoDB has begun it as one that cannot write.
	// A SELECT inside a trigger or a function has a transaction that can.
	readOnly bool
	// ours says that it is the transaction of the statement that read it, and instance is the digest
	// of the server that did.
	ours     bool
	instance string
}

// age is how long ago it began, at most.
func (t transaction) age() float64 {
	if t.seconds < 0 {
		return t.seconds + hour + 1 // the zone's clock was set back since it began
	}
	return t.seconds + 1
}

// work is what the transaction may still bring to light: what it has written. Where it has written
// nothing so far, only a statement that is running can, with an age of its own.
func (t transaction) work(p process, uptime int64) (openWork, bool) {
	age := max(t.age(), 1)
	switch {
	case t.modified == 0:
		return openWork{}, false
	case t.thread == 0:
		w := openWork{Blocker: Blocker{Kind: BlockerXA, Seconds: age, State: t.state}}
		// Recovered from before the server's start: it is dated by its recovery.
		w.startUnknown = float64(uptime)-age < recoveryTime.Seconds()
		return w, true
	case p.running():
		age = max(age, p.age()) // its statement may have waited before the transaction began
	}
	return openWork{Blocker: p.blocker(BlockerTransaction, age)}, true
}

// lockWork is what the owner of a lock may still write; t is its transaction, or the zero value.
func (t transaction) lockWork(p process, l metadataLock) (openWork, bool) {
	var w openWork
	switch {
	case t.modified > 0:
		w.Blocker = p.blocker(BlockerTransaction, max(t.age(), l.began))
		if p.running() {
			w.Seconds = max(w.Seconds, p.age())
		}
	case p.running():
		w.Blocker = p.blocker(BlockerStatement, p.age())
	default:
		return openWork{}, false // idle, and nothing written: LOCK TABLES, SELECT … FOR UPDATE
	}
	w.table = l.table
	if l.pending && !p.changesStructure() {
		w.table = table.Name{} // it waits, and has not locked its other tables yet
	}
	return w, true
}
