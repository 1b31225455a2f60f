package format

import (
	"math"
	"strconv"
	"unsafe"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/table/exact"
)

// number converts the text of a number.
func (c *column) number(dst, b []byte) ([]byte, reason) {
	switch c.Kind {
	case table.KindInt, table.KindUint, table.KindBit, table.KindYear:
		return c.integer(dst, b)
	case table.KindDecimal:
		out, why := appendNumber(dst, b, c.Precision, c.Scale)
		if why == "" && c.unsigned && out[len(dst)] == '-' {
			return dst, whyRange
		}
		return out, why
	case table.KindFloat, table.KindDouble:
		if _, ok := parseNumber(b); !ok {
			return dst, whyNumber
		}
		f, err := strconv.ParseFloat(unsafe.String(&b[0], len(b)), 64)
		if err != nil {
			return dst, whyRange
		}
		return c.float(dst, f)
	case table.KindString:
		return c.chars(dst, b)
	case table.KindJSON:
		return append(dst, b...), ""
	default:
		return dst, whyKind
	}
}

// integer converts the text of a number into a whole one.
func (c *column) integer(dst, b []byte) ([]byte, reason) {
	if v, ok := exact.ParseInt(b, 64); ok {
		return c.int64(dst, v)
	}
	var buf [24]byte
	text, why := appendNumber(buf[:0], b, 20, 0)
	if why != "" {
		return dst, why
	}
	if v, ok := exact.ParseInt(text, 64); ok {
		return c.int64(dst, v)
	}
	if v, ok := exact.ParseUint(text, 64); ok {
		return c.uint64(dst, v)
	}
	return dst, whyRange
}

// int64 writes a whole number into any column of numbers.
func (c *column) int64(dst []byte, v int64) ([]byte, reason) {
	switch c.Kind {
	case table.KindInt:
		if v>>(c.Bits-1) != v>>63 {
			return dst, whyRange
		}
		return strconv.AppendInt(dst, v, 10), ""
	case table.KindUint, table.KindBit, table.KindYear:
		if v < 0 {
			return dst, whyRange
		}
		return c.uint64(dst, uint64(v))
	case table.KindDouble, table.KindFloat:
		f := float64(v)
		if c.Kind == table.KindFloat {
			f = float64(float32(v))
		}
		if f >= math.MaxInt64 || int64(f) != v {
			return dst, whyExact
		}
		return c.float(dst, f)
	default:
		var buf [24]byte
		return c.number(dst, strconv.AppendInt(buf[:0], v, 10))
	}
}

func (c *column) uint64(dst []byte, v uint64) ([]byte, reason) {
	switch c.Kind {
	case table.KindUint, table.KindBit:
		if c.Bits < 64 && v>>c.Bits != 0 {
			return dst, whyRange
		}
		return strconv.AppendUint(dst, v, 10), ""
	case table.KindYear:
		if v != 0 && (v < 1901 || v > 2155) {
			return dst, whyRange
		}
		return strconv.AppendUint(dst, v, 10), ""
	case table.KindInt, table.KindDouble, table.KindFloat:
		if v <= math.MaxInt64 {
			return c.int64(dst, int64(v))
		}
		return dst, whyRange
	default:
		var buf [24]byte
		return c.number(dst, strconv.AppendUint(buf[:0], v, 10))
	}
}

// maxWhole is the largest number up to which a double holds every whole number.
const maxWhole = 1 << 53

// float converts a double. What is no FLOAT or DOUBLE gets its shortest text, which is what other files have of it.
func (c *column) float(dst []byte, f float64) ([]byte, reason) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, whyFloat
	}
	if c.unsigned && f < 0 {
		return dst, whyRange
	}
	switch c.Kind {
	case table.KindDouble:
		return exact.AppendFloat(dst, f), ""
	case table.KindFloat:
		f = float64(float32(f))
		if math.IsInf(f, 0) {
			return dst, whyRange
		}
		return exact.AppendFloat(dst, f), ""
	case table.KindInt, table.KindUint, table.KindBit, table.KindYear:
		if f != math.Trunc(f) {
			return dst, whyWhole
		}
		if math.Abs(f) > maxWhole {
			return dst, whyExact
		}
		return c.int64(dst, int64(f))
	default:
		var buf [exact.MaxFloatText]byte
		return c.number(dst, exact.AppendFloat(buf[:0], f))
	}
}

// bool converts true and false.
func (c *column) bool(dst []byte, v bool) ([]byte, reason) {
	switch {
	case c.Kind == table.KindJSON:
		return strconv.AppendBool(dst, v), ""
	case c.Kind != table.KindInt && c.Kind != table.KindUint && c.Kind != table.KindBit:
		return dst, whyKind
	case v:
		return append(dst, '1'), ""
	default:
		return append(dst, '0'), ""
	}
}
