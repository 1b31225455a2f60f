package exact

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// MaxPrecision is the largest number of digits of a DECIMAL (manual: Fixed-Point Types).
const MaxPrecision = 65

// e19 is the largest power of ten in a uint64: 19 digits are read and printed at a time.
const e19 = 10_000_000_000_000_000_000

// Wide is an unsigned number of 256 bits, its least significant limb first: room for the 216 bits of 65 digits.
type Wide [4]uint64

// mulAdd sets w to w × m + a. It never overflows for numbers of up to 77 digits.
func (w *Wide) mulAdd(m, a uint64) {
	for i := range w {
		hi, lo := bits.Mul64(w[i], m)
		var carry uint64
		w[i], carry = bits.Add64(lo, a, 0)
		a = hi + carry
	}
}

// divMod sets w to w / d and returns the remainder.
func (w *Wide) divMod(d uint64) (rem uint64) {
	for i := len(w) - 1; i >= 0; i-- {
		w[i], rem = bits.Div64(rem, w[i], d)
	}
	return rem
}

func (w *Wide) negate() {
	carry := uint64(1)
	for i := range w {
		w[i], carry = bits.Add64(^w[i], 0, carry)
	}
}

// IsZero reports whether w is 0.
func (w *Wide) IsZero() bool { return w[0]|w[1]|w[2]|w[3] == 0 }

// ParseDecimal reads the text of a DECIMAL(precision, scale): an optional '-', at least one
// digit and no leading zero before the point, all scale digits after it, no "-0.00".
func ParseDecimal(b []byte, precision, scale int) (w Wide, neg, ok bool) {
	if neg = len(b) > 0 && b[0] == '-'; neg {
		b = b[1:]
	}
	whole := len(b)
	if scale > 0 {
		whole -= scale + 1
	}
	if whole < 1 || b[0] == '0' && whole > 1 || whole > precision-scale && (b[0] != '0' || whole > 1) {
		return w, neg, false
	}
	if scale > 0 && b[whole] != '.' {
		return w, neg, false
	}
	var limb, pow uint64 = 0, 1
	for i, ch := range b {
		if i == whole {
			continue
		}
		d := ch - '0'
		if d > 9 {
			return w, neg, false
		}
		limb, pow = limb*10+uint64(d), pow*10
		if pow == e19 {
			w.mulAdd(pow, limb)
			limb, pow = 0, 1
		}
	}
	w.mulAdd(pow, limb)
	return w, neg, !neg || !w.IsZero()
}

// PutWide writes a signed number as big-endian two's complement into dst, at most 32 bytes.
func PutWide(dst []byte, w Wide, neg bool) {
	if neg {
		w.negate()
	}
	var full [32]byte
	for i, limb := range w {
		binary.BigEndian.PutUint64(full[24-8*i:], limb)
	}
	copy(dst, full[32-len(dst):])
}

// GetWide reads what PutWide wrote; b has 1 to 32 bytes.
func GetWide(b []byte) (w Wide, neg bool) {
	var full [32]byte
	if neg = b[0]&0x80 != 0; neg {
		for i := range full {
			full[i] = 0xff
		}
	}
	copy(full[32-len(b):], b)
	for i := range w {
		w[i] = binary.BigEndian.Uint64(full[24-8*i:])
	}
	if neg {
		w.negate()
	}
	return w, neg
}

// AppendDecimal prints a number with scale digits after the point. It fails for a number of
// more digits than precision, which only a corrupt file holds.
func AppendDecimal(dst []byte, w Wide, neg bool, precision, scale int) ([]byte, bool) {
	var digits [80]byte
	n := len(digits)
	for !w.IsZero() {
		rem := w.divMod(e19)
		for range 19 {
			n--
			digits[n] = byte('0' + rem%10)
			rem /= 10
		}
	}
	for n < len(digits) && digits[n] == '0' {
		n++
	}
	if len(digits)-n > precision {
		return dst, false
	}
	for len(digits)-n <= scale {
		n--
		digits[n] = '0'
	}
	return appendPoint(dst, digits[n:], neg, scale), true
}

// AppendSmallDecimal is AppendDecimal for numbers of up to 18 digits.
func AppendSmallDecimal(dst []byte, v int64, precision, scale int) ([]byte, bool) {
	var digits [24]byte
	u := uint64(v)
	if v < 0 {
		u = -u
	}
	text := strconv.AppendUint(digits[:0], u, 10)
	if u == 0 {
		text = text[:0]
	}
	if len(text) > precision {
		return dst, false
	}
	if pad := scale + 1 - len(text); pad > 0 {
		var padded [24]byte
		for i := range pad {
			padded[i] = '0'
		}
		text = append(padded[:pad], text...)
	}
	return appendPoint(dst, text, v < 0, scale), true
}

func appendPoint(dst, digits []byte, neg bool, scale int) []byte {
	if neg {
		dst = append(dst, '-')
	}
	whole := len(digits) - scale
	dst = append(dst, digits[:whole]...)
	if scale > 0 {
		dst = append(dst, '.')
		dst = append(dst, digits[whole:]...)
	}
	return dst
}
