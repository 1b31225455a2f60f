package rowfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// pageBytes ends a page: small enough that readers stream, large enough to compress.
	// One value larger than it is a page of its own.
	pageBytes = 1 << 20
	// keptBytes is the most memory that a buffer keeps for the next row group. Beyond it one
	// huge value would be paid for until the file ends.
	keptBytes = 4 << 20
)

// pages collects the pages of one leaf of the open row group.
type pages struct {
	leaf   *leaf
	values []byte // plain values of the open page
	bits   []byte // a bit per row of the open page, set where there is a value; optional leaves only
	rows   int    // of the open page
	nulls  int

	done         []byte // finished pages with their headers
	groupRows    int64
	groupNulls   int64
	uncompressed int64
	min, max     uint64 // of the group's integers, as two's complement
	bounded      bool   // min and max hold something
}

// mark counts a row of the open page.
func (p *pages) mark(present bool) {
	if p.leaf.optional {
		if p.rows&7 == 0 {
			p.bits = append(p.bits, 0)
		}
		if present {
			p.bits[len(p.bits)-1] |= 1 << (p.rows & 7)
		} else {
			p.nulls++
		}
	}
	p.rows++
}

// pad marks NULLs until the leaf has as many rows as rows of the group. Companions are
// padded only before a value and at the end, so that an empty one costs nothing per row.
func (p *pages) pad(rows int64) {
	n := int(rows-p.groupRows) - p.rows
	if n <= 0 {
		return
	}
	p.rows += n
	p.nulls += n
	for len(p.bits)*8 < p.rows {
		p.bits = append(p.bits, 0)
	}
}

func (p *pages) put32(v uint32) {
	p.values = binary.LittleEndian.AppendUint32(p.values, v)
	p.mark(true)
}

func (p *pages) put64(v uint64) {
	p.values = binary.LittleEndian.AppendUint64(p.values, v)
	p.mark(true)
}

func (p *pages) putBytes(v []byte) {
	p.values = binary.LittleEndian.AppendUint32(p.values, uint32(len(v))) //nolint:gosec // MySQL's values have up to 2³⁰ bytes
	p.values = append(p.values, v...)
	p.mark(true)
}

// bound widens the group's minimum and maximum.
func (p *pages) bound(v uint64) {
	const sign = 1 << 63
	flip := uint64(sign)
	if p.leaf.unsigned {
		flip = 0
	}
	if !p.bounded {
		p.min, p.max, p.bounded = v, v, true
		return
	}
	if v^flip < p.min^flip {
		p.min = v
	}
	if v^flip > p.max^flip {
		p.max = v
	}
}

// number adds an integer of the column's width.
func (p *pages) number(c *column, v uint64) {
	p.bound(v)
	if c.wide {
		p.put64(v)
		return
	}
	p.put32(uint32(v)) //nolint:gosec // the form keeps to 32 bits
}

// add appends the typed form of text, and reports false where it has none.
func (p *pages) add(c *column, text []byte) bool {
	var number [maxFloatText]byte
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
		v, ok := parseInt(text, c.bits)
		if ok {
			p.number(c, uint64(v)) //nolint:gosec // two's complement
		}
		return ok
	case formUint:
		v, ok := parseUint(text, c.bits)
		if ok {
			p.number(c, v)
		}
		return ok
	case formDecimal:
		return p.addDecimal(c, text)
	case formDate:
		v, ok := parseDate(text)
		if ok {
			p.bound(uint64(int64(v))) //nolint:gosec // two's complement
			p.put32(uint32(v))        //nolint:gosec // two's complement
		}
		return ok
	case formMoment, formTime:
		parse := parseMoment
		if c.form == formTime {
			parse = parseClock
		}
		v, ok := parse(text, c.precision)
		if ok {
			p.bound(uint64(v)) //nolint:gosec // two's complement
			p.put64(uint64(v)) //nolint:gosec // two's complement
		}
		return ok
	case formFloat:
		v, ok := parseFloat(text, number[:])
		if ok = ok && float64(float32(v)) == v; ok {
			p.put32(math.Float32bits(float32(v)))
		}
		return ok
	case formDouble:
		v, ok := parseFloat(text, number[:])
		if ok {
			p.put64(math.Float64bits(v))
		}
		return ok
	}
	return false
}

