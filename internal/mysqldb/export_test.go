package mysqldb

import (
	"context"
)

// OthersPresent is crowd.present for tests of another package.
func OthersPresent(ctx context.Context, d *DB) bool { return d.OtherTrafficActive(ctx) }

// TakeTurn takes the turn of whoever reads a page considerately, and returns what gives it back.
func TakeTurn(d *DB) (back func()) {
	d.readSlot <- struct{}{}
	return func() { <-d.readSlot }
}
