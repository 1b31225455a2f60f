package upsert

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/table"
)

// chunkWriter writes one chunk; its buffers live as long as the chunk's tries.
type chunkWriter struct {
	db        *mysqldb.DB
	plan      *upsertPlan
	rows      *table.Rows
	order     []int32 // positions of the rows to write, by key
	heartbeat func()
	onBegin   func(context.Context, mysqldb.Querier) error

	conn   *sql.Conn
	stmt   []byte // the statement being built
	probe  []byte // the same, of those that look before
	row    []byte // the row being built
	listed []byte // the keys that a statement asks for, as a condition

	begun    time.Time
	reply    time.Duration // to START TRANSACTION
	empty    bool          // the target has none of the transaction's keys
	existing int64
	suspects []span // of the statement's rows: some may be newer on the target
	affected int64
	batches  int
	deferred []int // positions of rows that met another row's unique value
	res      UpsertResult
}

// try is one transaction: begin, count, batches, commit. An error leaves nothing behind,
// except where it wraps ErrOutcomeUnknown.
func (w *chunkWriter) try(ctx context.Context) (res UpsertResult, err error) {
	w.existing, w.affected, w.batches, w.empty = 0, 0, 0, false
	w.deferred, w.res = w.deferred[:0], UpsertResult{}
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return res, err
	}
	defer func() {
		// An error of Close means that the pool has dropped the connection already.
		_ = w.conn.Close()
	}()
	if w.plan.unchecked {
		if _, err = w.conn.ExecContext(ctx, "SET foreign_key_checks = 0"); err != nil {
			return res, err
		}
		defer w.checkAgain(ctx)
	}
	w.begun = time.Now()
	if _, err = w.conn.ExecContext(ctx, "START TRANSACTION"); err != nil {
		w.drop() // the server may have heard it
		return res, err
	}
	w.reply = time.Since(w.begun)
	if err = w.body(ctx); err != nil {
		w.rollback(ctx)
		if mysqlerr.IsFailover(err) || errors.Is(err, mysqldb.ErrOtherServer) {
			w.drop() // the address may lead to another server by now
		}
		return res, err
	}
	if _, err = w.conn.ExecContext(ctx, "COMMIT"); err != nil {
		if mysqlerr.IsConnectionLost(err) || mysqlerr.Classify(err) == mysqlerr.ClassCanceled {
			w.drop()
			return res, fmt.Errorf("%w: %w", ErrOutcomeUnknown, mysqlerr.Safe(err))
		}
		w.rollback(ctx)
		return res, err
	}
	res = w.res
	res.Batches = w.batches
	res.Seconds = time.Since(w.begun).Seconds()
	return res, nil
}

func (w *chunkWriter) body(ctx context.Context) error {
	if w.onBegin != nil {
		if err := w.onBegin(ctx, w.conn); err != nil {
			return err
		}
	}
	if w.sortsLikeServer() {
		var err error
		if w.empty, err = w.nothingBetween(ctx); err != nil {
			return err
		}
	}
	if err := w.confirm(ctx); err != nil {
		return err
	}
	if w.empty && w.plan.load != "" {
		if err := w.load(ctx); err != nil {
			return err
		}
		return ctx.Err()
	}
	if w.plan.target.Versioned && !w.empty {
		all := w.order
		defer func() { w.order = all }()
		if err := w.leaveUnchanged(ctx); err != nil {
			return err
		}
		if len(w.order) == 0 {
			return ctx.Err()
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
	if err := w.settleDeferred(ctx, existed); err != nil {
		return err
	}
	// A COMMIT that was never sent leaves nothing; one that is cut off is a riddle.
	return ctx.Err()
}

// count turns the server's sum (1 inserted, 2 updated, 0 unchanged) into three counters, for
// all rows of w.order but the deferred ones, and adds them to the result.
func (w *chunkWriter) count(deferred []bool) {
	existing, n := w.existing, int64(len(w.order)-len(w.deferred))
	for _, existed := range deferred {
		if existed {
			existing--
		}
	}
	r := &w.res
	r.Inserted += n - existing
	twice := w.affected - (n - existing)
	if w.plan.target.Versioned { // the server counts former rows too; those that stay are not sent
		r.Updated += existing
		return
	}
	updated := twice / 2
	if twice < 0 || twice%2 != 0 || updated > existing || twice > 0 && w.countsTouched() {
		r.Approximate = true
		updated = min(max(updated, 0), existing)
	}
	r.Updated += updated
	r.Unchanged += existing - updated
}

// countsTouched reports whether the server may count 1 for a row that stays as it is: it compares a
// NULL with the column's default beneath it (seen on MySQL 9.7, MariaDB 10.11 and 11.8).
func (w *chunkWriter) countsTouched() bool {
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

// rollback ends the transaction whatever became of the caller's context. A connection that
// does not confirm it is dropped, and the server rolls back what it held.
func (w *chunkWriter) rollback(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	if _, err := w.conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		w.drop()
	}
}

// checkAgain gives the connection back as it was, for chunks of other tables.
func (w *chunkWriter) checkAgain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	if _, err := w.conn.ExecContext(ctx, "SET foreign_key_checks = 1"); err != nil {
		w.drop()
	}
}

// drop closes the connection instead of giving it back to the pool.
func (w *chunkWriter) drop() {
	// Raw reports the very error that it is given, and the pool acts on it.
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
}
