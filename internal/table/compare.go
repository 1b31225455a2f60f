package table

import (
	"bytes"
	"cmp"
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
