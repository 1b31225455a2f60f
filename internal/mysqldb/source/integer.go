package source

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Integer cursors that are not AUTO_INCREMENT are mostly moments, as seconds or parts of a second since 1970. One value
// that is none, such as microseconds among seconds, would become a watermark that no later row is above. So the largest
// values are read, and not only the maximum: a few that are far above all others are no end of a window.

// CursorUnit says what an integer cursor counts.
type CursorUnit string

// The units of integer cursors.
const (
	// UnitAuto follows from the values' magnitude, and is also "".
	UnitAuto CursorUnit = "auto"
	// UnitNone is a plain number, such as a version.
	UnitNone CursorUnit = "none"
	// UnitSeconds, UnitMillis and UnitMicros count since 1970.
	UnitSeconds CursorUnit = "s"
	UnitMillis  CursorUnit = "ms"
	UnitMicros  CursorUnit = "us"
)

// Step is the time between two values; 0 where the setting does not say.
func (u CursorUnit) Step() time.Duration {
	return map[CursorUnit]time.Duration{
		UnitSeconds: time.Second, UnitMillis: time.Millisecond, UnitMicros: time.Microsecond,
	}[u]
}

const (
	// topRows is how many of the largest values are read, and leapRows how many of them have to
	// leap before the watermark follows: a change of the unit soon has as many, a slip has not.
	topRows  = 20
	leapRows = 10
	// A value leaps that is leapTimes as large as the reference and leapBy above it: milliseconds
	// among seconds do, and numbers that grow do not.
	leapTimes = 500
	leapBy    = 1_000_000_000
	// aheadOfClocks is by how much the clocks of applications may be ahead of the source's.
	aheadOfClocks = time.Minute
	// firstMoment is 2001-09-09 in seconds: smaller numbers are not taken for moments.
	firstMoment = 1_000_000_000
)

// integerTop is what an integer cursor's largest values say.
type integerTop struct {
	// highest is the largest value that may end a window; "" for none. at is the source's UTC time after it was read.
	highest string
	at      time.Time
	// ceiling bounds the values that are read at all, inclusive; nil for none. above counts the
	// rows that lie above it, among those read.
	ceiling *big.Int
	above   int64
	// unit is what the cursor counts, 0 where that is not known; latest is now in it, where the configuration says so.
	unit    time.Duration
	latest  string
	middle  *big.Int // of the values read; nil for none
	warning string
	// instance is the digest of the server that has answered; see sameServer.
	instance string
}

// readIntegerTop reads the largest values of an integer cursor.
func (s *Source) readIntegerTop(ctx context.Context, spec UpperBoundSpec) (look integerTop, err error) {
	top, err := s.topValues(ctx, spec, nil, topRows, &look.instance)
	if err != nil {
		return look, err
	}
	// After the values: work that began in between may hold a smaller one.
	if look.at, err = s.utcNow(ctx, &look.instance); err != nil {
		return look, err
	}
	reference := bigInt(spec.Watermark)
	if len(top) > 0 {
		look.highest, look.middle = top[0].String(), top[len(top)/2]
	}
	// A watermark that was set low by hand is no measure of what is far above; nor is the middle of two.
	if reference == nil || len(top) > 2 && look.middle.Cmp(reference) > 0 {
		reference = look.middle
	}
	numbered := false
	if c := spec.Table.Column(spec.Cursor.Name); c != nil {
		numbered = c.AutoIncrement
	}
	switch step := spec.Unit.Step(); {
	case step > 0:
		look.unit = step
		look.latest = big.NewInt(int64(look.at.Sub(time.Unix(0, 0)) / step)).String()
		look.ceiling = big.NewInt(int64(look.at.Add(aheadOfClocks).Sub(time.Unix(0, 0)) / step))
	case reference == nil:
		return look, nil
	default:
		if spec.Unit != UnitNone && !numbered {
			look.unit = magnitude(reference, look.at)
		}
		look.ceiling = leapAbove(reference)
	}
	for _, v := range top {
		if v.Cmp(look.ceiling) > 0 {
			look.above++
		}
	}
	return look, s.belowCeiling(ctx, spec, &look, top, numbered)
}

// belowCeiling finds the largest value that may end a window.
func (s *Source) belowCeiling(
	ctx context.Context, spec UpperBoundSpec, look *integerTop, top []*big.Int, numbered bool,
) (err error) {
	name := spec.Cursor.Name
	if spec.Unit.Step() == 0 {
		switch {
		case look.above == 0 && !look.leaps(spec):
			look.ceiling = nil
			return nil
		case look.above == 0 || numbered || look.above >= leapRows:
			look.ceiling = nil
			look.warning = fmt.Sprintf("the values of %s leap from about %s to %s, and the watermark follows",
				name, leapBase(spec, look), look.highest)
			return nil
		}
		look.warning = fmt.Sprintf("%s a %s far above all others (the largest %s, against %s), not read, and "+
			"the watermark stays below; correct such values, or wait until %d rows have them",
			human.Clause(look.above, "row", "has", "have"), name, look.highest, leapBase(spec, look), leapRows)
	}
	if look.above == 0 {
		return nil
	}
	look.highest = ""
	if int(look.above) < len(top) {
		look.highest = top[look.above].String()
		return nil
	}
	below, err := s.topValues(ctx, spec, look.ceiling, 1, &look.instance)
	if err != nil {
		return err
	}
	if len(below) > 0 {
		look.highest = below[0].String()
	}
	if look.highest == "" && spec.Unit.Step() == 0 { // all values are that large
		look.highest, look.ceiling, look.above, look.warning = top[0].String(), nil, 0, ""
	}
	look.at, err = s.utcNow(ctx, &look.instance)
	return err
}

