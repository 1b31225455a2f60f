package mysqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// chunkWriter writes one chunk; its buffers live as long as the chunk's tries.
type chunkWriter struct {
	db        *DB
	plan      *upsertPlan
	rows      *table.Rows
	order     []int32 // positions of the rows to write, by key
	heartbeat func()

	conn *sql.Conn
	stmt []byte // the statement being built
	row  []byte // the row being built

	existing int64
	affected int64
	batches  int
}

// once is one transaction: begin, count, batches, commit. An error leaves nothing behind,
// except where it wraps ErrOutcomeUnknown.
func (w *chunkWriter) once(ctx context.Context) (res UpsertResult, err error) {
	w.existing, w.affected, w.batches = 0, 0, 0
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return res, err
	}
	defer func() {
		// An error of Close means that the pool has dropped the connection already.
		_ = w.conn.Close()
	}()
	begin := time.Now()
	if _, err = w.conn.ExecContext(ctx, "START TRANSACTION"); err != nil {
		w.drop() // the server may have heard it
		return res, err
	}
	if err = w.body(ctx); err != nil {
		w.rollback(ctx)
		return res, err
	}
	if _, err = w.conn.ExecContext(ctx, "COMMIT"); err != nil {
		if IsConnectionLost(err) || Classify(err) == ClassCanceled {
			w.drop()
			return res, fmt.Errorf("%w: %w", ErrOutcomeUnknown, Safe(err))
		}
		w.rollback(ctx)
		return res, err
	}
	res = w.count()
	res.Seconds = time.Since(begin).Seconds()
	return res, nil
}

func (w *chunkWriter) body(ctx context.Context) error {
	if err := w.countExisting(ctx); err != nil {
		return err
	}
	if err := w.writeBatches(ctx); err != nil {
		return err
	}
	// A COMMIT that was never sent leaves nothing; one that is cut off is a riddle.
	return ctx.Err()
}

// count turns the server's sum (1 inserted, 2 updated, 0 unchanged) into three counters.
func (w *chunkWriter) count() UpsertResult {
	n := int64(len(w.order))
	r := UpsertResult{Batches: w.batches, Inserted: n - w.existing}
	if w.plan.appendOnly {
		r.Unchanged = w.existing
		r.Approximate = w.affected != r.Inserted
		return r
	}
	twice := w.affected - r.Inserted
	r.Updated = twice / 2
	r.Unchanged = w.existing - r.Updated
	if twice < 0 || twice%2 != 0 || r.Unchanged < 0 {
		r.Approximate = true
		r.Updated = min(max(r.Updated, 0), w.existing)
		r.Unchanged = w.existing - r.Updated
	}
	return r
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

// drop closes the connection instead of giving it back to the pool.
func (w *chunkWriter) drop() {
	// Raw reports the very error that it is given, and the pool acts on it.
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
}
