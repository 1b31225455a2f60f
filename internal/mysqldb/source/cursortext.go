package source

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// ErrBadCursor is returned by ParseCursor for a text that is no value of the cursor's type.
var ErrBadCursor = errors.New("not a value of the cursor")

// ParseCursor turns what a person typed into the exact text that MySQL prints for the cursor:
// an integer in the type's range, or a date and time with as many fraction digits as the
// column has. More digits than that are refused, not rounded: a rounded bound loses rows.
//
// "2024-01-31", "2024-01-31 10:00:00.5" and "2024-01-31T10:00:00" are read as they stand: UTC
// for a TIMESTAMP, the writers' local time for a DATETIME. A zone ("Z", "+02:00") is converted
// to UTC for a TIMESTAMP and refused for the others.
func ParseCursor(cursor table.Column, text string) (string, error) {
	text = strings.TrimSpace(text)
	switch cursor.Kind {
	case table.KindInt, table.KindUint:
		return parseIntCursor(cursor, text)
	case table.KindDate, table.KindDateTime, table.KindTimestamp:
		return parseTimeCursor(cursor, text)
	default:
		return "", fmt.Errorf("%w: %s is a %s", ErrBadCursor, cursor.Name, cursor.Type)
	}
}

func parseIntCursor(cursor table.Column, text string) (string, error) {
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return "", fmt.Errorf("%w: not a whole number", ErrBadCursor)
	}
	bits := uint(cursor.Bits)
	lo, hi := new(big.Int), new(big.Int).Lsh(big.NewInt(1), bits)
	if cursor.Kind == table.KindInt {
		hi.Rsh(hi, 1)
		lo.Neg(hi)
	}
	if n.Cmp(lo) < 0 || n.Cmp(hi) >= 0 {
		return "", fmt.Errorf("%w: outside the range of %s", ErrBadCursor, cursor.Type)
	}
	return n.String(), nil
}

func parseTimeCursor(cursor table.Column, text string) (string, error) {
	t, withZone, err := parseTime(text)
	if err != nil {
		return "", err
	}
	if withZone && cursor.Kind != table.KindTimestamp {
		return "", fmt.Errorf("%w: a %s has no zone, leave it out", ErrBadCursor, cursor.Type)
	}
	t = t.UTC()
	if cursor.Kind == table.KindDate {
		if !t.Equal(t.Truncate(24 * time.Hour)) {
			return "", fmt.Errorf("%w: a %s has no time of day", ErrBadCursor, cursor.Type)
		}
		return t.Format(time.DateOnly), nil
	}
	unit := time.Second
	layout := time.DateTime
	if cursor.Precision > 0 {
		layout += "." + strings.Repeat("0", cursor.Precision)
		for range cursor.Precision {
			unit /= 10
		}
	}
	if t.Nanosecond()%int(unit) != 0 {
		return "", fmt.Errorf("%w: %s has %d fraction digits", ErrBadCursor, cursor.Type, cursor.Precision)
	}
	return t.Format(layout), nil
}

func parseTime(text string) (t time.Time, withZone bool, err error) {
	text = strings.Replace(text, "T", " ", 1)
	for _, layout := range []string{time.DateOnly, time.DateTime} { // DateTime takes a fraction too
		if t, err := time.Parse(layout, text); err == nil {
			return t, false, nil
		}
	}
	if t, err := time.Parse(time.DateTime+"Z07:00", text); err == nil {
		return t, true, nil
	}
	return time.Time{}, false, fmt.Errorf("%w: write it as 2024-01-31 10:00:00", ErrBadCursor)
}
