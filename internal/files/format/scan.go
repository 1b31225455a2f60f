package format

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner walks JSON text. It keeps to RFC 8259, but for UTF-8, which is checked where a text is used.
type scanner struct {
	b []byte
	i int
}

// maxNesting is MySQL's own limit for a document.
const maxNesting = 100

func (p *scanner) space() {
	for p.i < len(p.b) && isSpace(p.b[p.i]) {
		p.i++
	}
}

func (p *scanner) take(ch byte) bool {
	if p.i < len(p.b) && p.b[p.i] == ch {
		p.i++
		return true
	}
	return false
}

// value passes over a value and says what it is: n, t, f, # for a number, ", { or [; 0 is no value.
func (p *scanner) value(depth int) (kind byte, escaped bool) {
	if p.i >= len(p.b) || depth > maxNesting {
		return 0, false
	}
	ok := false
	kind = p.b[p.i]
	switch kind {
	case '"':
		escaped, ok = p.string()
	case '{', '[':
		ok = p.container(kind, depth)
	case 't':
		ok = p.word("true")
	case 'f':
		ok = p.word("false")
	case 'n':
		ok = p.word("null")
	default:
		kind = '#'
		ok = p.number()
	}
	if !ok {
		return 0, false
	}
	return kind, escaped
}

func (p *scanner) word(w string) bool {
	if len(p.b)-p.i < len(w) || string(p.b[p.i:p.i+len(w)]) != w {
		return false
	}
	p.i += len(w)
	return true
}

// container passes over an object or an array.
func (p *scanner) container(open byte, depth int) bool {
	p.i++
	last := open + 2 // } and ] in ASCII
	p.space()
	if p.take(last) {
		return true
	}
	for {
		if open == '{' {
			if _, ok := p.string(); !ok {
				return false
			}
			p.space()
			if !p.take(':') {
				return false
			}
			p.space()
		}
		if kind, _ := p.value(depth + 1); kind == 0 {
			return false
		}
		p.space()
		if p.take(last) {
			return true
		}
		if !p.take(',') {
			return false
		}
		p.space()
	}
}

func (p *scanner) digits() int {
	start := p.i
	for p.i < len(p.b) && p.b[p.i]-'0' <= 9 {
		p.i++
	}
	return p.i - start
}

func (p *scanner) number() bool {
	p.take('-')
	if !p.take('0') && p.digits() == 0 {
		return false
	}
	if p.take('.') && p.digits() == 0 {
		return false
	}
	if p.take('e') || p.take('E') {
		if !p.take('+') {
			p.take('-')
		}
		return p.digits() > 0
	}
	return true
}

// Bytes of a word, each of them once.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// plain is how many bytes of b, up to eight, end no string and escape nothing; -1 where there are fewer than eight.
func plain(b []byte) int {
	if len(b) < 8 {
		return -1
	}
	w := binary.LittleEndian.Uint64(b)
	quote, backslash := w^('"'*ones), w^('\\'*ones)
	special := (w - 0x20*ones) &^ w
	special |= (quote - ones) &^ quote
	special |= (backslash - ones) &^ backslash
	return bits.TrailingZeros64(special&highs) / 8
}

// string passes over a string with its quotes, and says whether it has escapes.
func (p *scanner) string() (escaped, ok bool) {
	if !p.take('"') {
		return false, false
	}
	for p.i < len(p.b) {
		n := plain(p.b[p.i:])
		if n > 0 {
			p.i += n
			continue
		}
		ch := p.b[p.i]
		p.i++
		switch {
		case ch == '"':
			return escaped, true
		case ch == '\\':
			if !p.escape() {
				return false, false
			}
			escaped = true
		case ch < 0x20:
			return false, false
		}
	}
	return false, false
}

// escape passes over what follows a backslash.
func (p *scanner) escape() bool {
	if p.i >= len(p.b) {
		return false
	}
	ch := p.b[p.i]
	p.i++
	switch ch {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		_, ok := hex4(p.b[p.i:])
		p.i += 4
		return ok
	default:
		return false
	}
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, ch := range b[:4] {
		switch {
		case ch >= '0' && ch <= '9':
			ch -= '0'
		case ch >= 'a' && ch <= 'f':
			ch -= 'a' - 10
		case ch >= 'A' && ch <= 'F':
			ch -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(ch)
	}
	return r, true
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape appends the text of a string that scanner.string has passed over.
func unescape(dst, b []byte) ([]byte, reason) {
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			dst = append(dst, b[i])
			continue
		}
		i++
		if b[i] != 'u' {
			dst = append(dst, escapes[b[i]])
			continue
		}
		r, _ := hex4(b[i+1:])
		i += 4
		if utf16.IsSurrogate(r) {
			low := rune(0)
			if i+6 < len(b) && b[i+1] == '\\' && b[i+2] == 'u' {
				low, _ = hex4(b[i+3:])
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				return dst, whySurrogate
			}
			i += 6
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, ""
}
