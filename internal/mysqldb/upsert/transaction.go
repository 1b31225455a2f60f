package upsert

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/txn"
	"github.com/tablehaul/tablehaul/internal/mysqldb/wire"
	"github.com/tablehaul/tablehaul/internal/table"
)

// writer writes one chunk. Its buffers live as long as the chunk's tries.
type writer struct {
	db        *mysqldb.DB
	spec      Spec
	plan      *plan
	rows      *table.Rows
	order     []int32 // the rows to write, sorted by key; a position is an index of it
	inOrder   bool    // they are in the order of the chunk instead: see mayRespell
	heartbeat func()
	blamed    int32 // the row that the last error was found to be about

	conn    *sql.Conn
	latency time.Duration // of START TRANSACTION
	stmt    []byte        // the INSERT that is being built
	row     []byte        // the row that is being built
	query   []byte        // the SELECT or DELETE that is being built
	keyList []byte        // a condition: the keys that a SELECT asks for

	attempt
}

// attempt is what one transaction has done so far.
type attempt struct {
	empty    bool  // the target has no key between the smallest and the largest of the chunk
	existing int64 // keys that the target has
	// answer is what the server said of the last statement without rows; answered is false where that is not known.
	answer       wire.Answer
	answered     bool
	answersCount bool           // the answers to batches tell which keys the target had
	affected     int64          // the server's sum: 1 for an inserted row, 2 for an updated one
	maybeNewer   []span         // of the current statement: some of these rows may be newer on the target
	deferred     []int          // positions of rows with a conflict
	unwritten    map[string]int // of these, where the caller expects rows: the keys that are not written yet
	displaced    map[string]int // and those whose rows were deleted
	res          Result
}

// writeMethod is how the rows of a chunk are sent.
type writeMethod int

const (
	// methodInsert is INSERT … ON DUPLICATE KEY UPDATE. It is right for every chunk.
	methodInsert writeMethod = iota
	// methodLoad is LOAD DATA LOCAL, for a chunk whose keys the target does not have.
	methodLoad
)

// transaction is one try:
//
//	START TRANSACTION
//	  OnBegin                          the caller's checks
//	  hasNoRowBetween                  is the key range of the chunk empty on the target?
//	  checkStructure                   from here on, no ALTER TABLE can come between
//	  remove                           only where some rows are deletes
//	  empty, and files are allowed:    LOAD DATA LOCAL
//	  otherwise:
//	    dropChangedRows                only where the caller says what the rows replace
//	    dropUnchangedRows              as long as there are enough of them
//	    for each batch
//	      countExisting                which keys are there, and may some be newer? The answers to later batches tell
//	      INSERT … ON DUPLICATE KEY UPDATE
//	        refused for a unique key:  bisect; rows with a conflict are deferred
//	      countNewer                   how many rows were kept because they are newer?
//	    writeDeferred                  delete conflicting rows that are not newer, then INSERT
//	COMMIT
//
// An error rolls everything back, except one that wraps ErrOutcomeUnknown.
func (w *writer) transaction(ctx context.Context) (res Result, err error) {
	w.attempt = attempt{}
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return res, err
	}
	defer func() {
		// An error of Close means that the pool has dropped the connection already.
		_ = w.conn.Close()
	}()
	if w.plan.skipForeignKeyChecks {
		if _, err = w.conn.ExecContext(ctx, "SET foreign_key_checks = 0"); err != nil {
			return res, err
		}
		defer txn.Restore(ctx, w.conn, "SET foreign_key_checks = 1")
	}
	begun := time.Now()
	if _, err = w.conn.ExecContext(ctx, "START TRANSACTION"); err != nil {
		txn.Drop(w.conn) // the server may have executed it
		return res, err
	}
	w.latency = time.Since(begun)
	w.plan.stretch(w.latency)
	if err = w.body(ctx); err != nil {
		txn.Rollback(ctx, w.conn)
		if mysqlerr.IsFailover(err) || errors.Is(err, mysqldb.ErrOtherServer) {
			txn.Drop(w.conn) // the address may lead to another server by now
		}
		return res, err
	}
	if err = txn.Commit(ctx, w.conn); err != nil {
		return res, err
	}
	w.res.Seconds = time.Since(begun).Seconds()
	return w.res, nil
}

