package upsert

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A table WITH SYSTEM VERSIONING keeps a former row for every row that ON DUPLICATE KEY UPDATE
// meets, be it changed or not (seen on MariaDB 10.11 and 11.8). Rows are read again by every
// window with an overlap, by --full, and by a chunk that is repeated, and would fill the history
// with rows that never were. So for such targets the rows are looked at and locked first, and those
// that would stay as they are, are not sent.

// dropUnchangedRows takes those rows out of w.order that the target has already, or in a newer
// version, and counts them. The caller puts w.order back.
func (w *writer) dropUnchangedRows(ctx context.Context) error {
	stays := make([]bool, len(w.order))
	for from := 0; from < len(w.order); {
		to, err := w.listKeys(from, len(w.order))
		if err != nil {
			return err
		}
		if err := w.compareWithTarget(ctx, from, to, stays); err != nil {
			return err
		}
		w.heartbeat()
		from = to
	}
	changed := make([]int32, 0, len(w.order))
	for at, row := range w.order {
		if !stays[at] {
			changed = append(changed, row)
		}
	}
	w.res.Unchanged += int64(len(w.order) - len(changed))
	w.order = changed
	return nil
}

// compareWithTarget locks and reads the target's rows with the listed keys, those at positions
// [from, to), and marks the positions of rows that stay as they are.
func (w *writer) compareWithTarget(ctx context.Context, from, to int, stays []bool) error {
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
	return fetch.Raw(ctx, w.conn, w.selectListed(strings.Join(names, ", "))+" FOR UPDATE", func(rows driver.Rows) error {
		values := make([]driver.Value, len(exprs))
		for {
			if err := rows.Next(values); err != nil {
				if errors.Is(err, io.EOF) {
					return nil
				}
				return err
			}
			have.Reset() // one row at a time: rows may be large
			for i, v := range values {
				if err := fetch.AppendValue(have, exprs[i], v); err != nil {
					return err
				}
			}
			key := make([][]byte, len(w.plan.key))
			for n, i := range w.plan.key {
				key[n] = have.Value(0, i)
			}
			if at, ok := positions[w.joinKey(key)]; ok {
				stays[at] = w.isUnchanged(w.order[at], have)
			}
		}
	})
}

// joinKey is a key's values as one text; a key that the target spells otherwise is not found, and
// its row is written.
func (w *writer) joinKey(values [][]byte) string {
	var b []byte
	for n, v := range values {
		i := w.plan.key[n]
		v = trimZeros(w.plan.columns[i], w.plan.targets[i].Column, v)
		b = append(sqltext.AppendQuoted(b, v), ',')
	}
	return string(b)
}

// stays reports whether writing a row would leave the target's row, the only one of have, as it is.
func (w *writer) isUnchanged(row int32, have *table.Rows) bool {
	value := func(i int) (fresh, old []byte) { return w.rows.Value(int(row), i), have.Value(0, i) }
	if w.plan.comparesCursors() && w.plan.isNewerOnTarget(value(w.plan.cursor)) {
		w.res.NewerOnTarget++
		return true
	}
	for i := range w.plan.columns {
		from, to := w.plan.columns[i], w.plan.targets[i].Column
		incoming, old := value(i)
		if (incoming == nil) != (old == nil) || !bytes.Equal(trimZeros(from, to, incoming), trimZeros(from, to, old)) {
			return false
		}
	}
	return true
}

// isNewerOnTarget reports whether a row of the target stays because its cursor is larger, as newerGuard
// says it to the server. Where that cannot be told from the texts, the server decides.
func (p *plan) isNewerOnTarget(fresh, old []byte) bool {
	from, to := p.columns[p.cursor], p.targets[p.cursor].Column
	if fresh == nil || old == nil || !from.Kind.IsCursor() || !to.Kind.IsCursor() || from.Kind.IsInteger() != to.Kind.IsInteger() {
		return false
	}
	fresh, old = trimZeros(from, to, fresh), trimZeros(from, to, old)
	return compareValues(from.Kind, old, fresh) > 0 && !p.isUnsettled(fresh, old)
}

// trimZeros is a value without the zeros at its end that a column of more digits has.
func trimZeros(from, to table.Column, v []byte) []byte {
	kinds := []table.Kind{table.KindDecimal, table.KindDateTime, table.KindTimestamp, table.KindTime}
	if from.Precision == to.Precision && from.Scale == to.Scale || !slices.Contains(kinds, from.Kind) || !bytes.ContainsRune(v, '.') {
		return v
	}
	return bytes.TrimSuffix(bytes.TrimRight(v, "0"), []byte("."))
}
