package format

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// cutter finds places between two rows of a text, without reading what is before them.
//
//	JSON Lines   behind any line break: a text of JSON has none
//	TSV          behind a line break with an even number of backslashes before it
//	CSV          behind a line break that cannot be inside of quotes
//
// Of CSV, a line break is inside of quotes only if the next quote that is not doubled ends a field, for the reader
// refuses a file that has text behind a closing quote. So a next quote that text follows, or none within the size of a
// row, proves that the line break ends a record. Where that is no proof, the next line break is tried. In a file that
// the reader refuses the proof may fail; then the piece before does not end at the cut, and is refused, too.
type cutter struct {
	ctx   context.Context
	f     File
	name  string
	o     *Options
	limit int64 // of a row, in bytes
	// fields are those of a record of CSV.
	fields int
	csv    csvRecords

	block []byte // of the file
	at    int64  // of block in the file
}

const (
	// cutBlock is what is read at once at a new place; behind it, blockBytes are.
	cutBlock = 256 << 10
	// cutTries bounds the line breaks that are tried for one cut.
	cutTries = 100
	// cutRun bounds the backslashes that are counted before a line break.
	cutRun = 1000
)

// header reads what is before the first row, and returns where that begins.
func (c *cutter) header() (int64, error) {
	s, err := newSource(c.ctx, c.f, c.name, c.o)
	if err != nil {
		return 0, err
	}
	defer s.close()
	r := &textReader{src: s}
	if err := r.choose(c.o); err != nil {
		return 0, fmt.Errorf("%s: %w", c.name, err)
	}
	if err := r.begin(Position{}, c.o); err != nil {
		return 0, s.wrap(err, 0)
	}
	c.fields = len(r.names)
	if records, ok := r.record.(*csvRecords); ok {
		c.csv.delimiter = records.delimiter
	}
	return s.offset, nil
}

// after is a place between two rows behind at; -1 where none is certain.
func (c *cutter) after(at int64) (int64, error) {
	from := at
	for range cutTries {
		end, err := c.find('\n', from, at+c.limit)
		if end < 0 || err != nil {
			return -1, err
		}
		from = end + 1
		switch c.o.Format {
		case JSONLines:
			return from, nil
		case TSV:
			if ok, err := c.unescaped(end, at); ok || err != nil {
				return from, err
			}
		default:
			closed, err := c.quotes(from)
			if err != nil {
				return -1, err
			}
			if closed > 0 {
				from = closed
				continue
			}
			if ok, err := c.records(from); ok || err != nil {
				return from, err
			}
		}
	}
	return -1, nil
}

// unescaped reports whether the line break at end ends a line. What is before first is not looked at.
func (c *cutter) unescaped(end, first int64) (bool, error) {
	start := max(first, end-cutRun)
	b, err := c.load(start)
	if err != nil || int64(len(b)) < end-start {
		return false, err
	}
	before := b[:end-start]
	return len(bytes.TrimRight(before, "\\")) > 0 && !odd(before), nil
}

// quotes is 0 where no field with quotes can be open at an offset, else the place behind the quote that would close it.
func (c *cutter) quotes(offset int64) (closed int64, err error) {
	for from := offset; ; {
		quote, err := c.find('"', from, offset+c.limit)
		if quote < 0 || err != nil {
			return 0, err
		}
		next, err := c.load(quote + 1)
		if err != nil {
			return 0, err
		}
		switch {
		case len(next) == 0:
			return quote + 1, nil
		case next[0] == '"':
			from = quote + 2
			continue
		case next[0] == c.csv.delimiter || next[0] == '\n':
			return quote + 1, nil
		case next[0] == '\r':
			if next, err = c.load(quote + 2); err != nil || len(next) == 0 || next[0] == '\n' {
				return quote + 1, err
			}
		}
		return 0, nil
	}
}

// records reports whether records follow that have the header's number of fields.
func (c *cutter) records(offset int64) (bool, error) {
	b := make([]byte, min(cutBlock, c.f.Size()-offset))
	if err := c.read(b, offset); err != nil {
		return false, err
	}
	last := offset+int64(len(b)) == c.f.Size()
	var fields []field
	n := 0
	for len(b) > 0 {
		c.csv.unquoted = c.csv.unquoted[:0]
		found, size, why, complete := c.csv.parse(b, fields[:0], last)
		if !complete {
			break
		}
		empty := len(found) == 1 && len(found[0].text) == 0
		if why != "" || len(found) != c.fields && !empty {
			return false, nil
		}
		fields, b = found, b[size:]
		n++
	}
	return n > 0, nil
}

// find is the offset of a byte within from (inclusive) to to (exclusive); -1 where there is none.
func (c *cutter) find(what byte, from, to int64) (int64, error) {
	for from < to {
		b, err := c.load(from)
		if err != nil || len(b) == 0 {
			return -1, err
		}
		b = b[:min(int64(len(b)), to-from)]
		if i := bytes.IndexByte(b, what); i >= 0 {
			return from + int64(i), nil
		}
		from += int64(len(b))
	}
	return -1, nil
}

// load is some of the file from an offset on; nothing at its end.
func (c *cutter) load(from int64) ([]byte, error) {
	if from >= c.at && from < c.at+int64(len(c.block)) {
		return c.block[from-c.at:], nil
	}
	size := int64(cutBlock)
	if len(c.block) > 0 && from == c.at+int64(len(c.block)) {
		size = blockBytes
	}
	if size = min(size, c.f.Size()-from); size <= 0 {
		return nil, nil
	}
	if int64(cap(c.block)) < size {
		c.block = make([]byte, size)
	}
	c.block, c.at = c.block[:size], from
	if err := c.read(c.block, from); err != nil {
		c.block = c.block[:0]
		return nil, err
	}
	return c.block, nil
}

func (c *cutter) read(b []byte, at int64) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	n, err := c.f.ReadAt(b, at)
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return errShrunk
	}
	return err
}
