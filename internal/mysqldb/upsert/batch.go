package upsert

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/txn"
)

// writeBatches sends all rows, as many in one statement as the limits allow.
func (w *writer) writeBatches(ctx context.Context) error {
	p := w.plan
	w.stmt = append(w.stmt[:0], p.head...)
	first := 0 // position of the statement's first row
	for i := range w.order {
		if err := w.buildRow(w.order[i]); err != nil {
			return err
		}
		if int64(len(p.head)+len(w.row)+len(p.tail)) > p.packet {
			return w.rowTooLarge(w.order[i])
		}
		size := int64(len(w.stmt) + 1 + len(w.row) + len(p.tail))
		if i > first && (i-first >= p.maxRows || size > p.maxBytes) {
			if err := w.flush(ctx, first, i); err != nil {
				return err
			}
			first = i
			w.stmt = append(w.stmt[:0], p.head...)
			// flush may have used the buffer.
			if err := w.buildRow(w.order[i]); err != nil {
				return err
			}
		}
		if i > first {
			w.stmt = append(w.stmt, ',')
		}
		w.stmt = append(w.stmt, w.row...)
	}
	return w.flush(ctx, first, len(w.order))
}

// buildRow writes the (…) of a row into w.row.
func (w *writer) buildRow(row int32) (err error) {
	w.row = append(w.row[:0], '(')
	for i := range w.plan.columns {
		if i > 0 {
			w.row = append(w.row, ',')
		}
		if w.row, err = w.appendBy(w.plan.assigners[i], w.row, row, i); err != nil {
			return err
		}
	}
	w.row = append(w.row, ')')
	return nil
}

// flush sends the statement that holds the rows at positions [from, to).
func (w *writer) flush(ctx context.Context, from, to int) error {
	w.maybeNewer = w.maybeNewer[:0]
	before, byAnswer := w.existing, w.answersCount && to-from > 1
	if !w.empty && !byAnswer {
		if err := w.countExisting(ctx, from, to); err != nil {
			return err
		}
	}
	w.stmt = append(w.stmt, w.plan.tail...)
	affected, err := w.send(ctx, string(w.stmt), from, to)
	switch {
	case err != nil && w.plan.deleteConflicts && isUniqueConflict(err):
		if byAnswer { // the server has undone the statement
			if err := w.countExisting(ctx, from, to); err != nil {
				return err
			}
		}
		if err := w.bisect(ctx, from, to); err != nil {
			return err
		}
	case err != nil:
		return w.identifyRow(ctx, err, from, to)
	default:
		w.res.Batches++
		switch inserted, known := w.insertedByAnswer(affected, to-from); {
		case byAnswer:
			if err := w.takeAnswer(inserted, known, from, to); err != nil {
				return err
			}
		case !w.empty:
			w.answersCount = known && w.plan.answersTell() && !w.mayMiscount() &&
				inserted == int64(to-from)-(w.existing-before)
		}
		for _, s := range w.maybeNewer {
			if err := w.countNewer(ctx, s.from, s.to); err != nil {
				return err
			}
		}
	}
	w.affected += affected
	w.heartbeat()
	return nil
}

// send executes a statement and refuses its warnings. For a moment the session is not strict where
// rows have the error value of an ENUM, or where the target has one.
func (w *writer) send(ctx context.Context, stmt string, from, to int) (int64, error) {
	if len(w.plan.enums) == 0 {
		return w.execStrict(ctx, stmt)
	}
	if !w.hasEnumErrors(from, to) {
		affected, err := w.execStrict(ctx, stmt)
		if mysqlerr.NumberOf(err) != mysqlerr.ErrDataTruncated || !w.enumsAreMembers(from, to) {
			return affected, err
		}
		// The row on the target is newer and has an error value. To keep the row means to write it.
	}
	return w.execRelaxed(ctx, stmt, from)
}

// execStrict executes a statement, and returns its first warning as an error.
func (w *writer) execStrict(ctx context.Context, stmt string) (int64, error) {
	affected, err := w.exec(ctx, stmt)
	if err != nil {
		return 0, err
	}
	return affected, w.checkWarnings(ctx, func(mysqlerr.Problem) bool { return false })
}

// exec executes a statement and returns the number of affected rows. It keeps what else the server said.
func (w *writer) exec(ctx context.Context, stmt string) (int64, error) {
	res, err := w.conn.ExecContext(ctx, stmt)
	if err != nil {
		return 0, err
	}
	w.answer, w.answered = mysqldb.AnswerOf(w.conn)
	return res.RowsAffected()
}

// execRelaxed executes a statement without strict mode. It is as strict itself: it allows only
// warnings of ENUM columns, in rows whose ENUM values are all known.
func (w *writer) execRelaxed(ctx context.Context, stmt string, from int) (int64, error) {
	const relax = "SET @tablehaul_mode = @@SESSION.sql_mode," +
		" SESSION sql_mode = REPLACE(REPLACE(@@SESSION.sql_mode, 'STRICT_ALL_TABLES', ''), 'STRICT_TRANS_TABLES', '')"
	if _, err := w.conn.ExecContext(ctx, relax); err != nil {
		return 0, err
	}
	affected, err := w.exec(ctx, stmt)
	if err == nil {
		err = w.checkWarnings(ctx, func(p mysqlerr.Problem) bool { return w.isEnumWarning(p, from) })
	}
	if _, restore := w.conn.ExecContext(ctx, "SET SESSION sql_mode = @tablehaul_mode"); restore != nil {
		txn.Drop(w.conn) // never a session in the pool that is not strict
		if err == nil {
			err = restore
		}
	}
	return affected, err
}

// keyValues are the values of a row's primary key, in key order.
func (w *writer) keyValues(row int32) [][]byte {
	values := make([][]byte, len(w.plan.key))
	for n, i := range w.plan.key {
		values[n] = w.rows.Value(int(row), i)
	}
	return values
}
