package mysqldb

import (
	"context"
	"testing"
	"time"
)

// OthersPresent is crowd.present for tests of another package.
func OthersPresent(ctx context.Context, d *DB) bool { return d.crowd.present(ctx, d) }

// TakeTurn takes the turn of whoever reads a page considerately, and returns what gives it back.
func TakeTurn(d *DB) (back func()) {
	d.turn <- struct{}{}
	return func() { <-d.turn }
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
	_, err := l.l.look(ctx, func(ctx context.Context) ([]work, error) { return nil, f(ctx) })
	return err
}
