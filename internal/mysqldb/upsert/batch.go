package upsert

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// writeBatches sends the transaction's rows, as many in one statement as the limits allow.
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
			// Whatever flush met may have used the buffer.
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

// buildRow writes (…) of a row into w.row.
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
	if !w.empty {
		if err := w.countExisting(ctx, from, to); err != nil {
			return err
		}
	}
	w.stmt = append(w.stmt, w.plan.tail...)
	affected, err := w.send(ctx, string(w.stmt), from, to)
	switch {
	case err != nil && w.plan.deleteConflicts && IsUniqueConflict(err):
		if err := w.bisect(ctx, from, to); err != nil {
			return err
		}
	case err != nil:
		return w.identifyRow(ctx, err, from, to)
	default:
		w.res.Batches++
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

// send executes a statement and refuses its warnings. Rows with an ENUM's error value, and
// targets that hold one, need a session that is not strict for a moment.
func (w *writer) send(ctx context.Context, stmt string, from, to int) (int64, error) {
	if len(w.plan.enums) == 0 {
		return w.execStrict(ctx, stmt)
	}
	if !w.hasEnumErrors(from, to) {
		affected, err := w.execStrict(ctx, stmt)
		if mysqlerr.NumberOf(err) != mysqlerr.ErrDataTruncated || !w.enumsAreMembers(from, to) {
			return affected, err
		}
		// The row on the target is newer and holds an error value, which keeping means to write.
	}
	return w.execRelaxed(ctx, stmt, from)
}

func (w *writer) execStrict(ctx context.Context, stmt string) (int64, error) {
	affected, err := w.exec(ctx, stmt)
	if err != nil {
		return 0, err
	}
	return affected, w.checkWarnings(ctx, func(mysqlerr.Problem) bool { return false })
}

func (w *writer) exec(ctx context.Context, stmt string) (int64, error) {
	res, err := w.conn.ExecContext(ctx, stmt)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// execRelaxed executes a statement without strict mode and is as strict itself: the only
// warnings it lets pass are of ENUM columns, in rows whose ENUM values are all known.
func (w *writer) execRelaxed(ctx context.Context, stmt string, from int) (int64, error) {
	const relax = "SET @tablehaul_mode = @@SESSION.sql_mode, SESSION sql_mode = REPLACE(REPLACE(@@SESSION.sql_mode, 'STRICT_ALL_TABLES', ''), 'STRICT_TRANS_TABLES', '')"
	if _, err := w.conn.ExecContext(ctx, relax); err != nil {
		return 0, err
	}
	affected, err := w.exec(ctx, stmt)
	if err == nil {
		err = w.checkWarnings(ctx, func(p mysqlerr.Problem) bool { return w.isEnumWarning(p, from) })
	}
	if _, restore := w.conn.ExecContext(ctx, "SET SESSION sql_mode = @tablehaul_mode"); restore != nil {
		w.drop() // never a session in the pool that is not strict
		if err == nil {
			err = restore
		}
	}
	return affected, err
}

// minListed is the smallest default of max_error_count (MariaDB's): a shorter list is
// complete. Raising the setting needs a privilege on MySQL.
const minListed = 64

// checkWarnings reads the last statement's warnings; the first that is not allowed is the error.
//
// The driver does not hand out the number of warnings in the server's reply, and asking for
// it (@@warning_count) clears the warnings on MySQL: so the list is read after every batch.
func (w *writer) checkWarnings(ctx context.Context, allowed func(mysqlerr.Problem) bool) error {
	keyList, err := w.listWarnings(ctx, allowed)
	if err != nil || keyList < minListed {
		return err
	}
	var all int
	if err := w.conn.QueryRowContext(ctx, "SHOW COUNT(*) WARNINGS").Scan(&all); err != nil {
		return err
	}
	if all > keyList {
		return &mysqlerr.Error{Problem: mysqlerr.Problem{Class: mysqlerr.ClassSplit, Sentence: "the statement has more warnings than the server lists"}}
	}
	return nil
}

func (w *writer) listWarnings(ctx context.Context, allowed func(mysqlerr.Problem) bool) (keyList int, err error) {
	list, err := w.conn.QueryContext(ctx, "SHOW WARNINGS")
	if err != nil {
		return 0, err
	}
	defer func() {
		if e := list.Close(); err == nil {
			err = e
		}
	}()
	for list.Next() {
		var level, message sql.RawBytes
		var number uint16
		if err := list.Scan(&level, &number, &message); err != nil {
			return keyList, fmt.Errorf("read a warning: %w", err)
		}
		keyList++
		if mysqlerr.NoteNumbers[number] {
			continue
		}
		p := mysqlerr.DescribeWarning(number, string(message))
		if !allowed(p) {
			return keyList, mysqlerr.NewError(p)
		}
	}
	return keyList, list.Err()
}

// isEnumWarning reports whether a warning says no more than that an error value was stored
// where one was meant.
func (w *writer) isEnumWarning(p mysqlerr.Problem, from int) bool {
	if p.Number != mysqlerr.ErrDataTruncated || p.Row < 1 || from+p.Row > len(w.order) {
		return false
	}
	row := w.order[from+p.Row-1]
	for _, i := range w.plan.enums {
		if table.SameColumn(w.plan.targets[i].Name, p.Column) {
			return w.enumIsKnown(row, i)
		}
	}
	return false
}

// enumIsKnown reports whether a row's ENUM value is a member on the target, the error value,
// or NULL: whatever warning comes, the value written is the one that was meant.
func (w *writer) enumIsKnown(row int32, column int) bool {
	v := w.rows.Value(int(row), column)
	return v == nil || w.isErrorValue(row, column) || slices.Contains(w.plan.targets[column].Members, string(v))
}

func (w *writer) isErrorValue(row int32, column int) bool {
	v := w.rows.Value(int(row), column)
	return v != nil && sqltext.IsEnumError(v, slices.Contains(w.plan.columns[column].Members, ""))
}

func (w *writer) hasEnumErrors(from, to int) bool {
	for _, row := range w.order[from:to] {
		for _, i := range w.plan.enums {
			if w.isErrorValue(row, i) {
				return true
			}
		}
	}
	return false
}

func (w *writer) enumsAreMembers(from, to int) bool {
	for _, row := range w.order[from:to] {
		for _, i := range w.plan.enums {
			if !w.enumIsKnown(row, i) {
				return false
			}
		}
	}
	return true
}

// keyValues are a row's primary key values, in key order.
func (w *writer) keyValues(row int32) [][]byte {
	values := make([][]byte, len(w.plan.key))
	for n, i := range w.plan.key {
		values[n] = w.rows.Value(int(row), i)
	}
	return values
}
