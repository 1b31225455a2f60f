package world_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
)

// A writer owns some rows of one table and changes them as applications do.
type writer struct {
	table   *tablePlan
	schema  string
	history *history
	source  *sql.DB // in the source's own zone; several statements may be sent at once
	reader  *sql.DB
	id      int
	of      int // how many writers the table has
	longest time.Duration
	random  *rand.Rand

	conn *sql.Conn
	live map[string][]any
	dead [][]any
	next int // ordinal of the next new key
	v    int // the last version number that was written
	// deletes says that the operation may have removed rows.
	deletes bool
	xid     string

	// open is odd while rows may be committed that the history does not have yet.
	open atomic.Int64
	// rest is locked while the world wants no writes.
	rest *sync.RWMutex

	odd atomic.Pointer[error] // an error that no world explains
}

// expected are errors that applications of such a world meet.
var expected = []uint16{
	1205,                                           // lock wait timeout
	1213,                                           // deadlock
	1054,                                           // a column that was dropped
	1136,                                           // a column that was added
	1146,                                           // a table that is away
	1317, 1053, 1927, 4031, 3169, 1077, 1079, 1080, // killed, shutdown
	1412, 1615, 1020, // the table's definition changed
	1364,       // a column that was added has no default
	1467,       // the next number could not be had while the table changed
	1402, 1614, // a branch of XA that was rolled back by a deadlock
	3058,
}

func explained(err error) bool {
	var number *mysql.MySQLError
	return !errors.As(err, &number) || slices.Contains(expected, number.Number)
}

// write changes rows until ctx ends.
func (w *writer) write(ctx context.Context) {
	defer w.leave()
	for ctx.Err() == nil && w.odd.Load() == nil {
		w.rest.RLock()
		w.operate(ctx)
		w.rest.RUnlock()
		pause(ctx, time.Duration(20+w.random.IntN(300))*time.Millisecond)
	}
}

// operate is one operation and the reading of what it left.
func (w *writer) operate(ctx context.Context) {
	whole := context.WithoutCancel(ctx) // an operation that began is ended
	before := w.v
	w.deletes = false
	err := w.transaction(whole, ctx)
	if err != nil {
		if !explained(err) {
			w.odd.Store(&err)
		}
		w.leave()
	}
	for w.open.Load()%2 == 1 { // the source may be down
		if w.note(whole, before, err != nil || w.deletes) == nil {
			w.open.Add(1)
		} else {
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// leave ends the writer's session, with all that it has open.
func (w *writer) leave() {
	if w.conn != nil {
		_ = w.conn.Raw(func(any) error { return driver.ErrBadConn }) // by this a pool does not keep it
		_ = w.conn.Close()
		w.conn = nil
	}
}

// committing says that from now on the source may have rows that the history has not.
func (w *writer) committing() {
	if w.open.Load()%2 == 0 {
		w.open.Add(1)
	}
}

// note records what the source has now.
func (w *writer) note(ctx context.Context, before int, everything bool) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if w.xid != "" && everything {
		if _, err := w.reader.ExecContext(ctx, "XA ROLLBACK "+w.xid); err != nil && !isNumber(err, 1397) {
			return err
		}
	}
	query := fmt.Sprintf("SELECT * FROM %s WHERE w = %d AND v > %d", w.table.name, w.id, before)
	if everything {
		query = fmt.Sprintf("SELECT * FROM %s WHERE w = %d", w.table.name, w.id)
	}
	rows, err := w.table.read(ctx, w.reader, query)
	if err != nil {
		return err
	}
	if everything {
		was := w.live
		w.live = map[string][]any{}
		defer func() {
			for key, raw := range was {
				if w.live[key] == nil {
					w.dead = append(w.dead, raw)
				}
			}
		}()
		w.history.recordAll(rows, func(key string) bool { return was[key] != nil })
	} else {
		w.history.record(rows)
	}
	for _, r := range rows {
		w.live[r.key] = r.raw
	}
	return nil
}

func isNumber(err error, number uint16) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && e.Number == number
}

// transaction is one operation in one of many shapes. An error rolls it back.
func (w *writer) transaction(ctx, until context.Context) (err error) {
	if w.conn == nil {
		if w.conn, err = w.connect(ctx); err != nil {
			return err
		}
	}
	w.xid = ""
	switch n := w.random.IntN(100); {
	case n < 25: // by itself
		w.committing()
		return w.send(ctx)
	case n < 32 && w.table.gate:
		return w.hold(ctx, until)
	case n < 40:
		return w.packet(ctx)
	case n < 46:
		return w.distributed(ctx, until)
	}
	begin := pick(w.random, "BEGIN", "START TRANSACTION", "SET autocommit = 0")
	if err := w.say(ctx, begin); err != nil {
		return err
	}
	for range 1 + w.random.IntN(3) {
		if err := w.send(ctx); err != nil {
			return err
		}
		w.wait(until)
	}
	if w.table.unique && len(w.live) > 1 && often(w.random, 30) {
		for _, q := range w.exchange() {
			if err := w.say(ctx, q); err != nil {
				return err
			}
		}
	}
	end := "COMMIT"
	if often(w.random, 10) {
		end = "ROLLBACK"
	}
	w.committing()
	if err := w.say(ctx, end); err != nil || begin != "SET autocommit = 0" {
		return err
	}
	return w.say(ctx, "SET autocommit = 1")
}

func (w *writer) connect(ctx context.Context) (*sql.Conn, error) {
	conn, err := w.source.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for _, q := range []string{
		"SET SESSION innodb_lock_wait_timeout = 20, lock_wait_timeout = 30",
		"SET SESSION TRANSACTION ISOLATION LEVEL " + pick(w.random, "REPEATABLE READ", "READ COMMITTED"),
	} {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return conn, err
		}
	}
	return conn, nil
}

