package scan

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

const dayMicros = 24 * 3600 * 1_000_000

// parseMoment numbers dates and times in their order. Every month has 32 days in it and every
// year 13 months, so that 0000-00-00 and 2024-02-30 have numbers as well.
func parseMoment(text string) (*big.Int, bool) {
	var year, month, day int64
	date, clock, timed := strings.Cut(text, " ")
	if n, err := fmt.Sscanf(date, "%d-%d-%d", &year, &month, &day); n != 3 || err != nil {
		return nil, false
	}
	n := big.NewInt((year*13+month)*32 + day)
	n.Mul(n, big.NewInt(dayMicros))
	if !timed {
		return n, true
	}
	micros, ok := parseClock(clock)
	if !ok {
		return nil, false
	}
	return n.Add(n, micros), true
}

// printMoment is the date or time of a number, moved to the nearest one that exists.
func printMoment(n *big.Int, c table.Column) string {
	days, micros := new(big.Int).DivMod(n, big.NewInt(dayMicros), new(big.Int))
	d := days.Int64()
	year, month, day := d/32/13, min(12, max(1, d/32%13)), min(28, max(1, d%32))
	date := fmt.Sprintf("%04d-%02d-%02d", year, month, day)
	if c.Kind == table.KindDate {
		return date
	}
	if c.Kind == table.KindTimestamp && year < 1970 {
		// Anything earlier but zero is no TIMESTAMP, and an error in a comparison.
		date, micros = "1970-01-01", big.NewInt(1_000_000)
	}
	return date + " " + printClock(micros, c.Precision)
}

// parseClock reads a TIME in microseconds.
func parseClock(text string) (*big.Int, bool) {
	rest, negative := strings.CutPrefix(text, "-")
	rest, fraction, _ := strings.Cut(rest, ".")
	var h, m, s, micros int64
	if n, err := fmt.Sscanf(rest, "%d:%d:%d", &h, &m, &s); n != 3 || err != nil || len(fraction) > 6 {
		return nil, false
	}
	if fraction != "" {
		if _, err := fmt.Sscanf(fraction+"000000"[len(fraction):], "%d", &micros); err != nil {
			return nil, false
		}
	}
	micros += ((h*60+m)*60 + s) * 1_000_000
	if negative {
		micros = -micros
	}
	return big.NewInt(micros), true
}

// printClock prints microseconds with so many digits of the second.
func printClock(n *big.Int, digits int) string {
	micros, sign := n.Int64(), ""
	if micros < 0 {
		micros, sign = -micros, "-"
	}
	s := micros / 1_000_000
	text := fmt.Sprintf("%s%02d:%02d:%02d", sign, s/3600, s/60%60, s%60)
	if digits == 0 {
		return text
	}
	return text + "." + fmt.Sprintf("%06d", micros%1_000_000)[:digits]
}
