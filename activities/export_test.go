package activities

import "testing"

// LowerStretch makes comparisons join so few rows at once, until the test ends.
func LowerStretch(t *testing.T, rows int) {
	was := stretchRows
	stretchRows = rows
	t.Cleanup(func() { stretchRows = was })
}
