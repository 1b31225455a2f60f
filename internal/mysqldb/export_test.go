package mysqldb

import (
	"context"
	"testing"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// OthersPresent is crowd.present for tests of another package.
func OthersPresent(ctx context.Context, d *DB) bool { return d.OthersActive(ctx) }

// TakeTurn takes the turn of whoever reads a page considerately, and returns what gives it back.
func TakeTurn(d *DB) (back func()) {
	d.readSlot <- struct{}{}
	return func() { <-d.readSlot }
}

// IsKnownError reports whether a number's class was decided, and is not what is left for numbers
// that nothing is known of.
func IsKnownError(number uint16) bool {
	_, known := knownErrors[number]
	return known
}

// IsNote reports whether a warning of the number says nothing about a row.
func IsNote(number uint16) bool { return noteNumbers[number] }

// ChaseAtMost bounds how far a read to now follows the clock, for one test.
func ChaseAtMost(t testing.TB, rows int) {
	before := chaseRows
	chaseRows = rows
	t.Cleanup(func() { chaseRows = before })
}

// Uptime is a status value as openWork reads it.
func Uptime(value any) (int64, error) {
	var s serverSeconds
	err := s.Scan(value)
	return int64(s), err
}

// ExecEndable is DB.execEndable for tests of another package.
func ExecEndable(ctx context.Context, d *DB, statement string) error {
	return d.execEndable(ctx, statement)
}

// ExecWatched is ExecEndable with its own pause between looks.
func ExecWatched(ctx context.Context, d *DB, statement string, every time.Duration) error {
	conn, err := d.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return d.execWatched(ctx, conn, statement, every)
}

// SilenceLimit and LookTime are how long one statement, and one caller of a look at open work,
// may wait for a peer that is gone.
const (
	SilenceLimit = silenceLimit
	LookTime     = lookLimit + lookPatience
)

// Lookout is a lookout with limits of a test's own.
type Lookout struct{ l *lookout }

// NewLookout makes one.
func NewLookout(limit, patience time.Duration) Lookout {
	return Lookout{&lookout{limit: limit, patience: patience}}
}

// Look looks by f.
func (l Lookout) Look(ctx context.Context, f func(context.Context) error) error {
	_, err := l.l.look(ctx, func(ctx context.Context) (sighting, error) { return sighting{}, f(ctx) })
	return err
}

// MayYetLock is process.mayYetLock of a statement of a kind, in a state.
func MayYetLock(kind, state string, program, holds bool) bool {
	return process{kind: kind, state: state, program: program}.mayYetLock(holds)
}

// OpenWork is one look at a server; the result lists what holds back a window of a table.
func (d *DB) OpenWork(ctx context.Context) (func(table.Name) []Holder, error) {
	seen, err := lookoutOf(d).look(ctx, d.lookForWork)
	return func(name table.Name) (out []Holder) {
		for _, w := range seen.work {
			one := sighting{work: []work{w}, without: seen.without}
			if o := one.oldest(name); o != nil {
				out = append(out, o.Holder)
			}
		}
		return out
	}, err
}

// LockHolder is the connection that holds what others wait for in a table, 0 where none is seen.
func LockHolder(ctx context.Context, d *DB, name table.Name) int64 {
	for _, query := range lockQueries(d.Server) {
		if h := d.lockHolder(ctx, query, name); h != nil {
			return h.id
		}
	}
	return 0
}
