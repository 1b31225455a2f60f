package scan

import (
	"testing"
)

// SetMaxRowsAfterClock bounds how far a read to now follows the clock, for one test.
func SetMaxRowsAfterClock(t testing.TB, rows int) {
	before := maxRowsAfterClock
	maxRowsAfterClock = rows
	t.Cleanup(func() { maxRowsAfterClock = before })
}
