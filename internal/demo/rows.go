//go:build unix

package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

const createOrders = `CREATE TABLE shop.orders (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer VARCHAR(60) NOT NULL,
  status ENUM('new','paid','sent','returned') NOT NULL DEFAULT 'new',
  amount DECIMAL(12,2) NOT NULL,
  note VARCHAR(200) NULL,
  created_at DATETIME NOT NULL,
  updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  KEY by_update (updated_at)
) DEFAULT CHARSET=utf8mb4`

// batch is how many rows a statement inserts: four digits.
const batch = 10_000

const digits = "(SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL " +
	"SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)"

// Fill makes the table of the source, with so many rows, rounded up to whole batches of 10,000. All of them are some
// hours old.
func (s *Stage) Fill(ctx context.Context, rows int) error {
	if _, err := s.sourceDB.ExecContext(ctx, createOrders); err != nil {
		return fmt.Errorf("make the source table: %w", err)
	}
	insert := "INSERT INTO shop.orders (id, customer, status, amount, note, created_at, updated_at) " +
		"SELECT i, CONCAT('customer ', MOD(i * 7919, 9973)), ELT(1 + MOD(i, 4), 'new', 'paid', 'sent', 'returned'), " +
		"ROUND(RAND() * 10000, 2), IF(MOD(i, 7) = 0, NULL, CONCAT(REPEAT('x', MOD(i * 31, 40)), ', ring twice')), " +
		"NOW() - INTERVAL 3 HOUR, NOW(6) - INTERVAL 2 HOUR + INTERVAL i * 100 MICROSECOND " +
		"FROM (SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 + ? AS i FROM " +
		digits + " a, " + digits + " b, " + digits + " c, " + digits + " d) numbers"
	for first := 0; first < rows; first += batch {
		if _, err := s.sourceDB.ExecContext(ctx, insert, first); err != nil {
			return fmt.Errorf("fill the source table: %w", err)
		}
	}
	_, err := s.sourceDB.ExecContext(ctx, "ANALYZE TABLE shop.orders")
	return err
}

// settled are the first rows of the table, which clients leave alone.
const settled = 1000

// Clients are an application that updates and inserts rows of the source, a transaction every 20 ms each.
type Clients struct {
	stop    context.CancelFunc
	group   sync.WaitGroup
	changed atomic.Int64
	err     atomic.Pointer[error]
}

// StartClients starts them on a table of so many rows.
func (s *Stage) StartClients(ctx context.Context, rows int) *Clients {
	ctx, stop := context.WithCancel(ctx)
	c := &Clients{stop: stop}
	for _, change := range []func() (int64, error){
		func() (int64, error) { return s.update(ctx, settled+rand.IntN(max(1, rows-settled-100)), 20) },
		func() (int64, error) { return s.insert(ctx, 5) },
	} {
		c.group.Go(func() {
			for ctx.Err() == nil {
				n, err := change()
				if err != nil && ctx.Err() == nil {
					c.err.Store(&err)
					return
				}
				c.changed.Add(n)
				select {
				case <-ctx.Done():
				case <-time.After(20 * time.Millisecond):
				}
			}
		})
	}
	return c
}

// Stop ends the clients, and returns how many rows they have changed.
func (c *Clients) Stop() (int64, error) {
	c.stop()
	c.group.Wait()
	if err := c.err.Load(); err != nil {
		return c.changed.Load(), fmt.Errorf("change rows of the source: %w", *err)
	}
	return c.changed.Load(), nil
}

// Change updates n rows of the source at once, and inserts a tenth as many.
func (s *Stage) Change(ctx context.Context, n int) (int64, error) {
	updated, err := s.update(ctx, settled, n)
	if err != nil {
		return 0, fmt.Errorf("change rows of the source: %w", err)
	}
	inserted, err := s.insert(ctx, max(1, n/10))
	if err != nil {
		return 0, fmt.Errorf("change rows of the source: %w", err)
	}
	return updated + inserted, nil
}

func (s *Stage) update(ctx context.Context, above, n int) (int64, error) {
	r, err := s.sourceDB.ExecContext(ctx, "UPDATE shop.orders SET status = 'paid', amount = amount + 1 "+
		"WHERE id > ? AND id <= ?", above, above+n)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (s *Stage) insert(ctx context.Context, n int) (int64, error) {
	r, err := s.sourceDB.ExecContext(ctx, "INSERT INTO shop.orders (customer, amount, created_at) "+
		"SELECT 'a new customer', 9.99, NOW() FROM shop.orders LIMIT ?", n)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// TargetRows counts the rows of the target; 0 where it does not answer or has no table.
func (s *Stage) TargetRows(ctx context.Context) (n int64) {
	if s.targetDB.QueryRowContext(ctx, "SELECT COUNT(*) FROM dw.orders").Scan(&n) != nil {
		return 0
	}
	return n
}

// SpoilTarget changes three rows of the target by hand and deletes one. No cursor rises, so that no run sees it.
func (s *Stage) SpoilTarget(ctx context.Context) error {
	return execAll(ctx, s.targetDB, "UPDATE dw.orders SET amount = amount + 1000 WHERE id IN (17, 170, 700)",
		"DELETE FROM dw.orders WHERE id = 42")
}
