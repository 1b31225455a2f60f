package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-sql-driver/mysql"
)

// writer is a client of the source: transactions of a few statements, committed late or never.
type writer struct {
	db     *sql.DB
	random *rand.Rand
}

func (w *writer) write(ctx context.Context) error {
	conn, err := w.db.Conn(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	defer leave(conn)
	for ctx.Err() == nil {
		err := w.transaction(ctx, conn)
		var server *mysql.MySQLError
		if errors.As(err, &server) && (server.Number == 1205 || server.Number == 1213) {
			_, err = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// transaction never stops half way: a context that ended only shortens its delay.
func (w *writer) transaction(ctx context.Context, conn *sql.Conn) error {
	whole := context.WithoutCancel(ctx)
	if w.random.IntN(4) == 0 { // just before the clock's next unit
		until := time.Until(time.Now().Truncate(time.Second).Add(time.Second - 3*time.Millisecond))
		if until > 0 {
			pause(ctx, until)
		}
	}
	explicit := w.random.IntN(5) > 0
	if explicit {
		if _, err := conn.ExecContext(whole, "BEGIN"); err != nil {
			return err
		}
	}
	for range 1 + w.random.IntN(3) {
		if _, err := conn.ExecContext(whole, w.statement()); err != nil {
			return err
		}
	}
	if !explicit {
		pause(ctx, time.Duration(w.random.IntN(50))*time.Millisecond)
		return nil
	}
	if w.random.IntN(3) > 0 {
		pause(ctx, time.Duration(w.random.Int64N(int64(longestCommit))))
	}
	end := "COMMIT"
	if w.random.IntN(10) == 0 {
		end = "ROLLBACK"
	}
	_, err := conn.ExecContext(whole, end)
	return err
}

func (w *writer) statement() string {
	c := cursors[w.random.IntN(len(cursors))]
	if c.cursor != "id" && w.random.IntN(2) == 0 {
		// Old rows and young ones; a row that another transaction has locked makes this
		// statement wait with its time already taken.
		return fmt.Sprintf("UPDATE %s SET v = v + 1 WHERE id = %d", c.table, 1+w.random.IntN(200))
	}
	rows := 1 + w.random.IntN(3)
	if w.random.IntN(10) == 0 {
		rows = 60 // more than a page of one moment
	}
	q := fmt.Sprintf("INSERT INTO %s (v) VALUES (%d)", c.table, w.random.IntN(1000))
	for range rows - 1 {
		q += fmt.Sprintf(",(%d)", w.random.IntN(1000))
	}
	return q
}
