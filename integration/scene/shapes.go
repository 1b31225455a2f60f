package scene

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// transactionRows are the rows of one transaction of the application that changes them: updatedRows are updated, and
// the others are new.
const (
	transactionRows = 100
	updatedRows     = transactionRows * 4 / 5
)

// Shape is which rows of a table an application updates.
type Shape struct {
	Name string
	// where is a condition for the rows of transaction i of so many, in a table of so many rows.
	where func(i, of, rows, round int) string
}

// Shapes are the shapes that benchmarks have.
var Shapes = [...]Shape{
	{"runs of 80 keys", func(i, of, rows, round int) string {
		stride := rows / of
		from := 1 + i*stride + round*transactionRows%(stride-updatedRows+1)
		return fmt.Sprintf("id BETWEEN %d AND %d", from, from+updatedRows-1)
	}},
	{"scattered singly", func(i, of, rows, round int) string {
		ids := make([]string, updatedRows)
		stride := rows / (of * updatedRows)
		for n := range ids {
			ids[n] = strconv.Itoa(1 + (i*updatedRows+n)*stride + round%stride)
		}
		return "id IN (" + strings.Join(ids, ",") + ")"
	}},
	{"the newest", func(i, of, rows, _ int) string {
		from := rows - (of-i)*updatedRows
		return fmt.Sprintf("id BETWEEN %d AND %d", from+1, from+updatedRows)
	}},
}

// ChangeRows changes n rows, at most half of them all, of a source table that was made with so many rows: four fifths
// are updated, and a fifth is new. Each round changes other rows where the shape has others.
func ChangeRows(ctx context.Context, db *sql.DB, shape Shape, rows, n, round int) error {
	if n < transactionRows || n > rows/2 {
		return fmt.Errorf("change %d of %d rows: give at least %d and at most half of them", n, rows, transactionRows)
	}
	of := n / transactionRows
	for i := range of {
		if err := changeTogether(ctx, db, shape.where(i, of, rows, round)); err != nil {
			return err
		}
	}
	return nil
}

// changeTogether is one transaction of the application.
func changeTogether(ctx context.Context, db *sql.DB, where string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("change rows: %w", err)
	}
	for _, q := range []string{
		"UPDATE shop.orders SET status = 'paid', amount = amount + 1 WHERE " + where,
		insertNew(transactionRows - updatedRows),
	} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			_ = tx.Rollback()
			return fmt.Errorf("change rows: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("change rows: %w", err)
	}
	return nil
}
