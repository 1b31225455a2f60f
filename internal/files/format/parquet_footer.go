package format

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/tablehaul/tablehaul/internal/parquet"
)

// Limits of a footer. It is in memory as long as its file is read.
const (
	maxFooter   = 64 << 20
	maxElements = 1 << 16
	maxGroups   = 1 << 20
	// tailBytes is read of the end of a file at first: the footer, mostly.
	tailBytes = 64 << 10
)

// footer is a Parquet file's description of itself.
type footer struct {
	at     int64 // where it begins, and the pages end
	bytes  []byte
	root   node
	leaves []*node
	groups []groupAt
	rows   int64
}

// groupAt is where a row group's description is in the footer.
type groupAt struct {
	pos    int
	rows   int64
	before int64 // rows of the groups before it
}

// placed is where the pages of a column are.
type placed struct {
	typ, codec   int64
	values       int64
	data, dict   int64
	size         int64
	other, crypt bool
}

func readFooter(f File, name string) (*footer, error) {
	size := f.Size()
	if size < 12 {
		return nil, fileError(name, 0, "it is no Parquet file: it has %d bytes", size)
	}
	tail := make([]byte, min(size, tailBytes))
	if err := readFull(f, tail, size-int64(len(tail))); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	end := tail[len(tail)-8:]
	switch string(end[4:]) {
	case parquetMagic:
	case "PARE":
		return nil, fileError(name, 0, "it is encrypted")
	default:
		return nil, fileError(name, 0, "it does not end as a Parquet file: it is truncated, or none")
	}
	length := int64(binary.LittleEndian.Uint32(end))
	if length > size-12 || length > maxFooter {
		return nil, fileError(name, 0, "its footer has %d bytes; at most %d are read", length, min(size-12, maxFooter))
	}
	at := size - 8 - length
	body := make([]byte, length)
	if have := int64(len(tail)) - 8; length <= have {
		copy(body, tail[have-length:])
	} else if err := readFull(f, body, at); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	foot := &footer{at: at, bytes: body}
	if err := foot.parse(); err != nil {
		return nil, fileError(name, 0, "its footer cannot be read: %w", err)
	}
	return foot, nil
}

// readFull fills p from an offset; a file that is shorter is ErrFile.
func readFull(f File, p []byte, at int64) error {
	n, err := f.ReadAt(p, at)
	switch {
	case n == len(p):
		return nil
	case errors.Is(err, io.EOF) || err == nil:
		return errShrunk
	default:
		return &readError{err}
	}
}

// readError is an error of reading a file, as against one of what was read.
type readError struct{ error }

func (e *readError) Unwrap() error { return e.error }

var errThrift = errors.New("it is damaged")

func (f *footer) parse() error {
	r := &parquet.ThriftReader{B: f.bytes}
	var elements []element
	var claimed int64
	var err error
	r.Fields(func(id int64, typ byte) {
		switch {
		case id == 2 && typ == parquet.ThriftList:
			_, size := r.List()
			if size > maxElements {
				err = fmt.Errorf("it has more than %d columns", maxElements)
				r.Fail()
				return
			}
			for i := 0; i < size && !r.Bad; i++ {
				elements = append(elements, readElement(r))
			}
		case id == 3 && typ == parquet.ThriftI64:
			claimed = r.Int()
		case id == 4 && typ == parquet.ThriftList:
			err = f.findGroups(r)
		default:
			r.Skip(typ, 0)
		}
	})
	switch {
	case err != nil:
		return err
	case r.Bad || len(elements) < 2:
		return errThrift
	case claimed != f.rows:
		return fmt.Errorf("it says %d rows, and its row groups %d", claimed, f.rows)
	}
	rest, err := f.root.build(elements, 0, 0, 0, &f.leaves)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return errThrift
	}
	return nil
}

// findGroups notes where each row group's description begins.
func (f *footer) findGroups(r *parquet.ThriftReader) error {
	_, size := r.List()
	if size > maxGroups {
		return fmt.Errorf("it has more than %d row groups", maxGroups)
	}
	f.groups = make([]groupAt, 0, size)
	for i := 0; i < size && !r.Bad; i++ {
		g := groupAt{pos: r.Pos, before: f.rows}
		r.Fields(func(id int64, typ byte) {
			if id == 3 && typ == parquet.ThriftI64 {
				g.rows = r.Int()
				return
			}
			r.Skip(typ, 0)
		})
		if g.rows < 0 || g.rows > 1<<40 || f.rows > 1<<50 {
			return fmt.Errorf("row group %d has %d rows", i, g.rows)
		}
		f.rows += g.rows
		f.groups = append(f.groups, g)
	}
	return nil
}

// placed reads where the pages of the wanted leaves are in a row group; wanted is in rising order.
func (f *footer) placed(group int, wanted map[int]*placed) error {
	r := &parquet.ThriftReader{B: f.bytes, Pos: f.groups[group].pos}
	found := 0
	r.Fields(func(id int64, typ byte) {
		if id != 1 || typ != parquet.ThriftList {
			r.Skip(typ, 0)
			return
		}
		_, size := r.List()
		if size != len(f.leaves) {
			r.Fail()
			return
		}
		for i := 0; i < size && !r.Bad; i++ {
			p := wanted[i]
			if p == nil {
				r.Skip(parquet.ThriftStruct, 0)
				continue
			}
			*p = placed{typ: -1}
			p.read(r)
			found++
		}
	})
	if r.Bad || found != len(wanted) {
		return fmt.Errorf("row group %d: %w", group, errThrift)
	}
	return nil
}

func (p *placed) read(r *parquet.ThriftReader) {
	r.Fields(func(id int64, typ byte) {
		switch {
		case id == 1: // the pages are in another file
			p.other = true
			r.Skip(typ, 0)
		case id == 3 && typ == parquet.ThriftStruct:
			r.Fields(func(id int64, typ byte) { p.metadata(r, id, typ) })
		case id == 8 || id == 9:
			p.crypt = true
			r.Skip(typ, 0)
		default:
			r.Skip(typ, 0)
		}
	})
}

func (p *placed) metadata(r *parquet.ThriftReader, id int64, typ byte) {
	switch {
	case id == 1 && typ == parquet.ThriftI32:
		p.typ = r.Int()
	case id == 4 && typ == parquet.ThriftI32:
		p.codec = r.Int()
	case id == 5 && typ == parquet.ThriftI64:
		p.values = r.Int()
	case id == 7 && typ == parquet.ThriftI64:
		p.size = r.Int()
	case id == 9 && typ == parquet.ThriftI64:
		p.data = r.Int()
	case id == 11 && typ == parquet.ThriftI64:
		p.dict = r.Int()
	default:
		r.Skip(typ, 0)
	}
}

// span is the bytes of the pages, from (inclusive) to to (exclusive).
func (p *placed) span(l *node, f *footer) (from, to int64, err error) {
	from = p.data
	if p.dict > 0 && p.dict < from {
		from = p.dict
	}
	switch {
	case p.other:
		return 0, 0, errors.New("its pages are in another file")
	case p.crypt:
		return 0, 0, errors.New("it is encrypted")
	case p.typ != int64(l.typ):
		return 0, 0, errors.New("its pages have another type than the schema says")
	case p.size < 0 || from < 4 || from > f.at || p.size > f.at-from:
		return 0, 0, errors.New("its pages are outside of the file")
	}
	return from, from + p.size, nil
}
