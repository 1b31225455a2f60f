package verify

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
)

// Digest is the sum of the Sums of rows, modulo 2^128, in any order. It names what was found equal: one text for both
// sides, and for a later comparison of the same rows. No verdict depends on it.
type Digest struct{ high, low uint64 }

// Add adds a row.
func (d *Digest) Add(s Sum) {
	d.Merge(Digest{binary.BigEndian.Uint64(s[:8]), binary.BigEndian.Uint64(s[8:])})
}

// Merge adds the rows of another Digest.
func (d *Digest) Merge(o Digest) {
	var carry uint64
	d.low, carry = bits.Add64(d.low, o.low, 0)
	d.high, _ = bits.Add64(d.high, o.high, carry)
}

// String is the Digest as 32 hexadecimal digits.
func (d Digest) String() string { return fmt.Sprintf("%016x%016x", d.high, d.low) }

// MarshalText is String.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Digest) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != 16 {
		return fmt.Errorf("%q is not a digest of 32 hexadecimal digits", text)
	}
	d.high, d.low = binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	return nil
}
