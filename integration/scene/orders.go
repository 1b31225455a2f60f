package scene

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
)

// The demo's table: rows of about 150 bytes, a primary key and one index, as shops have it.
const createOrders = `CREATE TABLE shop.orders (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer VARCHAR(60) NOT NULL,
  status ENUM('new','paid','sent','returned') NOT NULL DEFAULT 'new',
  amount DECIMAL(12,2) NOT NULL,
  note VARCHAR(200) NULL COMMENT 'free text',
  created_at DATETIME NOT NULL,
  updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  KEY by_update (updated_at)
) DEFAULT CHARSET=utf8mb4 COMMENT='orders of the shop'`

const fillBatch = 1000

// makeTable makes the source table again, without rows.
func makeTable(ctx context.Context, db *sql.DB) error {
	for _, q := range []string{"DROP DATABASE IF EXISTS shop", "CREATE DATABASE shop", createOrders} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("make the source table: %w", err)
		}
	}
	return nil
}

// Fill makes the source table and its rows, two inserters side by side.
func Fill(ctx context.Context, db *sql.DB, rows int) error {
	if err := makeTable(ctx, db); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for first := 1; first <= rows; first += fillBatch {
		last := min(first+fillBatch-1, rows)
		g.Go(func() error {
			_, err := db.ExecContext(ctx, insertOrders(first, last))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("fill the source table: %w", err)
	}
	return nil
}

// insertOrders is one INSERT of the rows first to last, the same ones for the same numbers.
func insertOrders(first, last int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO shop.orders (id, customer, status, amount, note, created_at, updated_at) VALUES ")
	for o := range Orders(first, last) {
		if o.ID > first {
			b.WriteByte(',')
		}
		for i, text := range o.Texts { // no text holds a quote or a backslash
			b.WriteByte("(,"[min(i, 1)])
			if text == nil {
				b.WriteString("NULL")
				continue
			}
			b.WriteByte('\'')
			b.Write(text)
			b.WriteByte('\'')
		}
		b.WriteByte(')')
	}
	return b.String()
}

// Change updates and inserts n of the rows of a table of that many, all over the table, in transactions of 100, as an
// application would.
func Change(ctx context.Context, db *sql.DB, rows, n int) error {
	stride := max(17, rows/max(1, n))
	for done := 0; done < n; done += transactionRows {
		from := 1 + (done*stride)%max(1, rows-transactionRows)
		if err := changeTogether(ctx, db, fmt.Sprintf("id BETWEEN %d AND %d", from, from+updatedRows-1)); err != nil {
			return err
		}
	}
	return nil
}

func insertNew(n int) string {
	values := strings.TrimSuffix(strings.Repeat("('a new customer','new',9.99,NULL,NOW()),", n), ",")
	return "INSERT INTO shop.orders (customer, status, amount, note, created_at) VALUES " + values
}
