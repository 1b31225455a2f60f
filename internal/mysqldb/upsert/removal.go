package upsert

import (
	"bytes"
	"context"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
)

// Removal says which rows of a chunk are deletes: their maker marks them so.
type Removal struct {
	// At is the position, among the values of a row, of the moment of its delete; NULL there is a row like any other.
	At int
	// Mark is the column of the target that takes the moment, whose position At is: its row stays, with all other
	// values. "" deletes the row; At is then behind the values of Spec.Columns.
	Mark string
}

// A delete goes by the rules of a write: a row of the target stays that is newer by cursor. Deletes come first, so that
// the rows of the same chunk may take their unique values. Where a row is gone, nothing tells an older version of it
// from a new row: the caller writes chunks in the order in which versions were made.

// remove deletes or marks the target's rows of those in w.order that are deletes, and leaves the others in it. The
// caller restores w.order.
func (w *writer) remove(ctx context.Context) error {
	var gone, rest []int32
	for _, row := range w.order {
		if w.rows.Value(int(row), w.spec.Removal.At) == nil {
			rest = append(rest, row)
		} else {
			gone = append(gone, row)
		}
	}
	w.order = gone
	for from := 0; from < len(gone) && !w.empty; {
		to, err := w.removeSome(ctx, from)
		if err != nil {
			return err
		}
		from = to
		w.heartbeat()
	}
	w.res.Unchanged += int64(len(gone)) - w.res.Removed
	w.order = rest
	return nil
}

// removeSome removes the rows from a position on, as many as one list of keys takes. Those that may be newer on the
// target are then asked for one by one.
func (w *writer) removeSome(ctx context.Context, from int) (to int, err error) {
	end := len(w.order)
	if w.spec.Removal.Mark != "" { // a statement has one moment
		end = w.sameMoment(from)
	}
	if to, err = w.listKeys(from, end); err != nil {
		return to, err
	}
	done, guarded, err := w.removeListed(ctx, from, to)
	if err == nil && (!guarded || done == int64(to-from)) {
		return to, nil
	}
	if err != nil && mysqlerr.NumberOf(err) != mysqlerr.ErrRowIsReferenced {
		return to, err
	}
	if err == nil {
		var left int64
		count := w.selectListed("COUNT(*)") + w.notMarked()
		if err := w.conn.QueryRowContext(ctx, count).Scan(&left); err != nil || left == 0 {
			return to, err
		}
	}
	for i := from; i < to; i++ {
		if _, err := w.listKeys(i, i+1); err != nil {
			return to, err
		}
		_, _, err := w.removeListed(ctx, i, i+1)
		if mysqlerr.NumberOf(err) == mysqlerr.ErrRowIsReferenced {
			return to, w.rowError(w.order[i], mysqlerr.Describe(err))
		}
		if err != nil {
			return to, err
		}
	}
	return to, nil
}

// sameMoment is the first position, from one on, of a row that was deleted at another moment.
func (w *writer) sameMoment(from int) int {
	at := w.spec.Removal.At
	to := from + 1
	for to < len(w.order) && bytes.Equal(w.rows.Value(int(w.order[from]), at), w.rows.Value(int(w.order[to]), at)) {
		to++
	}
	return to
}

// notMarked is true for rows that are not marked as deleted.
func (w *writer) notMarked() string {
	if w.spec.Removal.Mark == "" {
		return ""
	}
	return " AND " + sqltext.Ident(w.spec.Removal.Mark) + " IS NULL"
}

// removeListed removes the target's rows with the listed keys, those at positions [from, to), which are not newer than
// the oldest of them. guarded says that there may be others.
func (w *writer) removeListed(ctx context.Context, from, to int) (done int64, guarded bool, err error) {
	stmt := w.plan.target.DeleteSQL()
	if mark := w.spec.Removal.Mark; mark != "" {
		at, err := w.appendValue(nil, w.order[from], w.spec.Removal.At)
		if err != nil {
			return 0, false, err
		}
		stmt = w.plan.target.MarkSQL(mark, string(at))
	}
	newer, err := w.newerCondition(from, to)
	if err != nil {
		return 0, false, err
	}
	stmt += string(w.keyList) + w.notMarked()
	if newer != "" {
		stmt += " AND (" + newer + ") IS NOT TRUE"
	}
	done, err = w.execStrict(ctx, stmt)
	if err == nil {
		w.res.Removed += done
	}
	return done, newer != "", err
}
