package bystanders

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Interval is the time from the beginning of one operation of a client to that of the next.
const Interval = 5 * time.Millisecond

// An Operation is what one client does again and again, on up to 16 connections.
type Operation struct {
	// Name groups operations in the report.
	Name string
	Do   func(context.Context) error
}

// Group is a number of clients at work.
type Group struct {
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu       sync.Mutex
	times    map[string][]time.Duration
	refused  map[uint16]int
	firstErr error
}

const (
	// mostAtOnce bounds the operations of one client that are under way: it has so many connections.
	mostAtOnce = 16
	// patience is how long an operation waits for one of them. Then it is not done, and counts with that time.
	patience = time.Second
)

// Start lets every operation run again and again, pace apart.
func Start(ctx context.Context, ops []Operation, pace time.Duration) *Group {
	ctx, stop := context.WithCancel(ctx)
	g := &Group{stop: stop, times: map[string][]time.Duration{}, refused: map[uint16]int{}}
	begin := time.Now()
	for i, op := range ops {
		due := begin.Add(time.Duration(i) * pace / time.Duration(len(ops))) // not all at the same moment
		g.wg.Go(func() { g.loop(ctx, op, due, pace) })
	}
	return g
}

// loop begins an operation at each moment that is due, whether or not the one before it has ended: other users do not
// wait for each other. Its time counts from that moment on. A loop that waited for a locked row would see one long
// wait, where users would have seen hundreds.
func (g *Group) loop(ctx context.Context, op Operation, begin time.Time, pace time.Duration) {
	busy := make(chan struct{}, mostAtOnce)
	for due := begin; ; due = due.Add(pace) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(due)):
		}
		if !enter(ctx, busy, due.Add(patience)) {
			if ctx.Err() == nil {
				g.note(op.Name, time.Since(due), nil)
			}
			continue
		}
		g.wg.Go(func() {
			defer func() { <-busy }()
			if err := op.Do(ctx); ctx.Err() == nil {
				g.note(op.Name, time.Since(due), err)
			}
		})
	}
}

// enter takes one of the connections, and waits for it until then at most.
func enter(ctx context.Context, busy chan<- struct{}, until time.Time) bool {
	select {
	case busy <- struct{}{}:
		return true
	default:
	}
	select {
	case busy <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	case <-time.After(time.Until(until)):
		return false
	}
}

// noSuchTable is MySQL's number for a table that is not there: the target before its first load.
const noSuchTable = 1146

func (g *Group) note(name string, d time.Duration, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var server *mysql.MySQLError
	switch {
	case err == nil || errors.Is(err, sql.ErrNoRows):
	case errors.As(err, &server) && server.Number == noSuchTable:
		return
	case errors.As(err, &server):
		g.refused[server.Number]++
	case g.firstErr == nil:
		g.firstErr = err
	}
	g.times[name] = append(g.times[name], d)
}

// Stop ends the clients and says how they fared.
func (g *Group) Stop() Report {
	g.stop()
	g.wg.Wait()
	r := Report{Refused: g.refused, Err: g.firstErr, Per: map[string]Stats{}}
	var all, source, target []time.Duration
	for name, times := range g.times {
		r.Per[name] = statsOf(times)
		all = append(all, times...)
		switch server, _, _ := strings.Cut(name, " "); server {
		case "source":
			source = append(source, times...)
		case "target":
			target = append(target, times...)
		}
	}
	r.All, r.Source, r.Target = statsOf(all), statsOf(source), statsOf(target)
	return r
}

// Report is how the clients fared.
type Report struct {
	All Stats
	// Source and Target are the operations whose names begin with either word.
	Source, Target Stats
	// Per is by the operations' names.
	Per map[string]Stats
	// Refused counts errors by MySQL's number.
	Refused map[uint16]int
	// Err is the first error that was not a server's.
	Err error
}

// Locked is the number of lock wait timeouts (1205) and deadlocks (1213).
func (r Report) Locked() int { return r.Refused[1205] + r.Refused[1213] }

func (r Report) String() string {
	text := fmt.Sprintf("%d operations, p50 %s, p99 %s, longest %s; errors 1205: %d, 1213: %d", r.All.Operations,
		Round(r.All.P50), Round(r.All.P99), Round(r.All.Max), r.Refused[1205], r.Refused[1213])
	if r.Err != nil {
		text += "; " + r.Err.Error()
	}
	return text
}

// Stats are latencies.
type Stats struct {
	Operations    int
	P50, P99, Max time.Duration
}

func statsOf(times []time.Duration) Stats {
	if len(times) == 0 {
		return Stats{}
	}
	times = slices.Sorted(slices.Values(times))
	return Stats{
		Operations: len(times), P50: times[len(times)/2], P99: times[len(times)*99/100],
		Max: times[len(times)-1],
	}
}

// Round makes a latency readable.
func Round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// Orders are four clients of the table shop.orders with that many rows: a reader and a writer
// on either server. The source's writer changes rows for good; the target's takes the same
// locks and leaves the rows as they were.
func Orders(source, target *sql.DB, rows int) []Operation {
	for _, db := range []*sql.DB{source, target} {
		db.SetMaxIdleConns(4 * mostAtOnce) // to log in again each time would be most of an operation
	}
	return []Operation{
		{"source point read", pointRead(source, rows)},
		{"source update", sourceWrite(source, rows)},
		{"target point read", pointRead(target, rows)},
		{"target update", targetWrite(target, rows)},
	}
}

// Scans are two more clients, which read 100 rows in key order.
func Scans(source, target *sql.DB, rows int) []Operation {
	return []Operation{{"source range scan", rangeScan(source, rows)}, {"target range scan", rangeScan(target, rows)}}
}

func pointRead(db *sql.DB, rows int) func(context.Context) error {
	return func(ctx context.Context) error {
		var customer string
		return db.QueryRowContext(ctx, "SELECT customer FROM shop.orders WHERE id = ?",
			1+rand.IntN(rows)).Scan(&customer)
	}
}

func rangeScan(db *sql.DB, rows int) func(context.Context) error {
	return func(ctx context.Context) error {
		var n int
		return db.QueryRowContext(ctx, "SELECT COUNT(amount) FROM (SELECT amount FROM shop.orders WHERE id > ? "+
			"ORDER BY id LIMIT 100) few", rand.IntN(rows)).Scan(&n)
	}
}

func sourceWrite(db *sql.DB, rows int) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := db.ExecContext(ctx, "UPDATE shop.orders SET amount = amount + 0.01 WHERE id = ?", 1+rand.IntN(rows))
		return err
	}
}

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
