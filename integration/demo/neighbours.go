package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
)

// neighbours are other clients of both servers: short reads and writes all the time, with
// innodb_lock_wait_timeout=1, so that whoever is in their way shows as an error 1205.
type neighbours struct {
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu       sync.Mutex
	times    []time.Duration
	refused  map[uint16]int // by MySQL error number
	firstErr error
}

func startNeighbours(ctx context.Context, source, target *sql.DB, rows int) *neighbours {
	ctx, stop := context.WithCancel(ctx)
	n := &neighbours{stop: stop, refused: map[uint16]int{}}
	for _, work := range []func(context.Context) error{
		pointRead(source, rows), sourceWrite(source, rows), pointRead(target, rows), targetWrite(target, rows),
	} {
		n.wg.Go(func() { n.loop(ctx, work) })
	}
	return n
}

// loop does one operation every few milliseconds and times it.
func (n *neighbours) loop(ctx context.Context, work func(context.Context) error) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		start := time.Now()
		err := work(ctx)
		if ctx.Err() != nil {
			return
		}
		n.note(time.Since(start), err)
	}
}

func (n *neighbours) note(d time.Duration, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.times = append(n.times, d)
	var server *mysql.MySQLError
	switch {
	case err == nil || errors.Is(err, sql.ErrNoRows):
	case errors.As(err, &server) && server.Number == 1146: // the target is not created yet
	case errors.As(err, &server):
		n.refused[server.Number]++
	case n.firstErr == nil:
		n.firstErr = err
	}
}

// end stops them and says how they fared.
func (n *neighbours) end() string {
	n.stop()
	n.wg.Wait()
	slices.Sort(n.times)
	if len(n.times) == 0 {
		return "none ran"
	}
	text := fmt.Sprintf("%d operations, p50 %s, p99 %s, longest %s; errors 1205: %d, 1213: %d", len(n.times),
		round(n.times[len(n.times)/2]), round(n.times[len(n.times)*99/100]), round(n.times[len(n.times)-1]), n.refused[1205], n.refused[1213])
	if n.firstErr != nil {
		text += "; " + n.firstErr.Error()
	}
	return text
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

func pointRead(db *sql.DB, rows int) func(context.Context) error {
	return func(ctx context.Context) error {
		var customer string
		return db.QueryRowContext(ctx, "SELECT customer FROM shop.orders WHERE id = ?", 1+rand.IntN(rows)).Scan(&customer)
	}
}

// sourceWrite changes a row of the source: these changes must arrive as well.
func sourceWrite(db *sql.DB, rows int) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := db.ExecContext(ctx, "UPDATE shop.orders SET amount = amount + 0.01 WHERE id = ?", 1+rand.IntN(rows))
		return err
	}
}

// targetWrite takes row locks on the target as a writer does, and leaves the rows as they were.
func targetWrite(db *sql.DB, rows int) func(context.Context) error {
	return func(ctx context.Context) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE shop.orders SET note = 'mine' WHERE id = ?", 1+rand.IntN(rows))
		if back := tx.Rollback(); err == nil {
			err = back
		}
		return err
	}
}
