package format

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tablehaul/tablehaul/internal/table"
)

// value converts a text: a field of CSV, a string of JSON, a STRING of Parquet.
func (c *column) value(dst, b []byte) ([]byte, reason) {
	switch c.Kind {
	case table.KindString:
		return c.chars(dst, b)
	case table.KindInt, table.KindUint, table.KindDecimal, table.KindFloat, table.KindDouble, table.KindYear:
		if c.boolean && len(b) > 0 && b[0] > '9' {
			return c.word(dst, b)
		}
		return c.number(dst, b)
	case table.KindBit:
		if c.encoding != "" {
			return c.decoded(dst, b)
		}
		if c.boolean && len(b) > 0 && b[0] > '9' {
			return c.word(dst, b)
		}
		return c.number(dst, b)
	case table.KindDate, table.KindDateTime, table.KindTimestamp:
		return c.momentText(dst, b)
	case table.KindTime:
		return c.clockText(dst, b)
	case table.KindBytes, table.KindGeometry:
		return c.decoded(dst, b)
	case table.KindEnum:
		i, ok := c.member(b)
		switch {
		case ok:
			return append(dst, c.Members[i]...), ""
		case len(b) == 0 && c.enumError:
			return dst, ""
		}
		return dst, whyMember
	case table.KindSet:
		return c.set(dst, b)
	case table.KindJSON:
		return c.jsonDocument(dst, b)
	case table.KindUUID:
		return appendUUIDText(dst, b)
	case table.KindInet:
		return c.inet(dst, b)
	default:
		return dst, whyKind
	}
}

// word is a boolean as programs write it.
func (c *column) word(dst, b []byte) ([]byte, reason) {
	switch {
	case bytes.EqualFold(b, []byte("true")):
		return append(dst, '1'), ""
	case bytes.EqualFold(b, []byte("false")):
		return append(dst, '0'), ""
	default:
		return dst, whyNumber
	}
}

// chars converts a text into a column of characters.
func (c *column) chars(dst, b []byte) ([]byte, reason) {
	b, why := c.checked(b)
	if why != "" {
		return dst, why
	}
	return append(dst, b...), ""
}

// checked is a text as a column of characters keeps it, in place.
func (c *column) checked(b []byte) ([]byte, reason) {
	if c.fixed { // the server takes them off
		b = bytes.TrimRight(b, " ")
	}
	switch {
	case c.byteLimit > 0 && uint64(len(b)) > c.byteLimit:
		return nil, whyLength
	case !utf8.Valid(b):
		return nil, whyUTF8
	case c.runeLimit > 0 && uint64(len(b)) > c.runeLimit && uint64(utf8.RuneCount(b)) > c.runeLimit:
		return nil, whyLength
	case c.maxRune > 0 && !below(b, c.maxRune):
		return nil, whyCharset
	}
	return b, ""
}

// below reports whether no character of valid UTF-8 is above limit, which is 7F or FFFF.
func below(b []byte, limit rune) bool {
	first := byte(0x80)
	if limit > 0x7f {
		first = 0xf0 // begins a character of four bytes
	}
	for _, ch := range b {
		if ch >= first {
			return false
		}
	}
	return true
}

// decoded converts the bytes that a text holds.
func (c *column) decoded(dst, b []byte) ([]byte, reason) {
	start := len(dst)
	switch c.encoding {
	case BytesRaw:
		dst = append(dst, b...)
	case BytesHex:
		if len(b) >= 2 && b[0] == '0' && (b[1] == 'x' || b[1] == 'X') {
			b = b[2:]
		}
		dst = slices.Grow(dst, len(b)/2)
		n, err := hex.Decode(dst[start:start+len(b)/2], b)
		if err != nil {
			return dst[:start], whyHex
		}
		dst = dst[:start+n]
	case BytesBase64:
		dst = slices.Grow(dst, base64.StdEncoding.DecodedLen(len(b)))
		n, err := base64.StdEncoding.Decode(dst[start:cap(dst)], b)
		if err != nil {
			return dst[:start], whyBase64
		}
		dst = dst[:start+n]
	default:
		return dst, whyKind
	}
	var why reason
	dst, why = c.binary(dst, start)
	if why != "" {
		return dst[:start], why
	}
	return dst, ""
}