// packet is a whole transaction in one packet.
func (w *writer) packet(ctx context.Context) error {
	parts := []string{"BEGIN"}
	for range 1 + w.random.IntN(3) {
		q, args := w.statement()
		parts = append(parts, inline(q, args))
	}
	parts = append(parts, fmt.Sprintf("DO SLEEP(%.2f)", w.delay().Seconds()), "COMMIT")
	w.committing()
	return w.say(ctx, strings.Join(parts, "; "))
}

// distributed is an XA transaction.
func (w *writer) distributed(ctx, until context.Context) error {
	w.v++
	xid := fmt.Sprintf("'%s-%s-%d-%d'", w.schema, w.table.name, w.id, w.v)
	if err := w.say(ctx, "XA START "+xid); err != nil {
		return err
	}
	if err := w.send(ctx); err != nil {
		return err
	}
	if err := w.say(ctx, "XA END "+xid); err != nil {
		return err
	}
	w.xid = xid
	w.committing()
	if err := w.say(ctx, "XA PREPARE "+xid); err != nil {
		return err
	}
	w.wait(until)
	return w.say(ctx, "XA COMMIT "+xid)
}

// hold makes everybody else's INSERTs wait in their trigger.
func (w *writer) hold(ctx, until context.Context) error {
	for _, q := range []string{"BEGIN", "SELECT x FROM gate WHERE id = 1 FOR UPDATE"} {
		if err := w.say(ctx, q); err != nil {
			return err
		}
	}
	w.wait(until)
	return w.say(ctx, "ROLLBACK")
}

// send sends one statement that changes rows, prepared or as text.
func (w *writer) send(ctx context.Context) error {
	query, args := w.statement()
	if often(w.random, 50) {
		query, args = inline(query, args), nil
	}
	_, err := w.conn.ExecContext(ctx, query, args...)
	return err
}

func (w *writer) say(ctx context.Context, query string) error {
	_, err := w.conn.ExecContext(ctx, query)
	return err
}
