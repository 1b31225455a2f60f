package format

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/table/exact"
)

// printer appends a value of a leaf, which is in u or in b, as the text of a column.
type printer func(dst []byte, u uint64, b []byte) ([]byte, reason)

// newPrinter chooses how the values of a leaf go into a column. It fails where no value of the leaf would.
func newPrinter(n *node, c *column) (printer, error) {
	p := n.printer(c)
	if p == nil {
		return nil, fmt.Errorf("%w: %q (%s): the file has %s", ErrColumns, c.Name, c.shortType(), n.described())
	}
	return p, nil
}

func (n *node) printer(c *column) printer {
	numbers := c.Kind >= table.KindInt && c.Kind <= table.KindYear ||
		c.Kind == table.KindString || c.Kind == table.KindJSON
	switch n.form {
	case formNull:
		return func(dst []byte, _ uint64, _ []byte) ([]byte, reason) { return dst, whyKind }
	case formBool:
		if c.Kind != table.KindInt && c.Kind != table.KindUint && c.Kind != table.KindBit && c.Kind != table.KindJSON {
			return nil
		}
		return func(dst []byte, u uint64, _ []byte) ([]byte, reason) { return c.bool(dst, u != 0) }
	case formInt, formUint:
		if numbers {
			return n.wholePrinter(c)
		}
	case formFloat, formDouble, formHalf:
		if numbers {
			return n.floatPrinter(c)
		}
	case formDecimal:
		if numbers {
			return n.decimalPrinter(c)
		}
	case formText:
		if c.Kind != table.KindBytes || c.encoding != "" {
			return func(dst []byte, _ uint64, b []byte) ([]byte, reason) { return c.value(dst, b) }
		}
	case formJSON:
		if c.Kind == table.KindJSON || c.Kind == table.KindString {
			return func(dst []byte, _ uint64, b []byte) ([]byte, reason) { return c.value(dst, b) }
		}
	case formBytes:
		return bytesPrinter(c)
	case formUUID:
		return uuidPrinter(c)
	case formDate, formClock, formMoment, formInstant, formInt96:
		return n.timePrinter(c)
	default:
	}
	return nil
}

func (n *node) wholePrinter(c *column) printer {
	switch {
	case n.form == formUint && n.typ == typeInt32:
		return func(dst []byte, u uint64, _ []byte) ([]byte, reason) { return c.uint64(dst, u&math.MaxUint32) }
	case n.form == formUint:
		return func(dst []byte, u uint64, _ []byte) ([]byte, reason) { return c.uint64(dst, u) }
	case n.typ == typeInt32:
		return func(dst []byte, u uint64, _ []byte) ([]byte, reason) { return c.int64(dst, int64(int32(u))) }
	default:
		return func(dst []byte, u uint64, _ []byte) ([]byte, reason) { return c.int64(dst, int64(u)) }
	}
}

func (n *node) floatPrinter(c *column) printer {
	if n.form == formDouble {
		return func(dst []byte, u uint64, _ []byte) ([]byte, reason) { return c.float(dst, math.Float64frombits(u)) }
	}
	return func(dst []byte, u uint64, b []byte) ([]byte, reason) {
		f := math.Float32frombits(uint32(u))
		if n.form == formHalf {
			f = half(binary.LittleEndian.Uint16(b))
		}
		if c.Kind != table.KindDecimal && c.Kind != table.KindString && c.Kind != table.KindJSON {
			return c.float(dst, float64(f))
		}
		if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
			return dst, whyFloat
		}
		var buf [exact.MaxFloatText]byte // the shortest text of a float, and not of the double that it is as well
		return c.number(dst, strconv.AppendFloat(buf[:0], float64(f), 'g', -1, 32))
	}
}

// half is a float of 16 bits.
func half(v uint16) float32 {
	sign, exp, fraction := uint32(v>>15)<<31, uint32(v>>10&31), uint32(v&0x3ff)
	switch exp {
	case 31:
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	case 0:
		f := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	default:
		return math.Float32frombits(sign | (exp+112)<<23 | fraction<<13)
	}
}

func (n *node) decimalPrinter(c *column) printer {
	// With the same scale, digits are all there is to check.
	same := c.Kind == table.KindDecimal && n.scale == c.Scale
	if n.typ == typeInt32 || n.typ == typeInt64 {
		return func(dst []byte, u uint64, _ []byte) ([]byte, reason) {
			v := int64(u)
			if n.typ == typeInt32 {
				v = int64(int32(u))
			}
			if same && n.scale <= 18 && !c.unsigned {
				if out, ok := exact.AppendSmallDecimal(dst, v, c.Precision, n.scale); ok {
					return out, ""
				}
				return dst, whyRange
			}
			w, neg := exact.Wide{uint64(v)}, v < 0
			if neg {
				w[0] = -w[0]
			}
			return n.wide(c, dst, w, neg, same)
		}
	}
	return func(dst []byte, _ uint64, b []byte) ([]byte, reason) {
		for len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
			b = b[1:] // the sign alone
		}
		if len(b) == 0 || len(b) > maxDecimalBytes {
			return dst, whyRange
		}
		w, neg := exact.GetWide(b)
		return n.wide(c, dst, w, neg, same)
	}
}

