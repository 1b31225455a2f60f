package rowfile

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go/format"

	"github.com/tablehaul/tablehaul/internal/parquet"
	"github.com/tablehaul/tablehaul/internal/table"
)

// ErrCorrupt is returned for bytes that this package did not write for these columns. It
// names what differs, never a value.
var ErrCorrupt = errors.New("row file is corrupt")

func corrupt(text string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrCorrupt, fmt.Errorf(text, args...))
}

// Footer is the parsed footer of one file, good for reading any number of its chunks, by any number of goroutines.
type Footer struct {
	schema *schema
	at     int64
	groups []group
}

// thriftReader reads what this package needs of a footer and of page headers.
type thriftReader struct{ parquet.ThriftReader }

// group is what the footer says of a row group.
type group struct {
	rows   int64
	leaves []placed
}

// placed is where a leaf's pages are.
type placed struct {
	typ    format.Type
	codec  format.CompressionCodec
	values int64
	offset int64
	size   int64
	// unpacked is what the pages take uncompressed, as the footer claims.
	unpacked int64
	other    bool // a dictionary or another thing that we never write
}

// ParseFooter reads the footer of a file: the bytes of Summary.Footer, which begin at offset
// at. The columns must be those that the file was written with.
func ParseFooter(footer []byte, at int64, cols []table.Column) (f *Footer, err error) {
	defer recoverCorrupt(&err)
	s, err := newSchema(cols)
	if err != nil {
		return nil, err
	}
	n := len(footer) - 8
	if n < 0 || string(footer[n+4:]) != magic || uint64(binary.LittleEndian.Uint32(footer[n:])) != uint64(n) {
		return nil, corrupt("the footer does not end as one")
	}
	f = &Footer{schema: s, at: at}
	r := &thriftReader{parquet.ThriftReader{B: footer[:n]}}
	leaf := -1 // the root comes first
	r.Fields(func(id int64, typ byte) {
		switch {
		case id == 2 && typ == parquet.ThriftList:
			_, size := r.List()
			for range size {
				if err == nil && !r.Bad {
					err = r.element(s, leaf)
					leaf++
				}
			}
		case id == 4 && typ == parquet.ThriftList:
			_, size := r.List()
			for i := 0; i < size && !r.Bad; i++ {
				f.groups = append(f.groups, r.group(len(s.leaves)))
			}
		default:
			r.Skip(typ, 0)
		}
	})
	switch {
	case r.Bad || r.Pos != n:
		return nil, corrupt("the footer cannot be read")
	case err != nil:
		return nil, err
	case leaf != len(s.leaves):
		return nil, corrupt("the file has %d columns, not %d", leaf, len(s.leaves))
	}
	return f, nil
}

// recoverCorrupt is the last line of defence: no bytes end the process.
func recoverCorrupt(err *error) {
	if p := recover(); p != nil {
		*err = corrupt("reading it failed: %v", p)
	}
}

// element compares a schema element with leaf i of s; -1 is the root.
func (r *thriftReader) element(s *schema, i int) error {
	var name string
	var typ, length, repetition, children, scale, precision int64
	r.Fields(func(id int64, t byte) {
		switch id {
		case 1:
			typ = r.Int()
		case 2:
			length = r.Int()
		case 3:
			repetition = r.Int()
		case 4:
			name = string(r.Bytes())
		case 5:
			children = r.Int()
		case 7:
			scale = r.Int()
		case 8:
			precision = r.Int()
		default:
			r.Skip(t, 0)
		}
	})
	if i < 0 {
		return nil
	}
	if i >= len(s.leaves) {
		return corrupt("the file has more than %d columns", len(s.leaves))
	}
	l := &s.leaves[i]
	want := int64(format.Required)
	if l.optional {
		want = int64(format.Optional)
	}
	if name != l.name || typ != int64(l.typ) || length != int64(l.length) || repetition != want ||
		children != 0 || scale != int64(l.scale) || precision != int64(l.precision) {
		return corrupt("column %d of the file is not %q as expected", i+1, l.name)
	}
	return nil
}

func (r *thriftReader) group(leaves int) (g group) {
	r.Fields(func(id int64, typ byte) {
		switch {
		case id == 1 && typ == parquet.ThriftList:
			_, size := r.List()
			if size != leaves {
				r.Fail()
				return
			}
			g.leaves = make([]placed, size)
			for i := range g.leaves {
				r.chunk(&g.leaves[i])
			}
		case id == 3 && typ == parquet.ThriftI64:
			g.rows = r.Int()
		default:
			r.Skip(typ, 0)
		}
	})
	return g
}

func (r *thriftReader) chunk(p *placed) {
	r.Fields(func(id int64, typ byte) {
		switch {
		case id == 1: // the data are in another file
			p.other = true
			r.Skip(typ, 0)
		case id == 3 && typ == parquet.ThriftStruct:
			r.Fields(func(id int64, typ byte) { r.metadata(p, id, typ) })
		default:
			r.Skip(typ, 0)
		}
	})
}

func (r *thriftReader) metadata(p *placed, id int64, typ byte) {
	switch {
	case id == 1 && typ == parquet.ThriftI32:
		p.typ = format.Type(r.Int())
	case id == 4 && typ == parquet.ThriftI32:
		p.codec = format.CompressionCodec(r.Int())
	case id == 5 && typ == parquet.ThriftI64:
		p.values = r.Int()
	case id == 6 && typ == parquet.ThriftI64:
		p.unpacked = r.Int()
	case id == 7 && typ == parquet.ThriftI64:
		p.size = r.Int()
	case id == 9 && typ == parquet.ThriftI64:
		p.offset = r.Int()
	case id == 11:
		p.other = true
		r.Skip(typ, 0)
	default:
		r.Skip(typ, 0)
	}
}

// find is the group of a chunk, its pages checked to fill exactly the chunk's bytes.
func (f *Footer) find(chunk table.Chunk) (*group, error) {
	if chunk.Offset < int64(len(magic)) || chunk.Size <= 0 || chunk.Offset > f.at-chunk.Size {
		return nil, corrupt("a chunk lies outside of the file")
	}
	if chunk.Rows <= 0 || chunk.Rows > 1 && chunk.Rows > maxCells/int64(len(f.schema.columns)) {
		return nil, corrupt("a chunk of %d rows", chunk.Rows)
	}
	for i := range f.groups {
		g := &f.groups[i]
		if len(g.leaves) == 0 || g.leaves[0].offset != chunk.Offset {
			continue
		}
		at := chunk.Offset
		for l := range g.leaves {
			p := &g.leaves[l]
			if p.offset != at || p.size < 0 || p.size > chunk.Offset+chunk.Size-at ||
				p.values != chunk.Rows || p.typ != f.schema.leaves[l].typ || p.other || !written(p.codec) {
				return nil, corrupt("the footer and the chunk disagree")
			}
			at += p.size
		}
		if at != chunk.Offset+chunk.Size || g.rows != chunk.Rows {
			return nil, corrupt("the footer and the chunk disagree")
		}
		return g, nil
	}
	return nil, corrupt("the footer has no chunk at byte %d", chunk.Offset)
}
