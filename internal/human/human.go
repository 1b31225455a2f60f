package human

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
)

// Duration has two units at most: 350ms, 4.2s, 3m10s, 2h5m, 3d4h. A negative duration is 0s.
func Duration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d <= 0:
		return "0s"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return trimZero(d.Round(time.Second).String())
	case d < 2*day:
		return trimZero(d.Round(time.Minute).String())
	default:
		d = d.Round(time.Hour)
		return trimZero(fmt.Sprintf("%dd%dh", d/day, d%day/time.Hour))
	}
}

// trimZero makes 3m0s and 2h0m0s 3m and 2h.
func trimZero(s string) string {
	for _, unit := range []struct{ before, zero string }{{"m", "0s"}, {"h", "0m"}, {"d", "0h"}} {
		if strings.HasSuffix(s, unit.before+unit.zero) {
			s = strings.TrimSuffix(s, unit.zero)
		}
	}
	return s
}

// Seconds is a duration of s seconds as Duration writes it.
func Seconds(s float64) string { return Duration(time.Duration(s * float64(time.Second))) }

// Size is n bytes in binary units: 512 B, 1.5 MiB, 15 GiB. A negative size is 0 B.
func Size(n int64) string { return humanize.IBytes(uint64(max(0, n))) }

// Count is a number and its noun: 1 row, 10,000 rows.
func Count[N int | int64](n N, noun string) string { return english.Plural(int(n), noun, "") }

// Clause is a number, its noun and the verb that goes with it: 1 row differs, 2 rows differ.
func Clause[N int | int64](n N, noun, one, many string) string {
	if n == 1 {
		many = one
	}
	return Count(n, noun) + " " + many
}

// Sample is the first five names of a longer list: "a, b and 3 more". all is how many there are, of which names may
// hold only the first.
func Sample(names []string, all int) string {
	const shown = 5
	if len(names) > shown {
		names = names[:shown]
	}
	if more := all - len(names); more > 0 {
		names = append(slices.Clone(names), humanize.Comma(int64(more))+" more")
	}
	return english.WordSeries(names, "and")
}

// plainArg is what shells take as it is.
var plainArg = regexp.MustCompile(`^[A-Za-z0-9_./@%+:,=-]+$`)

// Arg is a name as an argument of a command that people paste into a shell.
func Arg(name string) string {
	if plainArg.MatchString(name) {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
