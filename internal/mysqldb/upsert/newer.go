package upsert

import (
	"context"
	"slices"

	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A row of the chunk is not written where the target's row is newer. The server does not tell such a row from an equal
// one: both change nothing. So countExisting also asks whether some rows of the target may be newer, which is rare.
// After the write, countNewer then looks at those rows again: all rows that were written have the chunk's cursor.

// span is a part of a chunk, from a position to one behind its last.
type span struct{ from, to int }

// newerCondition is a condition on the target's cursor: true for every row of the target that the
// rows at positions [from, to) may not replace; "" where there is none.
func (w *writer) newerCondition(from, to int) (string, error) {
	p := w.plan
	if !p.comparesCursors() {
		return "", nil
	}
	oldest, ok := w.oldest(from, to)
	if !ok {
		return "", nil
	}
	fresh, err := w.appendValue(nil, oldest, p.cursor)
	if err != nil {
		return "", err
	}
	c := sqltext.Ident(p.targets[p.cursor].Name)
	cond := c + " > " + string(fresh)
	if slices.ContainsFunc(w.order[from:to], w.isAboveWindow) {
		return cond, nil // it replaces no newer row
	}
	replaced, err := p.unsettledCondition(c, string(fresh))
	if replaced != "" {
		cond += " AND NOT (" + replaced + ")"
	}
	return cond, err
}

// oldest is the row at positions [from, to) with the smallest cursor; false where a cursor is NULL.
func (w *writer) oldest(from, to int) (row int32, ok bool) {
	cursor := w.plan.cursor
	kind := w.plan.columns[cursor].Kind
	row = w.order[from]
	for _, other := range w.order[from:to] {
		v := w.rows.Value(int(other), cursor)
		if v == nil {
			return 0, false
		}
		if table.CompareValues(kind, v, w.rows.Value(int(row), cursor)) < 0 {
			row = other
		}
	}
	return row, true
}

// countNewer counts, after their write, the rows at positions [from, to) that were not written
// because the target's are newer.
func (w *writer) countNewer(ctx context.Context, from, to int) error {
	for from < to {
		next, err := w.listRows(from, to, true)
		if err != nil {
			return err
		}
		var same int64
		if err := w.conn.QueryRowContext(ctx, w.selectListed("COUNT(*)")).Scan(&same); err != nil {
			return err
		}
		w.res.NewerOnTarget += max(0, int64(next-from)-same)
		from = next
	}
	return nil
}
