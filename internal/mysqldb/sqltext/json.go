package sqltext

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// maxDecimalDigits is the longest number that a DECIMAL inside a document can have.
const maxDecimalDigits = 65

// appendJSON appends a document of MySQL's as SQL for a JSON column, so that it prints there as it does at its source.
//
// MySQL's documents hold DECIMALs where functions built them (JSON_OBJECT over a DECIMAL column, say). Printed and
// parsed they become DOUBLEs: 1.10 turns into 1.1, and digits beyond the seventeenth go. A document with such a number
// is built by functions again; every other one is its own text. What text cannot tell apart (a date from a string of
// it, the DECIMAL 1.5 from the DOUBLE) arrives as what the text says.
func appendJSON(dst, v []byte) ([]byte, error) {
	if !holdsDecimal(v) {
		return AppendQuoted(dst, v), nil
	}
	p := jsonText{text: bytes.Trim(v, jsonSpace)}
	out, err := p.value(dst, true)
	if err == nil && p.at != len(p.text) {
		err = errBadText
	}
	return out, err
}

// jsonSpace are the characters between the values of a document. A server prints spaces behind "," and ":" only; files
// of others have any.
const jsonSpace = " \t\r\n"

// jsonText is a walk over a document.
type jsonText struct {
	text []byte
	at   int
}

// value appends the SQL of the value that begins here. The outermost must be a document by
// itself, where those inside are arguments of JSON functions.
func (p *jsonText) value(dst []byte, outermost bool) ([]byte, error) {
	p.space()
	began := p.at
	if err := p.skip(); err != nil {
		return dst, err
	}
	v := p.text[began:p.at]
	switch {
	case !holdsDecimal(v):
		return append(AppendQuoted(append(dst, "CAST("...), v), " AS JSON)"...), nil
	case v[0] == '[' || v[0] == '{':
		inner := jsonText{text: v, at: 1}
		return inner.members(dst)
	case !isDecimal(v):
		return dst, errBadText
	case outermost:
		return append(append(append(dst, "CAST("...), v...), " AS JSON)"...), nil
	}
	return append(dst, v...), nil
}

// members appends JSON_OBJECT(…) or JSON_ARRAY(…) of what follows the opening bracket.
func (p *jsonText) members(dst []byte) ([]byte, error) {
	object := p.text[0] == '{'
	dst = append(dst, "JSON_ARRAY("...)
	if object {
		dst = append(dst[:len(dst)-len("ARRAY(")], "OBJECT("...)
	}
	for first := true; ; first = false {
		if !first {
			dst = append(dst, ',')
		}
		if object {
			p.space()
			began := p.at
			if err := p.skip(); err != nil {
				return dst, err
			}
			var key string
			if err := json.Unmarshal(p.text[began:p.at], &key); err != nil || !p.take(':') {
				return dst, errBadText
			}
			dst = append(AppendQuoted(dst, []byte(key)), ',')
		}
		var err error
		if dst, err = p.value(dst, false); err != nil {
			return dst, err
		}
		if !p.take(',') {
			break
		}
	}
	if p.at != len(p.text)-1 {
		return dst, errBadText
	}
	return append(dst, ')'), nil
}

// take passes over space and c, and space only where c is not there.
func (p *jsonText) take(c byte) bool {
	p.space()
	if p.at == len(p.text) || p.text[p.at] != c {
		return false
	}
	p.at++
	return true
}

func (p *jsonText) space() {
	for p.at < len(p.text) && strings.IndexByte(jsonSpace, p.text[p.at]) >= 0 {
		p.at++
	}
}

// skip moves behind the value that begins here.
func (p *jsonText) skip() error {
	depth := 0
	for p.at < len(p.text) {
		switch c := p.text[p.at]; c {
		case '"':
			p.at = stringEnd(p.text, p.at)
		case '[', '{':
			depth++
			p.at++
		case ']', '}':
			depth--
			p.at++
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return errBadText
			}
			p.at++
		default:
			p.at = wordEnd(p.text, p.at)
		}
		if depth <= 0 {
			if depth < 0 {
				return errBadText
			}
			return nil
		}
	}
	return errBadText
}

// stringEnd is the place after the string that begins at i.
func stringEnd(v []byte, i int) int {
	for i++; i < len(v); i++ {
		switch v[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(v)
}

// wordEnd is the place after the number or word that begins at i.
func wordEnd(v []byte, i int) int {
	for ; i < len(v); i++ {
		switch v[i] {
		case ',', ':', ' ', '\t', '\r', '\n', '[', ']', '{', '}', '"':
			return i
		}
	}
	return i
}

// holdsDecimal reports whether a text has a number that would not print the same once parsed.
func holdsDecimal(v []byte) bool {
	for i := 0; i < len(v); {
		c := v[i]
		switch {
		case c == '"':
			i = stringEnd(v, i)
		case c == '-' || c >= '0' && c <= '9':
			end := wordEnd(v, i)
			if isDecimal(v[i:end]) {
				return true
			}
			i = end
		default:
			i++
		}
	}
	return false
}

// isDecimal reports whether a number is neither an integer of 64 bits nor the text that MySQL
// prints for a DOUBLE. The server decides about a text that is not a plain decimal.
func isDecimal(v []byte) bool {
	digits := bytes.TrimPrefix(v, []byte("-"))
	if len(digits) > maxDecimalDigits+1 || bytes.ContainsAny(v, "eE") {
		return false // a DECIMAL has no exponent
	}
	whole, fraction, point := bytes.Cut(digits, []byte("."))
	if !allDigits(whole) || !allDigits(fraction) || len(whole) == 0 || point && len(fraction) == 0 {
		return false
	}
	text := string(v)
	if !point {
		if _, err := strconv.ParseInt(text, 10, 64); err == nil {
			return false
		}
		_, err := strconv.ParseUint(text, 10, 64)
		return err != nil
	}
	f, err := strconv.ParseFloat(text, 64)
	return err != nil || fixedText(f) != text
}

// maxFixedPlaces is where MySQL's printing of doubles goes over to an exponent: for whole
// numbers of more places, and for so many zeros after the point (MAX_DECPT_FOR_F_FORMAT in dtoa.cc).
const maxFixedPlaces = 15

// fixedText prints a double as MySQL prints it inside a document, and is empty for one that
// is printed there with an exponent.
func fixedText(f float64) string {
	_, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	n, err := strconv.Atoi(exponent)
	whole := f == math.Trunc(f)
	if err != nil || n < -maxFixedPlaces || n >= maxFixedPlaces && whole {
		return ""
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if whole {
		text += ".0"
	}
	return text
}
