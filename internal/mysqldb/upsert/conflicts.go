package upsert

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Rows with a conflict, where the policy is DeleteConflicts.
//
// Only rows that the server refused for a unique value are handled here. bisect finds them, and defers them until all
// other rows of the transaction are written, which resolves most conflicts. Then writeDeferred writes them one by one,
// from the last key to the first. A row that still has one of their unique values is deleted, unless it is newer by
// cursor. In that case the deferred row is skipped: its own row has changed or gone at the source since it was read.
//
// A deleted row comes back with its own new version, or is deleted at the source too: there, it gave its unique value
// up before the other row could take it. To do so it changed, which raised its cursor, or it was deleted.

// maxRounds bounds how often a row is tried after conflicting rows were deleted. A row has at most
// as many of them as the table has unique keys, and other sessions may insert more.
const maxRounds = 8

// bisect writes the rows at positions [from, to), whose statement had a conflict, in smaller
// statements. It defers the rows with a conflict.
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
		case isUniqueConflict(err):
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

// deferredExisting says which of the deferred rows the target has under their own key, before any row is deleted.
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

// writeDeferred writes the deferred rows. One that has a conflict with a newer row is tried again
// at the end: the new version of that row may be a deferred row too.
func (w *writer) writeDeferred(ctx context.Context, existed []bool) error {
	var skipped []int
	w.listUnwritten()
	for n := len(w.deferred) - 1; n >= 0; n-- {
		newer, err := w.resolveConflicts(ctx, w.deferred[n], existed[n])
		if err != nil {
			return err
		}
		if newer {
			skipped = append(skipped, n)
		}
	}
	for _, n := range skipped {
		newer, err := w.resolveConflicts(ctx, w.deferred[n], existed[n])
		if err != nil {
			return err
		}
		if newer {
			w.res.SkippedConflicts++
			w.res.Unchanged++
		}
	}
	return w.checkDisplaced()
}

// resolveConflicts writes the row at a position, and deletes conflicting rows. newer says that one
// of them is newer, and that nothing was written.
func (w *writer) resolveConflicts(ctx context.Context, at int, existed bool) (newer bool, err error) {
	for round := 0; ; round++ {
		affected, err := w.sendRows(ctx, at, at+1)
		w.heartbeat()
		if err == nil {
			w.countSingleRow(affected, existed)
			w.onWritten(at)
			return false, nil
		}
		if !isUniqueConflict(err) || round >= maxRounds {
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
		case !w.mayDelete(found):
			return true, nil
		}
		for r := range found.Len() {
			if err := w.deleteRow(ctx, found, r); err != nil {
				return false, err
			}
		}
	}
}

// countSingleRow counts a row that was written alone. Where its own row was deleted as a conflict
// before, it counts as updated.
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

// deleteRow deletes a row of the target by its key, one of those that findConflicts returned.
func (w *writer) deleteRow(ctx context.Context, keys *table.Rows, r int) error {
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
