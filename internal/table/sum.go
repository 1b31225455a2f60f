package table

import (
	"crypto/sha256"
	"encoding/binary"
)

// Sum is the first 128 bits of the SHA-256 of values.
type Sum [16]byte

// AppendValue appends a value so that no two lists of values have the same bytes: NULL is not the empty text, and the
// length precedes the value.
func AppendValue(dst, v []byte) []byte {
	if v == nil {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	dst = binary.AppendUvarint(dst, uint64(len(v)))
	return append(dst, v...)
}

// SumOf is the Sum of what AppendValue has appended.
func SumOf(values []byte) (out Sum) {
	sum := sha256.Sum256(values)
	copy(out[:], sum[:])
	return out
}

// Sum is the sum of a row's values; buf is scratch, and may be nil.
func (r *Rows) Sum(row int, buf *[]byte) Sum {
	if buf == nil {
		buf = new([]byte)
	}
	b := (*buf)[:0]
	for c := range r.cols {
		b = AppendValue(b, r.Value(row, c))
	}
	*buf = b
	return SumOf(b)
}