// body does everything between START TRANSACTION and COMMIT.
func (w *writer) body(ctx context.Context) error {
	if w.spec.OnBegin != nil {
		if err := w.spec.OnBegin(ctx, w.conn); err != nil {
			return err
		}
	}
	method, err := w.chooseMethod(ctx)
	if err != nil {
		return err
	}
	if err := w.checkStructure(ctx); err != nil {
		return err
	}
	if w.spec.Removal != nil {
		all := w.order
		defer func() { w.order = all }()
		if err := w.remove(ctx); err != nil || len(w.order) == 0 {
			return cmp.Or(err, ctx.Err())
		}
	}
	if method == methodLoad {
		err = w.load(ctx)
	} else {
		err = w.insert(ctx)
	}
	if err != nil {
		return err
	}
	// A context that ends before COMMIT is sent leaves nothing. If it ends later, the outcome is unknown.
	return ctx.Err()
}

// chooseMethod asks whether the target has keys of the chunk's range.
func (w *writer) chooseMethod(ctx context.Context) (_ writeMethod, err error) {
	if w.inOrder || !w.sortsLikeServer() {
		return methodInsert, nil
	}
	if w.empty, err = w.hasNoRowBetween(ctx); err != nil {
		return methodInsert, err
	}
	if w.empty && w.plan.load != "" {
		return methodLoad, nil
	}
	return methodInsert, nil
}

// insert writes the rows as statements, and those with a conflict at the end.
func (w *writer) insert(ctx context.Context) error {
	all := w.order
	defer func() { w.order = all }()
	if w.plan.expect != nil {
		if err := w.dropChangedRows(ctx); err != nil || len(w.order) == 0 {
			return err
		}
	}
	if !w.empty && !w.inOrder && w.plan.looks() {
		if err := w.dropUnchangedRows(ctx); err != nil || len(w.order) == 0 {
			return err
		}
	}
	if err := w.writeBatches(ctx); err != nil {
		return err
	}
	existed, err := w.deferredExisting(ctx)
	if err != nil {
		return err
	}
	w.count(existed)
	return w.writeDeferred(ctx, existed)
}

// count turns the server's sum into three counters, for all rows but the deferred ones. existed says
// which of those the target had.
func (w *writer) count(existed []bool) {
	existing, n := w.existing, int64(len(w.order)-len(w.deferred))
	for _, e := range existed {
		if e {
			existing--
		}
	}
	r := &w.res
	r.Inserted += n - existing
	if w.plan.target.Versioned { // the server counts former rows too; unchanged rows are not sent
		r.Updated += existing
		return
	}
	twice := w.affected - (n - existing)
	updated := twice / 2
	if twice < 0 || twice%2 != 0 || updated > existing || twice > 0 && !w.plan.keepExisting && w.mayMiscount() {
		r.Approximate = true
		updated = min(max(updated, 0), existing)
	}
	r.Updated += updated
	r.Unchanged += existing - updated
	if w.plan.keepExisting {
		r.Existing += existing - updated
	}
}

// mayMiscount reports whether the server may count 1 for a row that it does not change: it compares a
// NULL with the default of the column (seen on MySQL 9.7, MariaDB 10.11 and 11.8).
func (w *writer) mayMiscount() bool {
	for i, c := range w.plan.targets {
		if !c.Nullable || c.Default == nil {
			continue
		}
		for _, row := range w.order {
			if w.rows.Value(int(row), i) == nil {
				return true
			}
		}
	}
	return false
}
