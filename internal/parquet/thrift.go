package parquet

import "encoding/binary"

// Types of Thrift's compact protocol.
const (
	ThriftTrue   = 1
	ThriftFalse  = 2
	ThriftByte   = 3
	ThriftI16    = 4
	ThriftI32    = 5
	ThriftI64    = 6
	ThriftDouble = 7
	ThriftBinary = 8
	ThriftList   = 9
	ThriftSet    = 10
	ThriftMap    = 11
	ThriftStruct = 12
)

// maxDepth is deeper than any structure of Parquet's, and far from the end of the stack.
const maxDepth = 16

// ThriftReader walks Thrift's compact protocol without giving memory to any size that the bytes claim: it only ever
// points into them. After the first error everything reads as nothing and Bad stays set, so that callers check once.
type ThriftReader struct {
	B   []byte
	Pos int
	Bad bool
}

// Fail ends the reading.
func (r *ThriftReader) Fail() { r.Pos, r.Bad = len(r.B), true }

// Byte reads one byte.
func (r *ThriftReader) Byte() byte {
	if r.Pos >= len(r.B) {
		r.Fail()
		return 0
	}
	r.Pos++
	return r.B[r.Pos-1]
}

// Uvarint reads a varint.
func (r *ThriftReader) Uvarint() uint64 {
	v, n := binary.Uvarint(r.B[r.Pos:])
	if n <= 0 {
		r.Fail()
		return 0
	}
	r.Pos += n
	return v
}

// Int reads an i16, i32 or i64: a zigzag varint.
func (r *ThriftReader) Int() int64 {
	u := r.Uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// Bytes reads a string or a binary, in place.
func (r *ThriftReader) Bytes() []byte {
	n := r.Uvarint()
	if n > uint64(len(r.B)-r.Pos) {
		r.Fail()
		return nil
	}
	r.Pos += int(n)
	return r.B[r.Pos-int(n) : r.Pos : r.Pos]
}

// List reads the head of a list or a set. Every item takes a byte at least, so a size beyond what is left is a lie.
func (r *ThriftReader) List() (item byte, size int) {
	head := r.Byte()
	n := uint64(head >> 4)
	if n == 15 {
		n = r.Uvarint()
	}
	if n > uint64(len(r.B)-r.Pos) {
		r.Fail()
		return 0, 0
	}
	return head & 15, int(n)
}

// Fields calls f for each field of a struct; f reads the value, or skips it.
func (r *ThriftReader) Fields(f func(id int64, typ byte)) {
	id := int64(0)
	for !r.Bad {
		head := r.Byte()
		typ := head & 15
		if typ == 0 {
			return
		}
		if delta := int64(head >> 4); delta != 0 {
			id += delta
		} else {
			id = r.Int()
		}
		if r.Bad {
			return
		}
		f(id, typ)
	}
}

// Skip passes over a value inside a struct, where a boolean is in the field's type.
func (r *ThriftReader) Skip(typ byte, depth int) {
	if depth > maxDepth {
		r.Fail()
		return
	}
	switch typ {
	case ThriftTrue, ThriftFalse:
	case ThriftByte:
		r.Byte()
	case ThriftI16, ThriftI32, ThriftI64:
		r.Uvarint()
	case ThriftDouble:
		for range 8 {
			r.Byte()
		}
	case ThriftBinary:
		r.Bytes()
	case ThriftList, ThriftSet:
		item, size := r.List()
		for i := 0; i < size && !r.Bad; i++ {
			r.skipItem(item, depth)
		}
	case ThriftStruct:
		r.Fields(func(_ int64, typ byte) { r.Skip(typ, depth+1) })
	case ThriftMap: // none in Parquet
		r.Fail()
	default:
		r.Fail()
	}
}

// skipItem passes over a value in a list, where a boolean has a byte of its own.
func (r *ThriftReader) skipItem(typ byte, depth int) {
	if typ == ThriftTrue || typ == ThriftFalse {
		r.Byte()
		return
	}
	r.Skip(typ, depth+1)
}
