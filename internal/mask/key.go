package mask

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// MinKey is the least length of a key, in bytes.
const MinKey = 16

// Key is the secret of keyed masks. It prints as nothing, and has no JSON. The zero value is no key.
type Key struct{ secret []byte }

// NewKey is the key of a secret text; of an empty one it is no key.
func NewKey(secret string) Key { return Key{[]byte(secret)} }

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return len(k.secret) == 0 }

// String hides the key.
func (k Key) String() string { return "***" }

// GoString hides the key.
func (k Key) GoString() string { return "***" }

// MarshalText hides the key.
func (k Key) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Fingerprint tells keys apart and does not tell the key; empty for no key.
func (k Key) Fingerprint() string {
	if k.IsZero() {
		return ""
	}
	m := hmac.New(sha256.New, k.secret)
	m.Write([]byte("tablehaul: fingerprint of a mask key"))
	return hex.EncodeToString(m.Sum(nil)[:8])
}

// HexLength is how many characters the mask hmac gives.
const HexLength = 2 * sha256.Size

// Masker computes keyed masks. It is for one goroutine.
type Masker struct {
	mac hash.Hash
	sum []byte
}

// Masker returns one of the key, which must not be zero.
func (k Key) Masker() *Masker { return &Masker{mac: hmac.New(sha256.New, k.secret)} }

// digest is the HMAC of a text under one of two uses of the key.
func (m *Masker) digest(use byte, parts ...[]byte) []byte {
	m.mac.Reset()
	m.mac.Write([]byte{use})
	for _, p := range parts {
		if len(parts) > 1 {
			m.mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
		}
		m.mac.Write(p)
	}
	m.sum = m.mac.Sum(m.sum[:0])
	return m.sum
}

// AppendHMAC appends HMAC-SHA-256 of a value's text, as 64 lower-case hexadecimal digits. Equal texts give equal
// results in every table, so that masked columns can be joined.
func (m *Masker) AppendHMAC(dst, value []byte) []byte {
	return hex.AppendEncode(dst, m.digest('v', value))
}

// Shift is by how many days the dates of a row move: -182 to 182 and never 0. It depends on the row's primary key
// alone, so that what lies between two dates of a row stays.
func (m *Masker) Shift(key ...[]byte) int {
	const days = 182
	n := int(binary.BigEndian.Uint64(m.digest('d', key...)) % (2 * days))
	if n < days {
		return n - days
	}
	return n - days + 1
}

// bounds of what the types hold; a shift that leaves them goes the other way.
var (
	firstDate, lastDate = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	firstTimestamp      = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)
	lastTimestamp       = time.Date(2038, 1, 18, 0, 0, 0, 0, time.UTC)
)

// AppendShifted appends a DATE, DATETIME or TIMESTAMP whose day is another one; its time of day stays. A value that
// is no date of the calendar, such as 0000-00-00, becomes the first day of its year, and the year 0 stays the zero
// date.
func AppendShifted(dst, value []byte, kind table.Kind, days int) []byte {
	if len(value) < len(time.DateOnly) {
		return append(dst, value...)
	}
	text, rest := string(value[:len(time.DateOnly)]), value[len(time.DateOnly):]
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		if day, err = time.Parse(time.DateOnly, text[:4]+"-01-01"); err != nil || text[:4] == "0000" {
			return append(append(dst, "0000-00-00"...), rest...)
		}
	}
	first, last := firstDate, lastDate
	if kind == table.KindTimestamp {
		first, last = firstTimestamp, lastTimestamp
	}
	to := day.AddDate(0, 0, days)
	if to.Before(first) || to.After(last) {
		to = day.AddDate(0, 0, -days)
	}
	return append(to.AppendFormat(dst, time.DateOnly), rest...)
}
