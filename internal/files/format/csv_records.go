package format

import (
	"bytes"
	"errors"
	"io"
)

// csvRecords is RFC 4180: quotes around a field, doubled inside; records end with LF or CRLF.
type csvRecords struct {
	delimiter byte
	unquoted  []byte // texts of fields with doubled quotes
}

func (c *csvRecords) next(s *source, into []field) ([]field, int, reason, error) {
	if len(s.window()) == 0 {
		if err := s.more(); err != nil {
			return into, 0, "", err
		}
	}
	for {
		c.unquoted = c.unquoted[:0]
		fields, size, why, complete := c.parse(s.window(), into[:0], s.eof)
		if complete {
			return fields, size, why, nil
		}
		// The window is doubled, so that a long record is not parsed once for each piece of it.
		for want := 2 * len(s.window()); len(s.window()) < want; {
			if err := s.more(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return into, 0, "", err
			}
		}
		if s.eof {
			fields, size, why, complete = c.parse(s.window(), into[:0], true)
			if !complete {
				return into, 0, "", io.ErrUnexpectedEOF // inside of quotes
			}
			return fields, size, why, nil
		}
	}
}

// parse takes a record off the start of w; complete is false where w ends inside of it.
func (c *csvRecords) parse(w []byte, into []field, last bool) (fields []field, size int, why reason, complete bool) {
	i := 0
	for {
		if i < len(w) && w[i] == '"' {
			f, n, bad := c.quoted(w[i:], last)
			if n == 0 {
				return into, 0, "", false
			}
			if bad != "" {
				why = bad
			}
			into = appendField(into, f)
			i += n
		} else {
			n := 0
			for rest := w[i:]; n < len(rest) && rest[n] != c.delimiter && rest[n] != '\n'; n++ {
				if rest[n] == '"' {
					why = whyQuoteIn
				}
			}
			text := w[i : i+n]
			i += n
			if i < len(w) && w[i] == '\n' || i == len(w) && last {
				text = bytes.TrimSuffix(text, []byte("\r"))
			}
			into = appendField(into, field{text: text})
		}
		switch {
		case i == len(w):
			return into, i, why, last
		case w[i] == '\n':
			return into, i + 1, why, true
		default:
			i++ // the delimiter
		}
	}
}

// appendField forgets the fields behind maxFields, whose record then has another number of them than the header.
func appendField(into []field, f field) []field {
	if len(into) > maxFields {
		return into
	}
	return append(into, f)
}

// quoted reads a field with quotes up to its delimiter or the end of its line; n is 0 where w ends before.
func (c *csvRecords) quoted(w []byte, last bool) (f field, n int, why reason) {
	f.quoted = true
	start, i, doubled := 1, 1, len(c.unquoted)
	for {
		end := bytes.IndexByte(w[i:], '"')
		if end < 0 {
			return f, 0, ""
		}
		i += end + 1
		if i < len(w) && w[i] == '"' {
			c.unquoted = append(c.unquoted, w[start:i]...)
			i++
			start = i
			continue
		}
		break
	}
	f.text = w[start : i-1]
	if start > 1 {
		c.unquoted = append(c.unquoted, f.text...)
		f.text = c.unquoted[doubled:len(c.unquoted):len(c.unquoted)]
	}
	if i < len(w) && w[i] == '\r' && (i+1 < len(w) && w[i+1] == '\n' || i+1 == len(w) && last) {
		i++
	}
	switch {
	case i == len(w):
		if !last {
			return f, 0, ""
		}
	case w[i] != c.delimiter && w[i] != '\n':
		why = whyQuoteAfter
		for i < len(w) && w[i] != c.delimiter && w[i] != '\n' {
			i++
		}
	}
	return f, i, why
}
