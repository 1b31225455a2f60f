package rowfile

import "encoding/binary"

// Types of Thrift's compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

// maxDepth is deeper than any structure of Parquet's, and far from the end of the stack.
const maxDepth = 16

// thriftReader walks Thrift's compact protocol without giving memory to any size that the bytes claim: it only ever
// points into them. After the first error everything reads as nothing and bad stays set, so that callers check once.
type thriftReader struct {
	b   []byte
	pos int
	bad bool
}

func (r *thriftReader) fail() { r.pos, r.bad = len(r.b), true }

func (r *thriftReader) byte() byte {
	if r.pos >= len(r.b) {
		r.fail()
		return 0
	}
	r.pos++
	return r.b[r.pos-1]
}

func (r *thriftReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b[r.pos:])
	if n <= 0 {
		r.fail()
		return 0
	}
	r.pos += n
	return v
}

// int reads an i16, i32 or i64: a zigzag varint.
func (r *thriftReader) int() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// bytes reads a string or a binary, in place.
func (r *thriftReader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)-r.pos) {
		r.fail()
		return nil
	}
	r.pos += int(n)
	return r.b[r.pos-int(n) : r.pos : r.pos]
}

// list reads the head of a list or a set. Every item takes a byte at least, so a size beyond what is left is a lie.
func (r *thriftReader) list() (item byte, size int) {
	head := r.byte()
	n := uint64(head >> 4)
	if n == 15 {
		n = r.uvarint()
	}
	if n > uint64(len(r.b)-r.pos) {
		r.fail()
		return 0, 0
	}
	return head & 15, int(n)
}

// fields calls f for each field of a struct; f reads the value, or skips it.
func (r *thriftReader) fields(f func(id int64, typ byte)) {
	id := int64(0)
	for !r.bad {
		head := r.byte()
		typ := head & 15
		if typ == 0 {
			return
		}
		if delta := int64(head >> 4); delta != 0 {
			id += delta
		} else {
			id = r.int()
		}
		if r.bad {
			return
		}
		f(id, typ)
	}
}

// skip passes over a value inside a struct, where a boolean is in the field's type.
func (r *thriftReader) skip(typ byte, depth int) {
	if depth > maxDepth {
		r.fail()
		return
	}
	switch typ {
	case thriftTrue, thriftFalse:
	case thriftByte:
		r.byte()
	case thriftI16, thriftI32, thriftI64:
		r.uvarint()
	case thriftDouble:
		for range 8 {
			r.byte()
		}
	case thriftBinary:
		r.bytes()
	case thriftList, thriftSet:
		item, size := r.list()
		for i := 0; i < size && !r.bad; i++ {
			r.skipItem(item, depth)
		}
	case thriftStruct:
		r.fields(func(_ int64, typ byte) { r.skip(typ, depth+1) })
	case thriftMap: // none in Parquet
		r.fail()
	default:
		r.fail()
	}
}

// skipItem passes over a value in a list, where a boolean has a byte of its own.
func (r *thriftReader) skipItem(typ byte, depth int) {
	if typ == thriftTrue || typ == thriftFalse {
		r.byte()
		return
	}
	r.skip(typ, depth+1)
}