func (p *pages) addDecimal(c *column, text []byte) bool {
	w, neg, ok := parseDecimal(text, c.precision, c.scale)
	if !ok {
		return false
	}
	if p.leaf.length > 0 {
		n := len(p.values)
		p.values = slices.Grow(p.values, p.leaf.length)[:n+p.leaf.length]
		putWide(p.values[n:], w, neg)
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

// encoder turns finished pages into bytes; its buffers are shared by all leaves.
type encoder struct {
	codec  format.CompressionCodec
	header bytes.Buffer
	levels []byte
	packed []byte
	thrift thrift.CompactProtocol
}

// endPage moves the open page of p to its finished ones.
func (e *encoder) endPage(p *pages) error {
	if p.rows == 0 {
		return nil
	}
	e.levels = e.levels[:0]
	if p.leaf.optional {
		e.levels = appendLevels(e.levels, p)
	}
	body, compressed := p.values, false
	if e.codec != format.Uncompressed && len(p.values) > 0 {
		var err error
		if e.packed, err = compress(e.codec, e.packed, p.values); err != nil {
			return fmt.Errorf("compressing a page: %w", err)
		}
		if compressed = len(e.packed) < len(p.values); compressed {
			body = e.packed
		}
	}
	if len(p.values)+len(e.levels) > math.MaxInt32 {
		return fmt.Errorf("a value of %d bytes is too large for a page", len(p.values))
	}
	header := format.PageHeader{
		Type:                 format.DataPageV2,
		UncompressedPageSize: int32(len(p.values) + len(e.levels)), //nolint:gosec // checked above
		CompressedPageSize:   int32(len(body) + len(e.levels)),     //nolint:gosec // body is not larger
		DataPageHeaderV2: thrift.New(format.DataPageHeaderV2{
			NumValues:                  int32(p.rows),  //nolint:gosec // a group has up to maxCells rows
			NumNulls:                   int32(p.nulls), //nolint:gosec // as above
			NumRows:                    int32(p.rows),  //nolint:gosec // as above
			Encoding:                   format.Plain,
			DefinitionLevelsByteLength: int32(len(e.levels)), //nolint:gosec // as above
			IsCompressed:               thrift.New(compressed),
		}),
	}
	e.header.Reset()
	if err := thrift.NewEncoder(e.thrift.NewWriter(&e.header)).Encode(&header); err != nil {
		return fmt.Errorf("encoding a page header: %w", err)
	}
	p.done = slices.Grow(p.done, e.header.Len()+len(e.levels)+len(body))
	p.done = append(p.done, e.header.Bytes()...)
	p.done = append(p.done, e.levels...)
	p.done = append(p.done, body...)
	p.uncompressed += int64(e.header.Len() + len(e.levels) + len(p.values))
	p.groupRows += int64(p.rows)
	p.groupNulls += int64(p.nulls)
	p.rows, p.nulls, p.bits = 0, 0, p.bits[:0]
	p.values = keep(p.values)
	e.packed = keep(e.packed)
	return nil
}

// appendLevels writes the definition levels of a page: one run where all rows are alike, the
// bits as they are otherwise (Parquet's RLE and bit-packing hybrid of width 1).
func appendLevels(dst []byte, p *pages) []byte {
	switch p.nulls {
	case 0:
		return append(binary.AppendUvarint(dst, uint64(p.rows)<<1), 1)
	case p.rows:
		return append(binary.AppendUvarint(dst, uint64(p.rows)<<1), 0)
	default:
		return append(binary.AppendUvarint(dst, uint64(len(p.bits))<<1|1), p.bits...)
	}
}

// keep empties a buffer for the next use, and lets go of a huge one.
func keep(b []byte) []byte {
	if cap(b) > keptBytes {
		return nil
	}
	return b[:0]
}

// reset makes p ready for the next row group.
func (p *pages) reset() {
	*p = pages{leaf: p.leaf, values: p.values, bits: p.bits, done: keep(p.done)}
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
