package format

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tablehaul/tablehaul/internal/table"
)

// textReader reads CSV and TSV.
type textReader struct {
	src     *source
	record  records
	columns []*column
	names   []string
	fields  []int // of each column, its field
	nulls   [][]byte
	// quotedNulls says that a field in quotes may be NULL, too.
	quotedNulls bool
	row         int64
	until       int64
	batch       batch
	found       []field // of the last record
}

// records takes the next record off a text. Fields are valid until its next call; size is what it takes with its end.
type records interface {
	next(s *source, into []field) (fields []field, size int, why reason, err error)
}

// field is one field of a record.
type field struct {
	text   []byte
	quoted bool
	null   bool // \N of TSV
}

const (
	maxFields            = 1 << 14
	whyFields     reason = "it has another number of fields than the header"
	whyQuoteAfter reason = "a quote is not followed by a delimiter"
	whyQuoteIn    reason = "a quote is inside of a field that has none around it"
)

func openText(ctx context.Context, f File, name string, o Options, columns []*column, from Position) (Reader, error) {
	r := &textReader{columns: columns, row: from.Row, until: o.Until.Offset}
	r.quotedNulls = o.Text.QuotedNulls
	for _, n := range o.Text.Nulls {
		r.nulls = append(r.nulls, []byte(n))
	}
	if err := r.choose(&o); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s, err := newSource(ctx, f, name, &o)
	if err != nil {
		return nil, err
	}
	r.src, s.base = s, from.Base
	if err = r.begin(from, &o); err == nil {
		err = r.match()
	}
	if err != nil {
		s.close()
		return nil, s.wrap(err, 0)
	}
	return r, nil
}

// choose picks the grammar, and refuses what CSV cannot say.
func (r *textReader) choose(o *Options) error {
	if len(o.Text.Delimiter) > 1 {
		return fmt.Errorf("%w: delimiter %q: it is one byte", ErrColumns, o.Text.Delimiter)
	}
	delimiter := byte(',')
	if o.Format == TSV {
		delimiter = '\t'
	}
	if o.Text.Delimiter != "" {
		delimiter = o.Text.Delimiter[0]
	}
	if bytes.IndexByte([]byte("\"\n\r\\"), delimiter) >= 0 {
		return fmt.Errorf("%w: %q cannot be a delimiter", ErrColumns, o.Text.Delimiter)
	}
	if o.Format == TSV {
		r.record = &tsvRecords{delimiter: delimiter}
		return nil
	}
	r.record = &csvRecords{delimiter: delimiter}
	if len(r.nulls) > 0 {
		return nil
	}
	for _, c := range r.columns {
		if c.Nullable && c.emptyIsText() {
			return fmt.Errorf("%w: %q (%s): CSV does not tell NULL from an empty text: say by `nulls` what means NULL",
				ErrColumns, c.Name, c.shortType())
		}
	}
	return nil
}

// begin reads the header and moves to the position.
func (r *textReader) begin(from Position, o *Options) error {
	if err := r.src.bom(); err != nil {
		return err
	}
	r.names = o.Text.Columns
	if !o.Text.NoHeader && (o.Format != TSV || len(r.names) == 0) {
		fields, size, why, err := r.record.next(r.src, nil)
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: it has no header", ErrFile)
		}
		if err != nil {
			return err
		}
		if why != "" {
			return fmt.Errorf("%w: its header cannot be read: %s", ErrFile, why)
		}
		r.names = r.names[:0:0]
		if len(fields) > maxFields {
			return fmt.Errorf("%w: its header has more than %d fields", ErrFile, maxFields)
		}
		for _, f := range fields {
			r.names = append(r.names, string(f.text))
		}
		if t, ok := r.record.(*tsvRecords); ok && bytes.HasSuffix(r.src.window()[:size], []byte("\r\n")) {
			t.crlf = true
			r.names[len(r.names)-1] = string(bytes.TrimSuffix(fields[len(fields)-1].text, []byte("\r")))
		}
		r.src.advance(size)
	}
	if len(r.names) == 0 {
		return fmt.Errorf("%w: a file without a header needs the names of its columns", ErrColumns)
	}
	if from.Offset > r.src.offset {
		return r.src.seek(from.Offset)
	}
	return nil
}

// match finds the field of each column.
func (r *textReader) match() error {
	place := make(map[string]int, len(r.names))
	for i, name := range r.names {
		if _, twice := place[name]; twice {
			return fmt.Errorf("%w: its header has %q twice", ErrFile, name)
		}
		place[name] = i
	}
	for _, c := range r.columns {
		i, ok := place[c.SourceName()]
		if !ok {
			return fmt.Errorf("%w: it has no column %q", ErrColumns, c.SourceName())
		}
		r.fields = append(r.fields, i)
	}
	return nil
}

func (r *textReader) Columns() []string { return r.names }

func (r *textReader) Position() Position {
	return Position{Row: r.row, Base: r.src.base, Offset: r.src.offset}
}

func (r *textReader) Close() error { r.src.close(); return nil }

func (r *textReader) Next(ctx context.Context, limit int) (*table.Rows, []BadRow, error) {
	r.src.file.ctx = ctx
	r.batch = newBatch(r.columns, limit)
	r.batch.base = r.src.base
	for !r.batch.full(limit) {
		size, why, err := r.next()
		switch {
		case errors.Is(err, io.EOF) && r.batch.rows.Len()+len(r.batch.bad) > 0:
			return r.batch.rows, r.batch.bad, nil
		case err != nil:
			r.batch.rows.Return()
			return nil, nil, r.src.wrap(err, r.row+1)
		case why != "":
			r.row++
			r.batch.refuseRow(r.row, why)
		case len(r.found) > 0:
			r.row++
			r.add()
		}
		r.src.advance(size)
	}
	return r.batch.rows, r.batch.bad, nil
}

// next reads a record; without fields it is an empty line.
func (r *textReader) next() (int, reason, error) {
	if over, err := r.src.over(r.until, r.row); err != nil {
		return 0, "", err
	} else if over {
		return 0, "", io.EOF
	}
	found, size, why, err := r.record.next(r.src, r.found[:0])
	r.found = found
	switch {
	case err == nil && int64(size) > r.src.limit:
		err = errLong
	case why == whyQuoteAfter: // where the next record begins is anyone's guess
		err = fmt.Errorf("%w: row %s: %s", ErrFile, place(r.row+1, r.src.base), why)
	}
	if err != nil || why != "" {
		return size, why, err
	}
	if len(found) == 1 && len(found[0].text) == 0 && !found[0].quoted && !found[0].null && len(r.names) > 1 {
		r.found = found[:0]
		return size, "", nil
	}
	if len(found) != len(r.names) {
		return size, whyFields, nil
	}
	return size, "", nil
}

// add appends the row of the last record.
func (r *textReader) add() {
	before := r.batch.rows.Len()
	for i, c := range r.columns {
		f := &r.found[r.fields[i]]
		switch {
		case f.null || r.isNull(f, c):
			r.batch.null(i, r.row)
		default:
			r.batch.value(i, r.row, f.text)
		}
	}
	r.batch.end(r.row, before)
}

// isNull reports whether a field means NULL: one of `nulls`, or an empty one where the column has no empty value.
func (r *textReader) isNull(f *field, c *column) bool {
	if f.quoted && !r.quotedNulls {
		return false
	}
	for _, n := range r.nulls {
		if bytes.Equal(f.text, n) {
			return true
		}
	}
	return len(f.text) == 0 && !c.emptyIsText()
}
