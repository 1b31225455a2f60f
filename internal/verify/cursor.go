package verify

import (
	"cmp"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// compareCursor orders two texts of a cursor: -1, 0 or 1. Moments of different precisions compare as moments.
func compareCursor(kind table.Kind, a, b string) int {
	if kind.IsInteger() {
		return compareIntegers(a, b)
	}
	if kind == table.KindDate {
		return strings.Compare(a, b)
	}
	return strings.Compare(shortest(a), shortest(b))
}

// shortest is a moment without the zeros at its end.
func shortest(text string) string {
	if !strings.Contains(text, ".") {
		return text
	}
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}

// compareIntegers compares whole numbers of any size, as the server prints them.
func compareIntegers(a, b string) int {
	x, y := strings.TrimPrefix(a, "-"), strings.TrimPrefix(b, "-")
	switch negative := len(x) < len(a); {
	case negative != (len(y) < len(b)):
		if negative {
			return -1
		}
		return 1
	case negative:
		x, y = y, x
	}
	if len(x) != len(y) {
		return cmp.Compare(len(x), len(y))
	}
	return strings.Compare(x, y)
}
