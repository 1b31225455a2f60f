package format

import "bytes"

// tsvRecords is what MySQL writes: no quotes, a backslash in front of what would end a field or a line, \N for NULL.
type tsvRecords struct {
	delimiter byte
	crlf      bool
	text      []byte // of fields with escapes
}

// tsvEscapes are those of LOAD DATA; a backslash in front of another byte is that byte.
var tsvEscapes = [256]byte{'0': 0, 'b': '\b', 'n': '\n', 'r': '\r', 't': '\t', 'Z': 26}

func (t *tsvRecords) next(s *source, into []field) ([]field, int, reason, error) {
	line, size, err := t.line(s)
	if err != nil {
		return into, 0, "", err
	}
	if t.crlf {
		line = bytes.TrimSuffix(line, []byte("\r"))
	}
	t.text = t.text[:0]
	escaped := bytes.IndexByte(line, '\\') >= 0
	for {
		end := t.end(line, escaped)
		into = appendField(into, t.field(line[:end], escaped))
		if end == len(line) {
			return into, size, "", nil
		}
		line = line[end+1:]
	}
}

// line is the next line whose end has no backslash in front of it.
func (t *tsvRecords) line(s *source) ([]byte, int, error) {
	line, size, err := s.line()
	for err == nil && size > len(line) && odd(line) {
		seen := size
		for {
			w := s.window()
			if i := bytes.IndexByte(w[seen:], '\n'); i >= 0 {
				line, size = w[:seen+i], seen+i+1
				break
			}
			seen = len(w)
			if err = s.more(); err != nil {
				return nil, 0, unexpected(err)
			}
		}
	}
	return line, size, err
}

// odd reports whether line ends with an odd number of backslashes.
func odd(line []byte) bool {
	n := 0
	for n < len(line) && line[len(line)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// end is where the first field of line ends.
func (t *tsvRecords) end(line []byte, escaped bool) int {
	if !escaped {
		if i := bytes.IndexByte(line, t.delimiter); i >= 0 {
			return i
		}
		return len(line)
	}
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case t.delimiter:
			return i
		}
	}
	return len(line)
}

// field takes the escapes out of a field.
func (t *tsvRecords) field(b []byte, escaped bool) field {
	if !escaped || bytes.IndexByte(b, '\\') < 0 {
		return field{text: b}
	}
	if string(b) == `\N` {
		return field{null: true}
	}
	start := len(t.text)
	for i := 0; i < len(b); i++ {
		ch := b[i]
		if ch == '\\' && i+1 < len(b) {
			i++
			ch = b[i]
			if e := tsvEscapes[ch]; e != 0 || ch == '0' {
				ch = e
			}
		}
		t.text = append(t.text, ch)
	}
	return field{text: t.text[start:len(t.text):len(t.text)]}
}
