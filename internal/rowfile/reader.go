package rowfile

import (
	"errors"
	"math"
	"strconv"

	"github.com/parquet-go/parquet-go/format"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/table/exact"
)

// ReadChunk decodes one chunk of a file from nothing but the bytes of its footer, which begin at offset footerAt, and
// the bytes of its row group. It does not check hashes: the caller has, and hands over exactly the bytes that it
// checked. Bytes that do not fit together, or not to cols, are ErrCorrupt; memory stays bounded for any sizes they
// claim. A caller that is done with the rows may give them back (table.Rows.Return).
func ReadChunk(footer []byte, footerAt int64, group []byte, chunk table.Chunk, cols []table.Column) (*table.Rows,
	error,
) {
	f, err := ParseFooter(footer, footerAt, cols)
	if err != nil {
		return nil, err
	}
	return f.ReadChunk(group, chunk)
}

// ReadChunk decodes the chunk whose bytes are data; see the function of the same name.
func (f *Footer) ReadChunk(data []byte, chunk table.Chunk) (rows *table.Rows, err error) {
	defer recoverCorrupt(&err)
	g, err := f.find(chunk)
	if err != nil {
		return nil, err
	}
	if int64(len(data)) != chunk.Size {
		return nil, corrupt("%d bytes for a chunk of %d", len(data), chunk.Size)
	}
	budget := int64(maxGroupBytes)
	cursors := make([]cursor, len(g.leaves))
	for i := range cursors {
		p := &g.leaves[i]
		at := p.offset - chunk.Offset
		cursors[i] = cursor{
			leaf: &f.schema.leaves[i], codec: p.codec, left: chunk.Rows, budget: &budget,
			src: data[at : at+p.size],
		}
	}
	rows = table.Borrow(len(f.schema.columns))
	rows.Grow(g.room(len(f.schema.columns)))
	if err := f.decode(rows, cursors, chunk.Rows); err != nil {
		rows.Return()
		return nil, err
	}
	return rows, nil
}

// room is what a group unpacks to, in rows and about how many bytes of values: a claim gets no more memory than an
// honest chunk would. Texts are as long as they are stored; a number of 8 bytes prints to 26 at most, as a moment.
func (g *group) room(columns int) (rows, bytes int) {
	const most = 16 << 20
	text, other := int64(0), int64(0)
	for i := range g.leaves {
		p := &g.leaves[i]
		claim := max(0, min(p.unpacked, most))
		if p.typ == format.ByteArray {
			text += claim
		} else {
			other += claim
		}
	}
	return int(min(g.rows, most/8/int64(columns))), int(min(text+other*26/8, most))
}

// maxTextBytes bounds the texts of a chunk: three times what its pages may unpack to, and less
// than a table.Rows can hold.
const maxTextBytes = 3 << 30

// decode appends so many rows, and finds fault with what is left.
func (f *Footer) decode(rows *table.Rows, cursors []cursor, n int64) error {
	d := decoder{rows: rows, cursors: cursors, text: make([]byte, 0, 128)}
	for range n {
		for i := range f.schema.columns {
			if err := d.value(&f.schema.columns[i], &cursors[i]); err != nil {
				return corrupt("column %q: %w", f.schema.columns[i].name, err)
			}
		}
		if rows.Bytes() > maxTextBytes {
			return corrupt("the values of a chunk print to more than %d bytes", maxTextBytes)
		}
	}
	for i := range cursors {
		if c := &cursors[i]; len(c.src) > 0 || len(c.values) > 0 || c.rows > 0 || c.left > 0 {
			return corrupt("column %q has more than its rows", c.leaf.name)
		}
	}
	return nil
}

type decoder struct {
	rows    *table.Rows
	cursors []cursor
	text    []byte // scratch of the value being printed
}

// value appends the next value of a column, from its typed leaf or its companion.
func (d *decoder) value(c *column, typed *cursor) error {
	present, err := typed.next()
	if err != nil {
		return err
	}
	aside := false
	if c.raw >= 0 {
		if aside, err = d.cursors[c.raw].next(); err != nil {
			return err
		}
	}
	switch {
	case present && aside:
		return errTwice
	case present:
		return d.typed(c, typed)
	case aside:
		text, err := d.cursors[c.raw].bytes()
		if err != nil {
			return err
		}
		d.rows.Append(text)
	default:
		d.rows.AppendNull()
	}
	return nil
}

var (
	errTwice = errors.New("a value is there twice")
	errRange = errors.New("a value is outside of its type")
)

// typed prints the next value of a typed leaf.
func (d *decoder) typed(c *column, from *cursor) error {
	var v uint64
	var b []byte
	var err error
	switch from.leaf.typ {
	case format.ByteArray:
		if b, err = from.bytes(); err != nil {
			return err
		}
		d.rows.Append(b)
		return nil
	case format.FixedLenByteArray:
		b, err = from.fixed(from.leaf.length)
	case format.Float:
		var single uint32
		single, err = from.uint32()
		v = math.Float64bits(float64(math.Float32frombits(single)))
	case format.Double:
		v, err = from.uint64()
	default:
		v, err = from.number()
	}
	if err != nil {
		return err
	}
	ok := true
	text := d.text[:0]
	switch c.form {
	case formInt:
		n := int64(v)
		ok = n>>(c.bits-1) == n>>63
		text = strconv.AppendInt(text, n, 10)
	case formUint:
		ok = c.wide || v>>c.bits == 0
		text = strconv.AppendUint(text, v, 10)
	case formFloat, formDouble:
		text = exact.AppendFloat(text, math.Float64frombits(v))
	default:
		text, ok = c.print(text, int64(v), b)
	}
	if !ok {
		return errRange
	}
	d.rows.Append(text)
	return nil
}

// print appends a decimal, date, moment or time; b holds a decimal that is wider than v.
func (c *column) print(text []byte, v int64, b []byte) ([]byte, bool) {
	switch c.form {
	case formDecimal:
		if b == nil {
			return exact.AppendSmallDecimal(text, v, c.precision, c.scale)
		}
		w, neg := exact.GetWide(b)
		return exact.AppendDecimal(text, w, neg, c.precision, c.scale)
	case formDate:
		if v < exact.MinDays || v > exact.MaxDays {
			return text, false
		}
		return exact.AppendDate(text, int(v)), true
	case formMoment:
		return exact.AppendMoment(text, v, c.precision)
	case formTime:
		if v < 0 || v >= exact.MicrosPerDay {
			return text, false
		}
		return exact.AppendClock(text, v, c.precision)
	default:
		return text, false
	}
}