// maxDecimalBytes hold more than the 65 digits of a DECIMAL, and fewer than exact.AppendDecimal prints.
const maxDecimalBytes = 31

func (n *node) wide(c *column, dst []byte, w exact.Wide, neg, same bool) ([]byte, reason) {
	if same {
		if neg && c.unsigned {
			return dst, whyRange
		}
		out, ok := exact.AppendDecimal(dst, w, neg, c.Precision, c.Scale)
		if !ok {
			return dst, whyRange
		}
		return out, ""
	}
	var buf [2 * maxFilePrecision]byte
	text, ok := exact.AppendDecimal(buf[:0], w, neg, maxFilePrecision, n.scale)
	if !ok {
		return dst, whyRange
	}
	return c.number(dst, text)
}

func bytesPrinter(c *column) printer {
	switch c.Kind {
	case table.KindBytes, table.KindUUID, table.KindGeometry:
		return func(dst []byte, _ uint64, b []byte) ([]byte, reason) { return c.binaryBytes(dst, b) }
	case table.KindBit:
		if c.encoding == "" {
			return nil
		}
		return func(dst []byte, _ uint64, b []byte) ([]byte, reason) { return c.binaryBytes(dst, b) }
	case table.KindString, table.KindEnum, table.KindSet, table.KindJSON, table.KindInet:
		// Some writers, such as Impala, do not say that their texts are texts.
		return func(dst []byte, _ uint64, b []byte) ([]byte, reason) { return c.value(dst, b) }
	default:
		return nil
	}
}

func uuidPrinter(c *column) printer {
	switch c.Kind {
	case table.KindBytes, table.KindUUID:
		return func(dst []byte, _ uint64, b []byte) ([]byte, reason) { return c.binaryBytes(dst, b) }
	case table.KindString:
		return func(dst []byte, _ uint64, b []byte) ([]byte, reason) {
			var buf [36]byte
			return c.chars(dst, appendUUID(buf[:0], b))
		}
	default:
		return nil
	}
}

func (n *node) timePrinter(c *column) printer {
	moments := c.Kind == table.KindDateTime || c.Kind == table.KindTimestamp || c.Kind == table.KindDate
	switch {
	case n.form == formDate && (moments || c.Kind == table.KindString):
		return func(dst []byte, u uint64, _ []byte) ([]byte, reason) { return c.date(dst, int(int32(u))) }
	case n.form == formClock && c.Kind == table.KindTime:
		return func(dst []byte, u uint64, _ []byte) ([]byte, reason) {
			v := int64(u)
			if n.typ == typeInt32 {
				v = int64(int32(u))
			}
			if v < 0 || v >= secondsPerDay*n.unit {
				return dst, whyRange
			}
			return c.clock(dst, v*(nanosPerSecond/n.unit), false)
		}
	case (n.form == formMoment && c.utc || n.form == formInstant) && c.Kind == table.KindTimestamp && n.unit == 1e6:
		return c.micros
	case (n.form == formMoment || n.form == formInstant && c.utc) && c.Kind == table.KindDateTime && n.unit == 1e6:
		return c.micros
	case (n.form == formMoment || n.form == formInstant) && moments:
		return func(dst []byte, u uint64, _ []byte) ([]byte, reason) {
			days, rest := floorDiv(int64(u), secondsPerDay*n.unit)
			return c.moment(dst, moment{
				days: int(days), nanos: rest * (nanosPerSecond / n.unit), hasZone: n.form == formInstant,
			})
		}
	case n.form == formInt96 && moments:
		return func(dst []byte, _ uint64, b []byte) ([]byte, reason) {
			if !c.utc {
				return dst, whyInt96
			}
			const epoch = 2440588 // the Julian day of 1970-01-01
			nanos, day := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:])
			if nanos >= secondsPerDay*nanosPerSecond {
				return dst, whyRange
			}
			return c.moment(dst, moment{days: int(day) - epoch, nanos: int64(nanos)})
		}
	default:
		return nil
	}
}

// micros is moment for microseconds since 1970-01-01 in a column whose zone is theirs.
func (c *column) micros(dst []byte, u uint64, _ []byte) ([]byte, reason) {
	v := int64(u)
	if c.Kind == table.KindTimestamp && (v < exact.MicrosPerSecond || v >= 1<<32*exact.MicrosPerSecond) ||
		v < exact.MinDays*exact.MicrosPerDay || v >= (exact.MaxDays+1)*exact.MicrosPerDay {
		return dst, whyRange
	}
	start := len(dst)
	out, ok := exact.AppendMoment(dst, v, c.Precision)
	if !ok {
		return dst[:start], whyFraction
	}
	return out, ""
}

const whyInt96 reason = "is an INT96, which does not say its time zone; `zone: UTC` says that it is UTC"

// floorDiv rounds down, so that the rest is never negative; d > 0.
func floorDiv(v, d int64) (quotient, rest int64) {
	quotient, rest = v/d, v%d
	if rest < 0 {
		quotient, rest = quotient-1, rest+d
	}
	return quotient, rest
}
