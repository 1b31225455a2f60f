package verify

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"

	"github.com/cespare/xxhash/v2"
)

// Digest is the sum of the hashes of rows, modulo 2^128, in any order. It names rows: one text for both sides, and for
// a later comparison of the same rows. No verdict of a comparison depends on it. Its hash shows accidents, and does not
// withstand anyone who looks for two rows with one hash; SHA-256 would cost a comparison by key a third of the worker's
// time.
type Digest struct{ high, low uint64 }

// AddRow adds a row, by what Layout.AppendRow has appended.
func (d *Digest) AddRow(values []byte) { d.Merge(digestOf(values)) }

// secondSeed is the seed of the second of the two hashes of a row.
const secondSeed = 0x746162_6c656861

// digestOf is the Digest of one row: two hashes by XXH64.
func digestOf(values []byte) Digest {
	var second xxhash.Digest
	second.ResetWithSeed(secondSeed)
	_, _ = second.Write(values) // always nil
	return Digest{xxhash.Sum64(values), second.Sum64()}
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
