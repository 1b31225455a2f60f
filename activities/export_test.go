package activities

import "testing"

// LowerStretch makes comparisons join so few rows at once, until the test ends.
func LowerStretch(t *testing.T, rows int) {
	was := stretchRows
	stretchRows = rows
	t.Cleanup(func() { stretchRows = was })
}

// LowerSampleSlice makes a step of a sample read about so many rows, until the test ends.
func LowerSampleSlice(t *testing.T, rows int64) {
	was := sampleSliceRows
	sampleSliceRows = rows
	t.Cleanup(func() { sampleSliceRows = was })
}

// LowerDeleteBatch makes slices of a sweep see to so few rows, until the test ends.
func LowerDeleteBatch(t *testing.T, rows int) {
	was := deleteBatch
	deleteBatch = rows
	t.Cleanup(func() { deleteBatch = was })
}
