package upsert

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// How rows give way, where the policy is ConflictsReplace.
//
// Only rows that the server refused for a unique value are looked at. They are found by
// halving the statement, put off until the transaction's other rows are written, most of
// which resolves itself by then, and written one by one, from the last key to the first. What
// still holds one of their values is removed, unless it is newer by cursor: then the row
// yields, since its own row has changed or gone at the source after it was read.
//
// A removed row comes back with its own new version. It has one: at the source it let go of
// its unique value before the other row could take it, which raised its cursor, or deleted it.

// maxRounds bounds how often a row is tried after rows gave way to it: a row has as many
// opponents as the table has unique keys, and other sessions may bring in more.
const maxRounds = 8

// bisect writes the rows at positions [from, to), whose statement met another row's unique
// value, in smaller statements, and puts the rows that stand alone in the end off.
func (w *writer) bisect(ctx context.Context, from, to int) error {
	if to-from == 1 {
		w.deferred = append(w.deferred, from)
		return nil
	}
	middle := from + (to-from)/2
	for _, half := range [...][2]int{{from, middle}, {middle, to}} {
		affected, err := w.sendRows(ctx, half[0], half[1])
		w.heartbeat()
		switch {
		case err == nil:
			w.affected += affected
		case IsUniqueConflict(err):
			if err := w.bisect(ctx, half[0], half[1]); err != nil {
				return err
			}
		default:
			return w.identifyRow(ctx, err, half[0], half[1])
		}
	}
	return nil
}

// sendRows sends the rows at positions [from, to) in one statement.
func (w *writer) sendRows(ctx context.Context, from, to int) (int64, error) {
	w.stmt = append(w.stmt[:0], w.plan.head...)
	for i := from; i < to; i++ {
		if err := w.buildRow(w.order[i]); err != nil {
			return 0, err
		}
		if i > from {
			w.stmt = append(w.stmt, ',')
		}
		w.stmt = append(w.stmt, w.row...)
	}
	w.stmt = append(w.stmt, w.plan.tail...)
	affected, err := w.send(ctx, string(w.stmt), from, to)
	if err == nil {
		w.res.Batches++
	}
	return affected, err
}

// deferredExisting says which of the rows that were put off the target has under their own
// key, before anything gives way.
func (w *writer) deferredExisting(ctx context.Context) ([]bool, error) {
	existed := make([]bool, len(w.deferred))
	if w.empty {
		return existed, nil
	}
	for n, at := range w.deferred {
		if _, err := w.listKeys(at, at+1); err != nil {
			return nil, err
		}
		if err := w.conn.QueryRowContext(ctx, w.selectListed("COUNT(*)")).Scan(&existed[n]); err != nil {
			return nil, err
		}
	}
	return existed, nil
}

// writeDeferred writes the rows that were put off. One that meets a newer row gets another
// chance at the end: that row's own new version may be among those put off.
func (w *writer) writeDeferred(ctx context.Context, existed []bool) error {
	var yielding []int
	for n := len(w.deferred) - 1; n >= 0; n-- {
		yields, err := w.resolveConflicts(ctx, w.deferred[n], existed[n])
		if err != nil {
			return err
		}
		if yields {
			yielding = append(yielding, n)
		}
	}
	for _, n := range yielding {
		yields, err := w.resolveConflicts(ctx, w.deferred[n], existed[n])
		if err != nil {
			return err
		}
		if yields {
			w.res.SkippedConflicts++
			w.res.Unchanged++
		}
	}
	return nil
}

// resolveConflicts writes the row at a position and removes what is in its way; yields says that
// something newer is, and that nothing was written.
func (w *writer) resolveConflicts(ctx context.Context, at int, existed bool) (yields bool, err error) {
	for round := 0; ; round++ {
		affected, err := w.sendRows(ctx, at, at+1)
		w.heartbeat()
		if err == nil {
			w.countSingleRow(affected, existed)
			return false, nil
		}
		if !IsUniqueConflict(err) || round >= maxRounds {
			return false, w.identifyRow(ctx, err, at, at+1)
		}
		found, newer, findErr := w.findConflicts(ctx, at)
		switch {
		case findErr != nil:
			return false, findErr
		case newer || found.Len() > 0 && w.isAboveWindow(w.order[at]):
			return true, nil
		case found.Len() == 0:
			return false, w.identifyRow(ctx, err, at, at+1) // a key that cannot be searched
		}
		for r := range found.Len() {
			if err := w.remove(ctx, found, r); err != nil {
				return false, err
			}
		}
	}
}

// countSingleRow counts a row that was written alone. A row that was removed before counts as what
// it is to those who look: it was there, and it is there.
func (w *writer) countSingleRow(affected int64, existed bool) {
	switch {
	case !existed:
		w.res.Inserted++
	case affected == 0:
		w.res.Unchanged++
	default:
		w.res.Updated++
	}
}

// remove deletes a row of the target by its key, one of those that findHolders found.
func (w *writer) remove(ctx context.Context, keys *table.Rows, r int) error {
	w.query = append(w.query[:0], "DELETE FROM "+sqltext.Qualified(w.plan.target.Name)+" WHERE "...)
	for n, i := range w.plan.key {
		c := w.plan.targets[i].Column
		write, err := sqltext.Comparand(c)
		if err != nil {
			return err
		}
		text, err := write(string(keys.Value(r, n)))
		if err != nil {
			return err
		}
		if n > 0 {
			w.query = append(w.query, " AND "...)
		}
		w.query = append(w.query, sqltext.Ident(c.Name)+" = "+text...)
	}
	removed, err := w.exec(ctx, string(w.query))
	w.res.DeletedConflicts += removed
	return err
}
