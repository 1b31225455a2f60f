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

// minListed is the smallest default of max_error_count (MariaDB's). A shorter list is complete. To
// raise the setting takes a privilege on MySQL.
const minListed = 64

// checkWarnings reads the warnings of the last exec, before another statement. The first one that is not allowed is the
// error.
//
// The server's reply has their number, which is read beside the driver where the connection is plain. To ask for it
// (@@warning_count) clears the warnings on MySQL. So elsewhere the list is read after every batch.
func (w *writer) checkWarnings(ctx context.Context, allowed func(mysqlerr.Problem) bool) error {
	if w.answered && w.answer.Warnings == 0 {
		return nil
	}
	listed, err := w.listWarnings(ctx, allowed)
	if err != nil || listed < minListed {
		return err
	}
	var all int
	if err := w.conn.QueryRowContext(ctx, "SHOW COUNT(*) WARNINGS").Scan(&all); err != nil {
		return err
	}
	if all > listed {
		return &mysqlerr.Error{Problem: mysqlerr.Problem{
			Class: mysqlerr.ClassSplit, Sentence: "the statement has more warnings than the server lists",
		}}
	}
	return nil
}

// listWarnings returns the number of warnings in the list, and the first that is not allowed.
func (w *writer) listWarnings(ctx context.Context, allowed func(mysqlerr.Problem) bool) (listed int, err error) {
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
			return listed, fmt.Errorf("read a warning: %w", err)
		}
		listed++
		if mysqlerr.IsNote(number) {
			continue
		}
		p := mysqlerr.DescribeWarning(number, string(message))
		if !allowed(p) {
			return listed, mysqlerr.NewError(p)
		}
	}
	return listed, list.Err()
}

// isEnumWarning reports whether a warning says only that an error value was stored, in a row that has one.
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

// enumIsKnown reports whether a row's ENUM value is a member on the target, the error value, or
// NULL. Then the server stores that value, even if it warns.
func (w *writer) enumIsKnown(row int32, column int) bool {
	v := w.rows.Value(int(row), column)
	return v == nil || w.isErrorValue(row, column) || slices.Contains(w.plan.targets[column].Members, string(v))
}

// isErrorValue reports whether a value is the error value of an ENUM, index 0.
func (w *writer) isErrorValue(row int32, column int) bool {
	v := w.rows.Value(int(row), column)
	return v != nil && sqltext.IsEnumError(v, slices.Contains(w.plan.columns[column].Members, ""))
}

// hasEnumErrors reports whether a row at positions [from, to) has an error value.
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

// enumsAreMembers reports whether all ENUM values at positions [from, to) are known.
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
