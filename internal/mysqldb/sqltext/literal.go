package sqltext

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/tablehaul/tablehaul/internal/table"
)

// errBadText is wrapped where a value is not a text of its column's kind: a damaged file, or
// a bug of ours, and never a reason to send the text to a server unquoted.
var errBadText = errors.New("value is not a text of its column's kind")

// An Appender appends a value that is not NULL to dst as SQL text.
type Appender func(dst, value []byte) ([]byte, error)

// NewAppender chooses how values of the carried column from are written into the target
// column to. Sessions have utf8mb4, and no NO_BACKSLASH_ESCAPES.
func NewAppender(from, to table.Column) (Appender, error) {
	if from.RawCharset {
		return RawCharsetAppender(from.Charset)
	}
	switch from.Kind {
	case table.KindInt, table.KindUint, table.KindBit, table.KindYear:
		return appendInteger, nil
	case table.KindDecimal:
		return appendDecimal, nil
	case table.KindFloat, table.KindDouble:
		return AppendDouble, nil
	case table.KindEnum:
		hasEmpty, errorValue := slices.Contains(from.Members, ""), "''" // what the source prints
		if to.Kind == table.KindEnum {
			errorValue = "0" // the index: no text means the error value
		}
		return func(dst, v []byte) ([]byte, error) {
			if IsEnumError(v, hasEmpty) {
				return append(dst, errorValue...), nil
			}
			return AppendQuoted(dst, v), nil
		}, nil
	case table.KindSet:
		if from.SetByNumber() {
			return setAppender(from, to), nil
		}
		return quoted, nil
	case table.KindJSON:
		if to.Kind == table.KindJSON {
			return appendJSON, nil
		}
		return quoted, nil
	case table.KindDate, table.KindDateTime, table.KindTimestamp, table.KindTime,
		table.KindString, table.KindUUID, table.KindInet:
		return quoted, nil
	case table.KindBytes, table.KindGeometry:
		return appendBinary, nil
	default:
		return nil, fmt.Errorf("column %s: type %s cannot be written", from.Name, from.Type)
	}
}

// IsEnumError reports whether a text means an ENUM's error value, index 0.
func IsEnumError(v []byte, hasEmptyMember bool) bool {
	if hasEmptyMember {
		return len(v) == 1 && v[0] == 0
	}
	return len(v) == 0
}

// appendInteger appends a bare integer, and nothing but an integer.
func appendInteger(dst, v []byte) ([]byte, error) {
	if digits := bytes.TrimPrefix(v, []byte("-")); len(digits) == 0 || !allDigits(digits) {
		return dst, errBadText
	}
	return append(dst, v...), nil
}

// appendDecimal appends a bare number with an optional fraction: MySQL reads it as a DECIMAL.
func appendDecimal(dst, v []byte) ([]byte, error) {
	whole, fraction, point := bytes.Cut(bytes.TrimPrefix(v, []byte("-")), []byte("."))
	if !allDigits(whole) || !allDigits(fraction) || len(whole)+len(fraction) == 0 || (point && len(fraction) == 0) {
		return dst, errBadText
	}
	return append(dst, v...), nil
}

// AppendDouble appends a number with an exponent: without one MySQL would read a DECIMAL,
// which has no −0 and fewer digits.
func AppendDouble(dst, v []byte) ([]byte, error) {
	mantissa, exponent := v, []byte(nil)
	if i := bytes.IndexAny(v, "eE"); i >= 0 {
		mantissa, exponent = v[:i], v[i+1:]
		if len(exponent) > 0 && (exponent[0] == '-' || exponent[0] == '+') {
			exponent = exponent[1:]
		}
		if len(exponent) == 0 || !allDigits(exponent) {
			return dst, errBadText
		}
	}
	start := len(dst)
	dst, err := appendDecimal(dst, mantissa)
	if err != nil {
		return dst, err
	}
	if exponent == nil {
		return append(dst, "e0"...), nil
	}
	return append(dst[:start], v...), nil
}

func allDigits(v []byte) bool {
	for _, c := range v {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func quoted(dst, v []byte) ([]byte, error) { return AppendQuoted(dst, v), nil }

// special are the bytes that are escaped: only the quote and the backslash end or change a
// literal in a utf8mb4 session, and NUL is for the tools that read logs as C strings.
var special = [256]byte{'\'': '\'', '\\': '\\', 0: '0'}

// AppendQuoted appends '…'.
func AppendQuoted(dst, v []byte) []byte {
	dst = append(dst, '\'')
	dst = AppendEscaped(dst, v, &special)
	return append(dst, '\'')
}

// AppendEscaped appends v with a backslash, and what the table has, for each byte that is in the table.
func AppendEscaped(dst, v []byte, escapes *[256]byte) []byte {
	plain := 0 // where the piece that needs no escape begins
	for i, c := range v {
		if e := escapes[c]; e != 0 {
			dst = append(dst, v[plain:i]...)
			dst = append(dst, '\\', e)
			plain = i + 1
		}
	}
	return append(dst, v[plain:]...)
}

// appendBinary appends _binary'…': half the size of a hex literal.
func appendBinary(dst, v []byte) ([]byte, error) {
	return AppendQuoted(append(dst, "_binary"...), v), nil
}

const hexDigits = "0123456789abcdef"

// AppendHex appends a hex literal, x'…'.
func AppendHex(dst, v []byte) []byte {
	dst = append(dst, "x'"...)
	for _, c := range v {
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return append(dst, '\'')
}

// AssignAppender is the appender for a value that is assigned to a column, where compare is the one for
// values that are compared with it.
//
// Bytes go as they are into a column of their own character set. With an introducer, MySQL warns of a byte that has no
// character (x'98' of cp1251), or takes the text for NULL, although the column holds that byte like any other.
func AssignAppender(from, to table.Column, compare Appender) Appender {
	if !from.RawCharset || from.Charset != to.Charset {
		return compare
	}
	return func(dst, v []byte) ([]byte, error) { return AppendHex(append(dst, "_binary "...), v), nil }
}

// RawCharsetAppender writes bytes of a character set as a hex literal with an introducer: in
// some of them a backslash can be the second byte of a character, so quoting is not safe.
func RawCharsetAppender(charset string) (Appender, error) {
	for _, c := range []byte(charset) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return nil, fmt.Errorf("character set %q is not a name", charset)
		}
	}
	introducer := "_" + charset + " "
	return func(dst, v []byte) ([]byte, error) {
		return AppendHex(append(dst, introducer...), v), nil
	}, nil
}
