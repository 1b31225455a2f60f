package rowfile

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/table/exact"
)

// number adds an integer of the column's width.
func (p *pages) number(c *column, v uint64) {
	p.bound(v)
	if c.wide {
		p.put64(v)
		return
	}
	p.put32(uint32(v))
}

// add appends the typed form of text, and reports false where it has none.
func (p *pages) add(c *column, text []byte) bool {
	var number [exact.MaxFloatText]byte
	switch c.form {
	case formBytes:
		p.putBytes(text)
		return true
	case formText:
		if !utf8.Valid(text) {
			return false
		}
		p.putBytes(text)
		return true
	case formInt:
		v, ok := exact.ParseInt(text, c.bits)
		if ok {
			p.number(c, uint64(v))
		}
		return ok
	case formUint:
		v, ok := exact.ParseUint(text, c.bits)
		if ok {
			p.number(c, v)
		}
		return ok
	case formDecimal:
		return p.addDecimal(c, text)
	case formDate:
		v, ok := exact.ParseDate(text)
		if ok {
			p.bound(uint64(int64(v)))
			p.put32(uint32(v))
		}
		return ok
	case formMoment, formTime:
		parse := exact.ParseMoment
		if c.form == formTime {
			parse = exact.ParseClock
		}
		v, ok := parse(text, c.precision)
		if ok {
			p.bound(uint64(v))
			p.put64(uint64(v))
		}
		return ok
	case formFloat:
		v, ok := exact.ParseFloat(text, number[:])
		if ok = ok && float64(float32(v)) == v; ok {
			p.put32(math.Float32bits(float32(v)))
		}
		return ok
	case formDouble:
		v, ok := exact.ParseFloat(text, number[:])
		if ok {
			p.put64(math.Float64bits(v))
		}
		return ok
	}
	return false
}

func (p *pages) addDecimal(c *column, text []byte) bool {
	w, neg, ok := exact.ParseDecimal(text, c.precision, c.scale)
	if !ok {
		return false
	}
	if p.leaf.length > 0 {
		n := len(p.values)
		p.values = slices.Grow(p.values, p.leaf.length)[:n+p.leaf.length]
		exact.PutWide(p.values[n:], w, neg)
		p.mark(true)
		return true
	}
	v := w[0]
	if neg {
		v = -v
	}
	p.number(c, v)
	return true
}

// block appends the values of rows [from, to) and column i.
func (w *Writer) block(rows *table.Rows, i, from, to int) error {
	c, typed := &w.schema.columns[i], &w.pages[i]
	for r := from; r < to; r++ {
		text := rows.Value(r, i)
		switch {
		case text == nil && !typed.leaf.optional:
			return fmt.Errorf("%w: column %q: NULL in a NOT NULL column", ErrValue, c.name)
		case text == nil:
			typed.mark(false)
		case typed.add(c, text):
		case c.raw < 0:
			return fmt.Errorf("%w: column %q: not the text of an integer of %d bits", ErrValue, c.name, c.bits)
		default:
			if err := w.aside(c, text, typed.groupRows+int64(typed.rows)); err != nil {
				return err
			}
			typed.mark(false)
		}
		if len(typed.values) >= pageBytes {
			if err := w.encoder.endPage(typed); err != nil {
				return fmt.Errorf("column %q: %w", c.name, err)
			}
		}
	}
	return nil
}

// aside puts a text without a typed form into the companion, at the given row of the group.
func (w *Writer) aside(c *column, text []byte, row int64) error {
	raw := &w.pages[c.raw]
	raw.pad(row)
	raw.putBytes(text)
	if len(raw.values) < pageBytes {
		return nil
	}
	if err := w.encoder.endPage(raw); err != nil {
		return fmt.Errorf("column %q: %w", c.name, err)
	}
	return nil
}
