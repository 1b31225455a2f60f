package mysqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// cursorUnit is the smallest step of a temporal cursor; a day for a DATE.
func cursorUnit(c table.Column) time.Duration {
	if c.Kind == table.KindDate {
		return 24 * time.Hour
	}
	unit := time.Second
	for range c.Precision {
		unit /= 10
	}
	return unit
}

// Back is the bound from which a window is read again: lo − overlap, rounded down to the
// cursor's precision, in its exact text. Integers have no overlap: lo itself. An empty lo,
// and one that would lie before the beginning of time, is "from the beginning".
func (d *DB) Back(ctx context.Context, cursor table.Column, lo string, overlap time.Duration) (string, error) {
	if lo == "" || isInteger(cursor.Kind) || overlap <= 0 {
		return lo, nil
	}
	if err := checkCursorText(cursor, lo); err != nil {
		return "", err
	}
	unit := cursorUnit(cursor)
	overlap = (overlap + unit - 1) / unit * unit
	as := fmt.Sprintf("DATETIME(%d)", cursor.Precision)
	if cursor.Kind == table.KindDate {
		as = "DATE"
	}
	var back *string
	query := fmt.Sprintf("SELECT CAST(CAST('%s' AS DATETIME(6)) - INTERVAL %d MICROSECOND AS %s)", lo, overlap.Microseconds(), as)
	if err := d.QueryRowContext(ctx, query).Scan(&back); err != nil {
		return "", fmt.Errorf("go back from the watermark: %w", Safe(err))
	}
	if back == nil || strings.HasPrefix(*back, "0000") {
		return "", nil
	}
	return *back, nil
}

var errCursorText = errors.New("not a text of the cursor's type")

// CompareCursor compares two bounds of one cursor column: -1, 0 or 1. Both must be exact
// texts of the column's type, which for times of one precision order like the times.
func CompareCursor(cursor table.Column, a, b string) (int, error) {
	for _, text := range []string{a, b} {
		if err := checkCursorText(cursor, text); err != nil {
			return 0, err
		}
	}
	if !isInteger(cursor.Kind) {
		return strings.Compare(a, b), nil
	}
	var x, y big.Int
	x.SetString(a, 10)
	y.SetString(b, 10)
	return x.Cmp(&y), nil
}

// checkCursorText reports whether a text is a bound of the cursor's type in its exact form,
// such as "2024-05-01 12:00:00.000000" for a DATETIME(6). The error says what the form is.
func checkCursorText(cursor table.Column, text string) error {
	if isInteger(cursor.Kind) {
		n, ok := new(big.Int).SetString(text, 10)
		low, high := integerBounds(cursor)
		if !ok || n.String() != text || n.Cmp(low) < 0 || n.Cmp(high) > 0 {
			return fmt.Errorf("cursor %s: %w: write an integer from %s to %s", cursor.Name, errCursorText, low, high)
		}
		return nil
	}
	if !IsCursorKind(cursor.Kind) {
		return fmt.Errorf("cursor %s: %w", cursor.Name, ErrCursorType)
	}
	form := "0000-00-00"
	if cursor.Kind != table.KindDate {
		form += " 00:00:00"
		if cursor.Precision > 0 {
			form += "." + strings.Repeat("0", cursor.Precision)
		}
	}
	if !hasForm(text, form) {
		return fmt.Errorf("cursor %s: %w: write it as %s", cursor.Name, errCursorText,
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

// integerBounds are the smallest and the largest value of an integer column.
func integerBounds(c table.Column) (low, high *big.Int) {
	one := big.NewInt(1)
	if c.Kind == table.KindUint {
		high = new(big.Int).Lsh(one, uint(c.Bits))
		return new(big.Int), high.Sub(high, one)
	}
	high = new(big.Int).Lsh(one, uint(c.Bits-1))
	low = new(big.Int).Neg(high)
	return low, high.Sub(high, one)
}

// intoUnit is how far the moment that lies lag before now is into the cursor's current unit,
// whose rows a window leaves to a later one: up to a day for a DATE.
func intoUnit(now string, lag, unit time.Duration) time.Duration {
	t, err := time.Parse("2006-01-02 15:04:05.999999", now)
	if err != nil {
		return unit
	}
	t = t.Add(-lag)
	return t.Sub(t.Truncate(unit))
}

// before is the last value of the cursor's type that is surely older than lag before t0: one
// unit of its precision earlier than the unit in which that moment lies.
//
// Where the local clock was set back or forward in between, local arithmetic and the moment's
// own local time differ; the earlier one is right in either case.
func before(ctx context.Context, conn *sql.Conn, cursor table.Column, t0 clock, lag time.Duration) (hi string, err error) {
	micros := (lag + time.Microsecond - 1).Microseconds()
	moment := t0.unix - micros
	unit := cursorUnit(cursor).Microseconds()
	earlier := fmt.Sprintf("LEAST(CAST('%s' AS DATETIME(6)) - INTERVAL %d MICROSECOND, CAST(FROM_UNIXTIME(%d.%06d) AS DATETIME(6)))",
		t0.local, micros, moment/1e6, moment%1e6)
	floored := fmt.Sprintf("CAST(x - INTERVAL (MICROSECOND(x) %% %d + %d) MICROSECOND AS DATETIME(%d))", unit, unit, cursor.Precision)
	if cursor.Kind == table.KindDate {
		floored = "CAST(x AS DATE) - INTERVAL 1 DAY"
	}
	err = conn.QueryRowContext(ctx, "SELECT "+floored+" FROM (SELECT "+earlier+" AS x) moment").Scan(&hi)
	return hi, err
}
