package format

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tablehaul/tablehaul/internal/table"
)

// jsonReader reads JSON Lines, and objects in an array or one after another.
type jsonReader struct {
	src     *source
	lines   bool
	array   bool // of JSON: the objects are in an array
	columns []*column
	object  object
	row     int64
	until   int64
	batch   batch
}

func openJSON(ctx context.Context, f File, name string, o Options, columns []*column, from Position) (Reader, error) {
	s, err := newSource(ctx, f, name, &o)
	if err != nil {
		return nil, err
	}
	s.base = from.Base
	r := &jsonReader{src: s, lines: o.Format == JSONLines, columns: columns, row: from.Row, until: o.Until.Offset}
	r.object.init(columns)
	if err = r.begin(from); err != nil {
		s.close()
		return nil, s.wrap(err, 0)
	}
	return r, nil
}

// begin reads what is in front of the first row, and moves to the position.
func (r *jsonReader) begin(from Position) error {
	if err := r.src.bom(); err != nil {
		return err
	}
	if !r.lines {
		first, err := r.src.skipSpace(isSpace)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if r.array = first == '['; r.array {
			r.src.advance(1)
		}
	}
	if from.Offset > r.src.offset {
		return r.src.seek(from.Offset)
	}
	return nil
}

// skipSpace moves to the first byte that is no space, and returns it.
func (s *source) skipSpace(space func(byte) bool) (byte, error) {
	for {
		w := s.window()
		i := 0
		for i < len(w) && space(w[i]) {
			i++
		}
		s.advance(i)
		if i < len(w) {
			return w[i], nil
		}
		if err := s.more(); err != nil {
			return 0, err
		}
	}
}

func isSpace(ch byte) bool { return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r' }

func isSpaceOrComma(ch byte) bool { return isSpace(ch) || ch == ',' }

func (r *jsonReader) Columns() []string { return r.object.names }

func (r *jsonReader) Position() Position {
	return Position{Row: r.row, Base: r.src.base, Offset: r.src.offset}
}

func (r *jsonReader) Close() error { r.src.close(); return nil }

func (r *jsonReader) Next(ctx context.Context, limit int) (*table.Rows, []BadRow, error) {
	r.src.file.ctx = ctx
	r.batch = newBatch(r.columns, limit)
	r.batch.base = r.src.base
	for !r.batch.full(limit) {
		object, size, err := r.next()
		if err == nil && object == nil {
			r.src.advance(size)
			continue
		}
		if errors.Is(err, io.EOF) && r.batch.rows.Len()+len(r.batch.bad) > 0 {
			break
		}
		if err != nil {
			r.batch.rows.Return()
			return nil, nil, r.src.wrap(err, r.row+1)
		}
		if err := r.add(object, size); err != nil {
			r.batch.rows.Return()
			return nil, nil, err
		}
	}
	return r.batch.rows, r.batch.bad, nil
}

// next is the next object and its size; nil is a line without one.
func (r *jsonReader) next() ([]byte, int, error) {
	if over, err := r.src.over(r.until, r.row); err != nil {
		return nil, 0, err
	} else if over {
		return nil, 0, io.EOF
	}
	if r.lines {
		line, size, err := r.src.line()
		if err == nil && len(bytes.TrimSpace(line)) == 0 {
			line = nil
		}
		return line, size, err
	}
	space := isSpace
	if r.array {
		space = isSpaceOrComma
	}
	first, err := r.src.skipSpace(space)
	switch {
	case errors.Is(err, io.EOF) && r.array:
		return nil, 0, io.ErrUnexpectedEOF
	case err != nil:
		return nil, 0, err
	case first == ']' && r.array:
		return nil, 0, r.end()
	case first != '{':
		return nil, 0, fmt.Errorf("%w: row %s: no JSON object begins at byte %d", ErrFile, place(r.row+1, r.src.base),
			r.src.offset)
	}
	return r.src.balanced()
}

// end checks that nothing follows the array; io.EOF is its end. The position stays before the bracket, so that a reader
// that continues there finds it, and does not take the file for one that ends within the array.
func (r *jsonReader) end() error {
	for i := 1; ; {
		w := r.src.window()
		for i < len(w) && isSpace(w[i]) {
			i++
		}
		if i < len(w) {
			return fmt.Errorf("%w: row %d: more follows the array that ends at byte %d", ErrFile, r.row, r.src.offset)
		}
		if err := r.src.more(); err != nil {
			return err
		}
	}
}

// balanced is the object at the start of the window, up to the bracket that closes it.
func (s *source) balanced() ([]byte, int, error) {
	depth, inString, i := 0, false, 0
	for {
		w := s.window()
		for ; i < len(w); i++ {
			switch ch := w[i]; {
			case inString && ch == '\\':
				i++
			case ch == '"':
				inString = !inString
			case inString:
			case ch == '{' || ch == '[':
				depth++
			case ch == '}' || ch == ']':
				if depth--; depth == 0 {
					return w[:i+1], i + 1, nil
				}
			}
		}
		if err := s.more(); errors.Is(err, io.EOF) {
			return nil, 0, io.ErrUnexpectedEOF
		} else if err != nil {
			return nil, 0, err
		}
	}
}

// add appends the row of an object.
func (r *jsonReader) add(b []byte, size int) error {
	row, before := r.row+1, r.batch.rows.Len()
	if int64(len(b)) > r.src.limit {
		return r.src.wrap(errLong, row)
	}
	if !r.object.parse(b) {
		if r.lines && size == len(b) && b[len(b)-1] != '}' { // the last line, without its end
			return r.src.wrap(io.ErrUnexpectedEOF, row)
		}
		r.batch.refuseRow(row, whyObject)
	} else if r.object.unclear {
		r.batch.refuseRow(row, whyUnclear)
	} else {
		r.values(row)
		r.batch.end(row, before)
	}
	r.src.advance(size)
	r.row = row
	return nil
}

// values appends those of the object that was taken apart.
func (r *jsonReader) values(row int64) {
	for i := range r.columns {
		v := &r.object.values[i]
		switch {
		case v.seen != r.object.round:
			r.batch.null(i, row)
		case v.twice:
			r.batch.refuse(i, row, whyTwice)
		case v.kind == 'n':
			r.batch.null(i, row)
		default:
			r.object.put(&r.batch, i, row, v)
		}
	}
}
