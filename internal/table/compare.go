package table

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
)

// CompareValues orders two texts of a kind: numbers by value, all others by bytes, which is the
// order of time for the temporal kinds. NULL comes first.
func CompareValues(kind Kind, a, b []byte) int {
	if a == nil || b == nil {
		return cmp.Compare(boolInt(a != nil), boolInt(b != nil))
	}
	switch kind {
	case KindInt, KindUint, KindBit, KindYear, KindDecimal:
		return compareNumbers(a, b)
	case KindFloat, KindDouble:
		x, errX := strconv.ParseFloat(string(a), 64)
		y, errY := strconv.ParseFloat(string(b), 64)
		if errX == nil && errY == nil {
			return cmp.Compare(x, y)
		}
	default:
	}
	return bytes.Compare(a, b)
}

// compareNumbers compares the decimal texts of one column: without leading zeros and, for decimals,
// with the same number of fraction digits.
func compareNumbers(a, b []byte) int {
	negA, negB := len(a) > 0 && a[0] == '-', len(b) > 0 && b[0] == '-'
	switch {
	case negA && !negB:
		return -1
	case negB && !negA:
		return 1
	case negA:
		a, b = b[1:], a[1:]
	}
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return bytes.Compare(a, b)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TrimZeros removes the zeros at the end of a value of either of two columns that the one with more digits, to, adds.
func TrimZeros(from, to Column, v []byte) []byte {
	kinds := []Kind{KindDecimal, KindDateTime, KindTimestamp, KindTime}
	if from.Precision == to.Precision && from.Scale == to.Scale || !slices.Contains(kinds, to.Kind) ||
		!bytes.ContainsRune(v, '.') {
		return v
	}
	return bytes.TrimSuffix(bytes.TrimRight(v, "0"), []byte("."))
}

// SameText reports whether a value of from and a value of to have one text but for those zeros, or are both NULL.
func SameText(from, to Column, a, b []byte) bool {
	return (a == nil) == (b == nil) && bytes.Equal(TrimZeros(from, to, a), TrimZeros(from, to, b))
}
