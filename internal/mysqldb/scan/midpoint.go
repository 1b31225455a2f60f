package scan

import (
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// A midpointFunc names a text about in the middle between two values of a column, lo before hi by its own order; false
// where it knows none. Only balance depends on it: the cutter asks the server which values lie on either side.
type midpointFunc func(lo, hi string) (string, bool)

// A midpointer finds midpoints of one column's values.
type midpointer struct {
	// strategies fit the column. One is used until a split by it leaves nearly all rows on one side.
	strategies []midpointFunc
	current    int
	// literal writes a midpoint as SQL.
	literal func(text string) (string, error)
}

func (m *midpointer) nextStrategy() { m.current = (m.current + 1) % len(m.strategies) }

// literalBetween is the literal of a value about in the middle of two, given in the key's direction.
func (m *midpointer) literalBetween(part posPart, first, last string) (string, bool, error) {
	if part.desc {
		first, last = last, first
	}
	text, ok := m.strategies[m.current](first, last)
	if !ok {
		return "", false, nil
	}
	sql, err := m.literal(text)
	return sql, err == nil, err
}

// newMidpointer chooses the strategies for a column; nil where it cannot be cut.
func newMidpointer(part posPart) *midpointer {
	col := part.column
	m := &midpointer{literal: part.lit}
	switch col.Kind {
	case table.KindInt, table.KindUint, table.KindBit:
		m.strategies = []midpointFunc{middle(parseInteger, (*big.Int).String)}
	case table.KindEnum, table.KindSet:
		if !part.listed() {
			return nil
		}
		m.strategies = []midpointFunc{middle(parseInteger, (*big.Int).String)}
	case table.KindYear:
		m.strategies = []midpointFunc{middle(parseYear, printYear)}
	case table.KindDecimal:
		m.strategies = []midpointFunc{
			middle(parseDecimal, func(n *big.Int) string { return printDecimal(n, col.Scale) }),
		}
	case table.KindFloat, table.KindDouble:
		m.strategies = []midpointFunc{averageOf(col.Kind), middle(parseFloatOrder, printFloatOrder(col.Kind))}
	case table.KindDate, table.KindDateTime, table.KindTimestamp:
		m.strategies = []midpointFunc{middle(parseMoment, func(n *big.Int) string { return printMoment(n, col) })}
	case table.KindTime:
		m.strategies = []midpointFunc{
			middle(parseClock, func(n *big.Int) string { return printClock(n, col.Precision) }),
		}
	case table.KindUUID:
		m.strategies = []midpointFunc{middleUUID(true), middleUUID(false)}
	case table.KindInet:
		m.strategies = []midpointFunc{middle(parseAddr, printAddr(col.Type))}
	case table.KindBytes:
		m.strategies = []midpointFunc{middleBytes}
	case table.KindString:
		m.strategies, m.literal = textStrategies(col), midpointLiteral(col)
	default:
		return nil
	}
	return m
}

// middle finds the midpoint of numbers that lie in the order of the values.
func middle(parse func(string) (*big.Int, bool), print func(*big.Int) string) midpointFunc {
	return func(lo, hi string) (string, bool) {
		x, ok := parse(lo)
		y, ok2 := parse(hi)
		if !ok || !ok2 || x.Cmp(y) >= 0 {
			return "", false
		}
		x.Add(x, y)
		return print(x.Rsh(x, 1)), true
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

// averageOf is the mean of two floating-point numbers. That of two FLOATs is rounded to a FLOAT,
// because the index cannot be asked for a value between two of them.
func averageOf(kind table.Kind) midpointFunc {
	return func(lo, hi string) (string, bool) {
		x, err := strconv.ParseFloat(lo, 64)
		y, err2 := strconv.ParseFloat(hi, 64)
		if err != nil || err2 != nil || x >= y {
			return "", false
		}
		return printFloat(x/2+y/2, kind), true
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

// middleUUID reads UUIDs as numbers: by their digits, or backward by their groups from the last to
// the first, as MariaDB orders versions 1 to 5. A midpoint has the version and the variant of lo,
// because MariaDB compares UUIDs of another kind by other rules.
func middleUUID(backward bool) midpointFunc {
	mid := middle(parseUUID(backward), printUUID(backward))
	return func(lo, hi string) (string, bool) {
		guess, ok := mid(lo, hi)
		if !ok {
			return "", false
		}
		const version, variant = 14, 19 // their places in the text
		return guess[:version] + lo[version:version+1] + guess[version+1:variant] +
			lo[variant:variant+1] + guess[variant+1:], true
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
