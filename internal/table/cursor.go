package table

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

var (
	// ErrCursorType is returned for a cursor column that cannot be one.
	ErrCursorType = errors.New("a cursor is a DATETIME, a TIMESTAMP, a DATE or an integer")
	// ErrCursorText is returned for a text that is not a value of the cursor's type in its exact form.
	ErrCursorText = errors.New("not a text of the cursor's type")
)

// IsInteger reports whether values of the kind are whole numbers of TINYINT to BIGINT.
func (k Kind) IsInteger() bool { return k == KindInt || k == KindUint }

// IsCursor reports whether a column of this kind can be a cursor.
func (k Kind) IsCursor() bool {
	return k.IsInteger() || k == KindDateTime || k == KindTimestamp || k == KindDate
}

// CursorUnit is the smallest step of a temporal cursor; a day for a DATE.
func CursorUnit(c Column) time.Duration {
	if c.Kind == KindDate {
		return 24 * time.Hour
	}
	unit := time.Second
	for range c.Precision {
		unit /= 10
	}
	return unit
}

// CompareCursor compares two bounds of one cursor column: -1, 0 or 1. Both must be exact
// texts of the column's type, which for times of one precision order like the times.
func CompareCursor(cursor Column, a, b string) (int, error) {
	for _, text := range []string{a, b} {
		if err := CheckCursor(cursor, text); err != nil {
			return 0, err
		}
	}
	return OrderCursor(cursor.Kind, a, b), nil
}

// OrderCursor orders two texts of a cursor as the server prints them: -1, 0 or 1. Moments may have different numbers of
// fraction digits, as the two sides of a table may. It does not check the texts.
func OrderCursor(kind Kind, a, b string) int {
	if !kind.IsInteger() {
		return strings.Compare(withoutZeros(a), withoutZeros(b))
	}
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
	if len(x) != len(y) { // no text has a zero in front
		return cmp.Compare(len(x), len(y))
	}
	return strings.Compare(x, y)
}

// withoutZeros is a moment without the zeros at the end of its fraction.
func withoutZeros(text string) string {
	if !strings.Contains(text, ".") {
		return text
	}
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}

// CheckCursor reports whether a text is a bound of the cursor's type in its exact form,
// such as "2024-05-01 12:00:00.000000" for a DATETIME(6). The error says what the form is.
func CheckCursor(cursor Column, text string) error {
	if cursor.Kind.IsInteger() {
		n, ok := new(big.Int).SetString(text, 10)
		low, high := IntegerBounds(cursor)
		if !ok || n.String() != text || n.Cmp(low) < 0 || n.Cmp(high) > 0 {
			return fmt.Errorf("cursor %s: %w: write an integer from %s to %s", cursor.Name, ErrCursorText, low, high)
		}
		return nil
	}
	if !cursor.Kind.IsCursor() {
		return fmt.Errorf("cursor %s: %w", cursor.Name, ErrCursorType)
	}
	form := "0000-00-00"
	if cursor.Kind != KindDate {
		form += " 00:00:00"
		if cursor.Precision > 0 {
			form += "." + strings.Repeat("0", cursor.Precision)
		}
	}
	if !hasForm(text, form) {
		return fmt.Errorf("cursor %s: %w: write it as %s", cursor.Name, ErrCursorText,
			strings.Replace(strings.Replace(form, "0000-00-00", "YYYY-MM-DD", 1), "00:00:00", "hh:mm:ss", 1))
	}
	return nil
}

func hasForm(text, form string) bool {
	if len(text) != len(form) {
		return false
	}
	for i := range len(form) {
		digit := text[i] >= '0' && text[i] <= '9'
		if digit != (form[i] == '0') || !digit && text[i] != form[i] {
			return false
		}
	}
	return true
}

// IntegerBounds are the smallest and the largest value of an integer column.
func IntegerBounds(c Column) (low, high *big.Int) {
	one := big.NewInt(1)
	if c.Kind == KindUint {
		high = new(big.Int).Lsh(one, uint(c.Bits))
		return new(big.Int), high.Sub(high, one)
	}
	high = new(big.Int).Lsh(one, uint(c.Bits-1))
	low = new(big.Int).Neg(high)
	return low, high.Sub(high, one)
}

// TruncateCursor cuts a moment's text with six fraction digits down to the exact text of a temporal
// cursor: it rounds down.
func TruncateCursor(c Column, text string) string {
	size := len(time.DateOnly)
	if c.Kind != KindDate {
		size = len(time.DateTime)
		if c.Precision > 0 {
			size += 1 + c.Precision
		}
	}
	return text[:min(size, len(text))]
}
