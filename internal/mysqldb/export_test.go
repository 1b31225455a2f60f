package mysqldb

import (
	"context"
)

// OthersPresent is OtherTrafficActive, for tests.
func OthersPresent(ctx context.Context, d *DB) bool { return d.OtherTrafficActive(ctx) }

// TakeTurn takes the read slot, and returns the function that releases it.
func TakeTurn(d *DB) (back func()) {
	d.readSlot <- struct{}{}
	return func() { <-d.readSlot }
}
