package mysqldb

import (
	"context"
	"testing"
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
