package upsert

import (
	"context"
	"database/sql/driver"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A row that the target has already costs a look instead of a write, which takes the server a quarter of
// the time. An overlap, --full, a table without a cursor, and a repeated chunk all read unchanged rows
// again. Where rows have changed the look is in vain. So it is taken of the first rows of a chunk, and goes
// on as long as it finds enough.
//
// A table WITH SYSTEM VERSIONING keeps a former row for each row that ON DUPLICATE KEY UPDATE meets, even if
// it does not change (seen on MariaDB 10.11 and 11.8). Its rows are all looked at, so that its history has
// changes only.

const (
	// worthLooking is the share of rows, one in so many, that have to be unchanged for a look to pay.
	worthLooking = 8
	// lookAgain is how many lists of keys are passed over after a look that has not paid.
	lookAgain = 8
)

// dropUnchangedRows removes from w.order, and counts, rows that the target already has, or has in a newer version. The
// caller restores w.order.
func (w *writer) dropUnchangedRows(ctx context.Context) error {
	unchanged := make([]bool, len(w.order))
	passOver := 0
	for from := 0; from < len(w.order); {
		if passOver > 0 {
			passOver--
			from += w.keysAtOnce(from, len(w.order))
			continue
		}
		to, err := w.listKeys(from, len(w.order))
		if err != nil {
			return err
		}
		found, err := w.compareWithTarget(ctx, from, to, unchanged)
		if err != nil {
			return err
		}
		if found*worthLooking < to-from && !w.plan.target.Versioned {
			passOver = lookAgain
		}
		w.heartbeat()
		from = to
	}
	changed := make([]int32, 0, len(w.order))
	for at, row := range w.order {
		if !unchanged[at] {
			changed = append(changed, row)
		}
	}
	w.res.Unchanged += int64(len(w.order) - len(changed))
	if w.plan.keepExisting {
		w.res.Existing += int64(len(w.order) - len(changed))
	}
	w.order = changed
	return nil
}

// looks reports whether equal texts of the two sides are equal values in every column, so that a row of the target can
// be found unchanged. An undo and a repair have looked already.
func (p *plan) looks() bool {
	if p.target.Versioned {
		return true
	}
	for i, from := range p.columns {
		to := p.targets[i].Column
		if from.Kind != to.Kind || !table.ReadAlike(from, to) || !slices.Equal(from.Members, to.Members) {
			return false
		}
	}
	return p.expect == nil
}

// compareWithTarget locks and reads the target's rows with the listed keys, those at positions
// [from, to). It marks the positions of unchanged rows, and returns how many there are. A row that is marked as deleted
// is none: the write decides about its mark.
func (w *writer) compareWithTarget(ctx context.Context, from, to int, unchanged []bool) (found int, err error) {
	positions := make(map[string]int, to-from)
	for at := from; at < to; at++ {
		positions[w.joinKey(w.keyValues(w.order[at]))] = at
	}
	exprs := make([]sqltext.Expr, len(w.plan.targets))
	names := make([]string, len(exprs))
	for i, c := range w.plan.targets {
		exprs[i] = sqltext.Value(w.db.Server, c.Column)
		names[i] = exprs[i].SQL
	}
	have := table.Borrow(len(exprs))
	defer have.Return()
	stmt := w.selectListed(strings.Join(names, ", "))
	if w.plan.tombstone != "" {
		stmt += " AND " + sqltext.Ident(w.plan.tombstone) + " IS NULL"
	}
	err = fetch.Raw(ctx, w.conn, stmt+" FOR UPDATE", func(rows driver.Rows) error {
		values := make([]driver.Value, len(exprs))
		for {
			have.Reset() // one row at a time: rows may be large
			if more, err := fetch.AppendRow(have, exprs, rows, values); !more || err != nil {
				return err
			}
			key := make([][]byte, len(w.plan.key))
			for n, i := range w.plan.key {
				key[n] = have.Value(0, i)
			}
			if at, ok := positions[w.joinKey(key)]; ok && w.isUnchanged(w.order[at], have) {
				unchanged[at] = true
				found++
			}
		}
	})
	return found, err
}

// joinKey is a key's values as one text. A key whose text differs on the target is not found, and its row is written.
func (w *writer) joinKey(values [][]byte) string {
	var b []byte
	for n, v := range values {
		i := w.plan.key[n]
		v = table.TrimZeros(w.plan.columns[i], w.plan.targets[i].Column, v)
		b = append(sqltext.AppendQuoted(b, v), ',')
	}
	return string(b)
}

// isUnchanged reports whether a write would leave the target's row, the only one of have, as it is.
func (w *writer) isUnchanged(row int32, have *table.Rows) bool {
	if w.plan.keepExisting {
		return true
	}
	value := func(i int) (fresh, old []byte) { return w.rows.Value(int(row), i), have.Value(0, i) }
	if w.plan.comparesCursors() && w.plan.isNewerOnTarget(value(w.plan.cursor)) {
		w.res.NewerOnTarget++
		return true
	}
	for i := range w.plan.columns {
		from, to := w.plan.columns[i], w.plan.targets[i].Column
		incoming, old := value(i)
		if !table.SameText(from, to, incoming, old) {
			return false
		}
	}
	return true
}

// isNewerOnTarget reports whether the target's row stays because its cursor is larger, as in
// cursorGuard. Where texts cannot show that, it returns false, and the server decides.
func (p *plan) isNewerOnTarget(fresh, old []byte) bool {
	from, to := p.columns[p.cursor], p.targets[p.cursor].Column
	if fresh == nil || old == nil || !from.Kind.IsCursor() || !to.Kind.IsCursor() ||
		from.Kind.IsInteger() != to.Kind.IsInteger() {
		return false
	}
	fresh, old = table.TrimZeros(from, to, fresh), table.TrimZeros(from, to, old)
	return table.CompareValues(from.Kind, old, fresh) > 0 && !p.isUnsettled(fresh, old)
}
