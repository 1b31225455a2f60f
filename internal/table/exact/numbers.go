package exact

import (
	"math"
	"strconv"
	"unsafe"
)

// ParseInt reads the canonical text of an integer of the given width: no sign but '-', no
// leading zero, no "-0". Only that text prints back to itself.
func ParseInt(b []byte, bits int) (int64, bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	u, ok := ParseUint(b, 64)
	limit := uint64(1) << (bits - 1)
	switch {
	case !ok:
		return 0, false
	case neg:
		return -int64(u), u != 0 && u <= limit
	default:
		return int64(u), u < limit
	}
}

// ParseUint is ParseInt for numbers without a sign.
func ParseUint(b []byte, bits int) (uint64, bool) {
	if len(b) == 0 || len(b) > 20 || b[0] == '0' && len(b) > 1 {
		return 0, false
	}
	var u uint64
	for i, ch := range b {
		d := ch - '0'
		if d > 9 {
			return 0, false
		}
		if i == 19 && (u > math.MaxUint64/10 || u == math.MaxUint64/10 && d > math.MaxUint64%10) {
			return 0, false
		}
		u = u*10 + uint64(d)
	}
	return u, bits == 64 || u < 1<<bits
}

// MaxFloatText is longer than the shortest text of any double ("-1.7976931348623157e+308").
const MaxFloatText = 32

// ParseFloat reads the shortest text of a double. The text is printed again, because only
// the printer knows which of many texts for the same number is its own.
func ParseFloat(b []byte, scratch []byte) (float64, bool) {
	if len(b) == 0 || len(b) > MaxFloatText {
		return 0, false
	}
	// The string is gone when the call returns: an error of ParseFloat holds a copy.
	f, err := strconv.ParseFloat(unsafe.String(&b[0], len(b)), 64)
	if err != nil || math.IsNaN(f) {
		return 0, false
	}
	return f, string(AppendFloat(scratch[:0], f)) == string(b)
}

// AppendFloat prints the shortest text that reads back as the same double.
func AppendFloat(dst []byte, f float64) []byte { return strconv.AppendFloat(dst, f, 'g', -1, 64) }