// binary makes a value of the column from the bytes that are in dst behind start.
func (c *column) binary(dst []byte, start int) ([]byte, reason) {
	n := len(dst) - start
	switch c.Kind {
	case table.KindBytes:
		if c.Length > 0 && uint64(n) > c.Length {
			return dst, whyLength
		}
		for c.fixed && uint64(n) < c.Length { // the server would fill it up
			dst = append(dst, 0)
			n++
		}
		return dst, ""
	case table.KindGeometry:
		if n < 9 {
			return dst, whyKind
		}
		return dst, ""
	case table.KindBit:
		var v uint64
		for i, ch := range dst[start:] {
			if n-i > 8 && ch != 0 {
				return dst, whyRange
			}
			v = v<<8 | uint64(ch)
		}
		return c.uint64(dst[:start], v)
	case table.KindUUID:
		if n != 16 {
			return dst, whyUUID
		}
		var raw [16]byte
		copy(raw[:], dst[start:])
		return appendUUID(dst[:start], raw[:]), ""
	default:
		return dst, whyKind
	}
}

// binaryBytes converts bytes that a file holds as such.
func (c *column) binaryBytes(dst, b []byte) ([]byte, reason) {
	if c.Kind == table.KindBit && c.encoding == "" {
		return dst, whyKind
	}
	start := len(dst)
	out, why := c.binary(append(dst, b...), start)
	if why != "" {
		return out[:start], why
	}
	return out, ""
}

// member finds a member of an ENUM or SET as the server does: without case, where the collation has none.
func (c *column) member(b []byte) (int, bool) {
	if i, ok := c.members[string(b)]; ok {
		return i, true
	}
	if len(c.folded) == 0 {
		return 0, false
	}
	i, ok := c.folded[strings.ToLower(string(b))]
	return i, ok && i >= 0
}

// set writes members in the order of the column, each once.
func (c *column) set(dst, b []byte) ([]byte, reason) {
	var bits uint64
	for len(b) > 0 {
		name, rest, more := bytes.Cut(b, []byte(","))
		i, ok := c.member(name)
		if !ok || more && len(rest) == 0 {
			return dst, whyMember
		}
		bits |= 1 << i
		b = rest
	}
	if c.SetByNumber() {
		return strconv.AppendUint(dst, bits, 10), ""
	}
	first := true
	for i, m := range c.Members {
		if bits>>i&1 == 0 {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		dst, first = append(dst, m...), false
	}
	return dst, ""
}

const hexDigits = "0123456789abcdef"

func appendUUID(dst, raw []byte) []byte {
	for i, ch := range raw {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hexDigits[ch>>4], hexDigits[ch&15])
	}
	return dst
}

// appendUUIDText reads 32 hexadecimal digits with hyphens or without.
func appendUUIDText(dst, b []byte) ([]byte, reason) {
	var digits [32]byte
	n := 0
	for i, ch := range b {
		if ch == '-' && len(b) == 36 && (i == 8 || i == 13 || i == 18 || i == 23) {
			continue
		}
		if n == len(digits) {
			return dst, whyUUID
		}
		digits[n] = ch
		n++
	}
	var raw [16]byte
	if _, err := hex.Decode(raw[:], digits[:]); err != nil || n != len(digits) {
		return dst, whyUUID
	}
	return appendUUID(dst, raw[:]), ""
}

// inet prints an address as MariaDB does.
func (c *column) inet(dst, b []byte) ([]byte, reason) {
	a, err := netip.ParseAddr(string(b))
	if err != nil || a.Zone() != "" {
		return dst, whyInet
	}
	if strings.HasPrefix(strings.ToLower(c.Type), "inet4") != a.Is4() {
		return dst, whyInet
	}
	return a.AppendTo(dst), ""
}
