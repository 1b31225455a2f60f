package scan

import (
	"testing"
)

// ChaseAtMost bounds how far a read to now follows the clock, for one test.
func ChaseAtMost(t testing.TB, rows int) {
	before := chaseRows
	chaseRows = rows
	t.Cleanup(func() { chaseRows = before })
}
