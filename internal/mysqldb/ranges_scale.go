package mysqldb

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// A guesser names a text about in the middle between two values of a column, lo before hi by
// its own lights; false where it knows none. It may be wrong: the server has the last word.
type guesser func(ctx context.Context, lo, hi string) (string, bool, error)

// A scale guesses values of one column.
type scale struct {
	// ways are the guessers that fit the column. One is used until it guesses badly.
	ways []guesser
	way  int
	// literal writes a guess.
	literal func(text string) (string, error)
}

// turn goes over to the next way.
func (s *scale) turn() { s.way = (s.way + 1) % len(s.ways) }

// between is the literal of a value about in the middle of two, given in the key's direction.
func (s *scale) between(ctx context.Context, part posPart, first, last string) (string, bool, error) {
	if part.desc {
		first, last = last, first
	}
	guess, ok, err := s.ways[s.way](ctx, first, last)
	if err != nil || !ok {
		return "", false, err
	}
	sql, err := s.literal(guess)
	return sql, err == nil, err
}

// newScale chooses how values of a column are guessed; nil where it cannot be cut.
func newScale(c *cutter, part posPart) *scale {
	col := part.column
	s := &scale{literal: part.lit}
	switch col.Kind {
	case table.KindInt, table.KindUint, table.KindBit:
		s.ways = []guesser{middle(parseInteger, (*big.Int).String)}
	case table.KindEnum, table.KindSet:
		if !part.listed() {
			return nil
		}
		s.ways = []guesser{middle(parseInteger, (*big.Int).String)}
	case table.KindYear:
		s.ways = []guesser{middle(parseYear, printYear)}
	case table.KindDecimal:
		s.ways = []guesser{middle(parseDecimal, func(n *big.Int) string { return printDecimal(n, col.Scale) })}
	case table.KindFloat, table.KindDouble:
		s.ways = []guesser{averageOf(col.Kind), middle(parseFloatOrder, printFloatOrder(col.Kind))}
	case table.KindDate, table.KindDateTime, table.KindTimestamp:
		s.ways = []guesser{middle(parseMoment, func(n *big.Int) string { return printMoment(n, col) })}
	case table.KindTime:
		s.ways = []guesser{middle(parseClock, func(n *big.Int) string { return printClock(n, col.Precision) })}
	case table.KindUUID:
		s.ways = []guesser{middleUUID(true), middleUUID(false)}
	case table.KindInet:
		s.ways = []guesser{middle(parseAddr, printAddr(col.Type))}
	case table.KindBytes:
		s.ways = []guesser{middleBytes}
	case table.KindString:
		a := newAlphabet(c, col)
		s.ways, s.literal = []guesser{a.between}, a.literal
	default:
		return nil
	}
	return s
}

// middle guesses by numbers that lie in the order of the values.
func middle(parse func(string) (*big.Int, bool), print func(*big.Int) string) guesser {
	return func(_ context.Context, lo, hi string) (string, bool, error) {
		x, ok := parse(lo)
		y, ok2 := parse(hi)
		if !ok || !ok2 || x.Cmp(y) >= 0 {
			return "", false, nil
		}
		x.Add(x, y)
		return print(x.Rsh(x, 1)), true, nil
	}
}

func parseInteger(text string) (*big.Int, bool) { return new(big.Int).SetString(text, 10) }

// parseYear counts years from 1900, which stands for the zero year. A number below 100 would
// be taken for a year of two digits.
func parseYear(text string) (*big.Int, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return big.NewInt(max(0, n-1900)), err == nil
}

func printYear(n *big.Int) string {
	if n.Sign() == 0 {
		return "0"
	}
	return strconv.FormatInt(n.Int64()+1900, 10)
}

// parseDecimal reads a DECIMAL in units of its last digit.
func parseDecimal(text string) (*big.Int, bool) {
	return new(big.Int).SetString(strings.Replace(text, ".", "", 1), 10)
}

func printDecimal(n *big.Int, digits int) string {
	text := new(big.Int).Abs(n).String()
	if pad := digits + 1 - len(text); pad > 0 {
		text = strings.Repeat("0", pad) + text
	}
	if digits > 0 {
		text = text[:len(text)-digits] + "." + text[len(text)-digits:]
	}
	if n.Sign() < 0 {
		text = "-" + text
	}
	return text
}

// averageOf guesses floating-point numbers by value. A FLOAT's guess is rounded to one: its
// index cannot be asked for anything between.
func averageOf(kind table.Kind) guesser {
	return func(_ context.Context, lo, hi string) (string, bool, error) {
		x, err := strconv.ParseFloat(lo, 64)
		y, err2 := strconv.ParseFloat(hi, 64)
		if err != nil || err2 != nil || x >= y {
			return "", false, nil
		}
		return printFloat(x/2+y/2, kind), true, nil
	}
}

func printFloat(f float64, kind table.Kind) string {
	if kind == table.KindFloat {
		f = float64(float32(f))
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// parseFloatOrder is the place of a number among all doubles: numbers of very different
// magnitude are spread evenly by it.
func parseFloatOrder(text string) (*big.Int, bool) {
	f, err := strconv.ParseFloat(text, 64)
	n := new(big.Int).SetUint64(math.Float64bits(math.Abs(f)))
	if f < 0 {
		n.Neg(n)
	}
	return n, err == nil
}

func printFloatOrder(kind table.Kind) func(*big.Int) string {
	return func(n *big.Int) string {
		f := math.Float64frombits(new(big.Int).Abs(n).Uint64())
		if n.Sign() < 0 {
			f = -f
		}
		return printFloat(f, kind)
	}
}

// middleUUID guesses UUIDs by their digits, or backward by their groups from the last to the
// first: MariaDB orders versions 1 to 5 so, and others as they are printed. A guess is of the
// version and variant of lo, because it compares those of another kind by yet other rules.
func middleUUID(backward bool) guesser {
	mid := middle(parseUUID(backward), printUUID(backward))
	return func(ctx context.Context, lo, hi string) (string, bool, error) {
		guess, ok, err := mid(ctx, lo, hi)
		if err != nil || !ok {
			return "", false, err
		}
		const version, variant = 14, 19 // their places in the text
		return guess[:version] + lo[version:version+1] + guess[version+1:variant] + lo[variant:variant+1] + guess[variant+1:], true, nil
	}
}

func parseUUID(backward bool) func(string) (*big.Int, bool) {
	return func(text string) (*big.Int, bool) {
		groups := strings.Split(text, "-")
		if backward {
			slices.Reverse(groups)
		}
		return new(big.Int).SetString(strings.Join(groups, ""), 16)
	}
}

func printUUID(backward bool) func(*big.Int) string {
	sizes := []int{8, 4, 4, 4, 12}
	if backward {
		slices.Reverse(sizes)
	}
	return func(n *big.Int) string {
		text := fmt.Sprintf("%032x", n)
		groups := make([]string, 0, len(sizes))
		for _, size := range sizes {
			groups, text = append(groups, text[:size]), text[size:]
		}
		if backward {
			slices.Reverse(groups)
		}
		return strings.Join(groups, "-")
	}
}

func parseAddr(text string) (*big.Int, bool) {
	addr, err := netip.ParseAddr(text)
	return new(big.Int).SetBytes(addr.AsSlice()), err == nil
}

func printAddr(columnType string) func(*big.Int) string {
	size := 16
	if strings.EqualFold(columnType, "inet4") {
		size = 4
	}
	return func(n *big.Int) string {
		addr, _ := netip.AddrFromSlice(n.FillBytes(make([]byte, size)))
		return addr.String()
	}
}
