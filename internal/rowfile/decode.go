package rowfile

import (
	"encoding/binary"
	"errors"

	"github.com/parquet-go/parquet-go/format"

	"github.com/tablehaul/tablehaul/internal/parquet"
)

// maxGroupBytes bounds what the pages of one row group may unpack to: the largest row that a
// server sends (max_allowed_packet is 1 GiB at most), and room for the levels.
const maxGroupBytes = 1<<30 + 64<<20

var (
	errPage   = errors.New("a page cannot be read")
	errLevels = errors.New("a page's levels do not fit its rows")
	errShort  = errors.New("a page ends inside a value")
)

// cursor walks the values of one leaf of a row group.
type cursor struct {
	leaf   *leaf
	codec  format.CompressionCodec
	src    []byte // pages not yet begun
	left   int64  // rows of those
	budget *int64 // bytes that the group may still unpack to

	buf     []byte
	values  []byte // of the open page, not yet taken
	present []byte // a byte per row of the open page, 1 where there is a value; nil where all are
	rows    int    // of the open page, not yet taken
	row     int    // of the open page, taken
	absent  bool   // no row of the open page has a value
}

// next moves to the next row and says whether it has a value.
func (c *cursor) next() (bool, error) {
	if c.rows == 0 {
		if err := c.open(); err != nil {
			return false, err
		}
	}
	c.rows--
	if c.absent {
		return false, nil
	}
	if c.present == nil {
		return true, nil
	}
	c.row++
	return c.present[c.row-1] != 0, nil
}

// fixed takes the next n bytes of values.
func (c *cursor) fixed(n int) ([]byte, error) {
	if n > len(c.values) {
		return nil, errShort
	}
	v := c.values[:n:n]
	c.values = c.values[n:]
	return v, nil
}

func (c *cursor) uint32() (uint32, error) {
	b, err := c.fixed(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

func (c *cursor) uint64() (uint64, error) {
	b, err := c.fixed(8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// number is an integer of 4 or 8 bytes, its sign extended unless the leaf is unsigned.
func (c *cursor) number() (uint64, error) {
	if c.leaf.typ == format.Int64 {
		return c.uint64()
	}
	v, err := c.uint32()
	if c.leaf.unsigned {
		return uint64(v), err
	}
	return uint64(int64(int32(v))), err
}

func (c *cursor) bytes() ([]byte, error) {
	n, err := c.uint32()
	if err != nil {
		return nil, err
	}
	if uint64(n) > uint64(len(c.values)) {
		return nil, errShort
	}
	return c.fixed(int(n))
}

// pageHead is what we read of a page header.
type pageHead struct {
	typ, unpacked, packed int64
	rows, nulls, values   int64
	encoding              int64
	levels, repetitions   int64
	compressed            bool
}

func (r *thriftReader) page() pageHead {
	h := pageHead{typ: -1, compressed: true}
	r.Fields(func(id int64, typ byte) {
		switch {
		case id == 1 && typ == parquet.ThriftI32:
			h.typ = r.Int()
		case id == 2 && typ == parquet.ThriftI32:
			h.unpacked = r.Int()
		case id == 3 && typ == parquet.ThriftI32:
			h.packed = r.Int()
		case id == 8 && typ == parquet.ThriftStruct:
			r.Fields(func(id int64, typ byte) { r.dataPage(&h, id, typ) })
		default:
			r.Skip(typ, 0)
		}
	})
	return h
}

func (r *thriftReader) dataPage(h *pageHead, id int64, typ byte) {
	number := typ == parquet.ThriftI32
	switch {
	case id == 1 && number:
		h.values = r.Int()
	case id == 2 && number:
		h.nulls = r.Int()
	case id == 3 && number:
		h.rows = r.Int()
	case id == 4 && number:
		h.encoding = r.Int()
	case id == 5 && number:
		h.levels = r.Int()
	case id == 6 && number:
		h.repetitions = r.Int()
	case id == 7:
		h.compressed = typ == parquet.ThriftTrue
	default:
		r.Skip(typ, 0)
	}
}

// open unpacks the next page.
func (c *cursor) open() error {
	if len(c.values) > 0 {
		return errPage // more values than rows
	}
	r := thriftReader{parquet.ThriftReader{B: c.src}}
	h := r.page()
	rest := int64(len(c.src) - r.Pos)
	switch {
	case r.Bad || h.typ != int64(format.DataPageV2) || h.encoding != int64(format.Plain) || h.repetitions != 0,
		h.rows <= 0 || h.rows > c.left || h.values != h.rows || h.nulls < 0 || h.nulls > h.rows,
		h.packed < 0 || h.packed > rest || h.levels < 0 || h.levels > h.packed || h.unpacked < h.levels:
		return errPage
	}
	if *c.budget -= h.unpacked + h.rows; *c.budget < 0 {
		return errPage
	}
	body := c.src[r.Pos : r.Pos+int(h.packed)]
	c.src = c.src[r.Pos+int(h.packed):]
	c.left -= h.rows
	c.rows, c.row = int(h.rows), 0
	if err := c.levels(body[:h.levels], h); err != nil {
		return err
	}
	codec := c.codec
	if !h.compressed {
		codec = format.Uncompressed
	}
	size := int(h.unpacked - h.levels)
	var err error
	if codec == format.Uncompressed {
		c.values, err = parquet.Decompress(codec, nil, body[h.levels:], size)
		return err
	}
	c.buf, err = parquet.Decompress(codec, c.buf, body[h.levels:], size)
	c.values = c.buf
	return err
}

// levels unpacks the definition levels: runs, or bits, of width 1.
func (c *cursor) levels(b []byte, h pageHead) error {
	c.present, c.absent = c.present[:0], false
	rows := int(h.rows)
	if !c.leaf.optional {
		if len(b) != 0 || h.nulls != 0 {
			return errLevels
		}
		c.present = nil
		return nil
	}
	values := 0
	for len(b) > 0 && len(c.present) < rows {
		head, n := binary.Uvarint(b)
		if n <= 0 {
			return errLevels
		}
		b = b[n:]
		todo := rows - len(c.present)
		if head&1 == 0 {
			run := head >> 1
			if run == 0 || run > uint64(todo) || len(b) == 0 || b[0] > 1 {
				return errLevels
			}
			level := b[0]
			b = b[1:]
			if int(run) == rows {
				return c.uniform(level, h, len(b))
			}
			for range run {
				c.present = append(c.present, level)
			}
			values += int(run) * int(level)
			continue
		}
		groups := head >> 1
		if groups == 0 || groups > uint64(len(b)) {
			return errLevels
		}
		for _, bits := range b[:groups] {
			for i := 0; i < 8 && len(c.present) < rows; i++ {
				c.present = append(c.present, bits>>i&1)
				values += int(bits >> i & 1)
			}
		}
		b = b[groups:]
	}
	if len(c.present) != rows || len(b) != 0 || int64(rows-values) != h.nulls {
		return errLevels
	}
	return nil
}

// uniform is a page whose rows are all alike, which needs no byte per row.
func (c *cursor) uniform(level byte, h pageHead, rest int) error {
	nulls := int64(0)
	if level == 0 {
		nulls = h.rows
	}
	if rest != 0 || h.nulls != nulls {
		return errLevels
	}
	c.present, c.absent = nil, level == 0
	return nil
}