// leaps reports whether the largest value leaps from the watermark.
func (look *integerTop) leaps(spec UpperBoundSpec) bool {
	mark, top := bigInt(spec.Watermark), bigInt(look.highest)
	return mark != nil && top != nil && top.Cmp(leapAbove(mark)) > 0
}

// leapBase is what a leap is compared with, in messages.
func leapBase(spec UpperBoundSpec, look *integerTop) string {
	if spec.Watermark != "" {
		return "the watermark " + spec.Watermark
	}
	return look.middle.String()
}

// leapAbove is the value above which others leap from the reference.
func leapAbove(reference *big.Int) *big.Int {
	times := new(big.Int).Mul(reference, big.NewInt(leapTimes))
	by := new(big.Int).Add(reference, big.NewInt(leapBy))
	if times.Cmp(by) > 0 {
		return times
	}
	return by
}

// magnitude is the unit in which a value is a moment between 2001 and tomorrow; 0 for none.
func magnitude(value *big.Int, now time.Time) time.Duration {
	for _, unit := range []time.Duration{time.Second, time.Millisecond, time.Microsecond} {
		low := big.NewInt(firstMoment * int64(time.Second/unit))
		high := big.NewInt(int64(now.Add(24*time.Hour).Sub(time.Unix(0, 0)) / unit))
		if value.Cmp(low) >= 0 && value.Cmp(high) <= 0 {
			return unit
		}
	}
	return 0
}

// topTime bounds the look for the largest values. Without an index, the server reads every row for it.
const topTime = 40 * time.Second

// topValues are the n largest values of the cursor, the largest first, up to a bound where one is given; the maximum
// alone where no index makes more of them cheap. instance: see sameServer.
func (s *Source) topValues(
	ctx context.Context, spec UpperBoundSpec, upTo *big.Int, n int, instance *string,
) (top []*big.Int, err error) {
	return s.topValuesWithin(ctx, topTime, spec, upTo, n, instance)
}

func (s *Source) topValuesWithin(
	ctx context.Context, limit time.Duration, spec UpperBoundSpec, upTo *big.Int, n int, instance *string,
) (top []*big.Int, err error) {
	name, index := spec.Cursor.Name, schema.CursorIndex(spec.Table, spec.Cursor.Name)
	c := sqltext.Column(spec.Cursor)
	what, from, last := "MAX("+c+")", sqltext.Qualified(spec.Table.Name), ""
	if index != "" {
		what, from, last = c, from+" FORCE INDEX ("+sqltext.Ident(index)+")", fmt.Sprintf(" ORDER BY %s DESC LIMIT %d",
			c, n)
	}
	if upTo != nil {
		from += fmt.Sprintf(" WHERE %s <= %s", c, upTo)
	}
	exprs := []sqltext.Expr{{SQL: what, Kind: spec.Cursor.Kind}, {SQL: s.db.InstanceSQL(), Kind: table.KindString}}
	rows := table.NewRows(len(exprs))
	_, err = fetch.RowsWithin(ctx, s.db, limit, what+", "+exprs[1].SQL+" FROM "+from+last, exprs, rows, 1<<20)
	if mysqlerr.IsTimeLimit(err) && index == "" {
		return nil, mysqlerr.Refuse("", fmt.Sprintf("the largest %s is not found within %s, since no index begins "+
			"with it, so that the server reads every row", name, human.Duration(limit)),
			schema.AddIndexSQL(spec.Table, name))
	}
	if err != nil {
		return nil, err
	}
	for row := range rows.Len() {
		if err := sameServer(instance, string(rows.Value(row, 1))); err != nil {
			return nil, err
		}
		if v := bigInt(string(rows.Value(row, 0))); v != nil {
			top = append(top, v)
		}
	}
	return top, nil
}

// SubtractSteps is the bound from which a window of an integer cursor is read again: so many of its
// steps below lo, in its exact text. Below the type's smallest value it is "from the beginning".
func SubtractSteps(cursor table.Column, lo string, steps int64) (string, error) {
	n := bigInt(lo)
	if n == nil {
		return "", fmt.Errorf("cursor %s: %w", cursor.Name, table.ErrCursorText)
	}
	n.Sub(n, big.NewInt(steps))
	if low, _ := table.IntegerBounds(cursor); n.Cmp(low) < 0 {
		return "", nil
	}
	return n.String(), nil
}
