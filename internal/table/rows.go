package table

import (
	"slices"
	"sync"
)

// Rows holds rows of a fixed number of columns in one buffer, so that a page of thousands
// of rows costs a handful of allocations. The zero value holds nothing; use NewRows.
//
// Values returned by Value point into the buffer: they are valid until Reset.
// A Rows is not safe for concurrent writing.
type Rows struct {
	cols  int
	data  []byte
	cells []cell // row-major; len(cells) is a multiple of cols except while a row is being appended
}

// cell is the place of a value in data. It has 8 bytes, since a page of narrow rows is as much
// bookkeeping as values. They are enough: a page ends at some megabytes or with the row that
// passes them, and a row is 1 GiB at most (max_allowed_packet).
type cell struct {
	off  uint32
	size int32 // negative is NULL
}

var empty = []byte{}

// NewRows returns an empty Rows for rows of cols columns, cols > 0.
func NewRows(cols int) *Rows { return &Rows{cols: cols} }

// pool keeps the memory of Rows that were given back: growing a page or a chunk again costs more than filling it.
// keptBytes is the most that one may hold; beyond it a table of huge rows would be paid for until the process ends.
var pool = sync.Pool{New: func() any { return &Rows{} }}

const keptBytes = 24 << 20

// Borrow returns an empty Rows for rows of cols columns, cols > 0, in memory that Return gave back where there is any.
func Borrow(cols int) *Rows {
	r, ok := pool.Get().(*Rows)
	if !ok {
		r = &Rows{}
	}
	r.Reset()
	r.cols = cols
	return r
}

// Return gives r's memory back. Neither r nor a value or slice of it may be used afterwards.
func (r *Rows) Return() {
	if cap(r.data)+cap(r.cells)*8 <= keptBytes {
		pool.Put(r)
	}
}

// Grow makes room for so many more rows and bytes of values.
func (r *Rows) Grow(rows, bytes int) {
	r.data = slices.Grow(r.data, bytes)
	r.cells = slices.Grow(r.cells, rows*r.cols)
}

// Columns is the number of columns of every row.
func (r *Rows) Columns() int { return r.cols }

// Len is the number of complete rows.
func (r *Rows) Len() int {
	if r.cols == 0 {
		return 0
	}
	return len(r.cells) / r.cols
}

// Bytes is the size of all values, in bytes; NULLs and bookkeeping count as nothing.
func (r *Rows) Bytes() int { return len(r.data) }

// Append adds the next value of the row being built, copying it. A nil value is NULL, an
// empty one is the empty string. A row is complete when as many values as columns were appended.
func (r *Rows) Append(value []byte) {
	if value == nil {
		r.AppendNull()
		return
	}
	r.cells = append(r.cells, cell{off: uint32(len(r.data)), size: int32(len(value))})
	r.data = append(r.data, value...)
}

// AppendNull adds a NULL as the next value.
func (r *Rows) AppendNull() { r.cells = append(r.cells, cell{size: -1}) }

// AppendFunc adds the next value as what f appends to its argument, without a copy.
func (r *Rows) AppendFunc(f func(dst []byte) []byte) {
	off := len(r.data)
	r.data = f(r.data)
	r.cells = append(r.cells, cell{off: uint32(off), size: int32(len(r.data) - off)})
}

// Tail is the memory behind the last value: what is appended to it becomes the next value by AppendTail.
func (r *Rows) Tail() []byte { return r.data }

// AppendTail adds the next value, which was appended to Tail. It is AppendFunc without a call for each value.
func (r *Rows) AppendTail(tail []byte) {
	off := len(r.data)
	r.data = tail
	r.cells = append(r.cells, cell{off: uint32(off), size: int32(len(tail) - off)})
}

// Value is the value of a row and a column, both counted from 0; nil is NULL, and an empty value is not nil.
func (r *Rows) Value(row, col int) []byte {
	c := r.cells[row*r.cols+col]
	if c.size <= 0 {
		if c.size < 0 {
			return nil
		}
		return empty // a slice of a nil buffer would be nil, which means NULL
	}
	end := uint64(c.off) + uint64(c.size)
	return r.data[c.off:end:end]
}

// Truncate keeps the first n rows, 0 ≤ n ≤ Len, and drops the rest and any incomplete row.
// The values of dropped rows stop counting in Bytes.
func (r *Rows) Truncate(n int) {
	r.cells = r.cells[:n*r.cols]
	r.data = r.data[:r.end()]
}

// end is where the values of the last row that has any end: they are appended in order.
func (r *Rows) end() uint64 {
	for i := len(r.cells) - 1; i >= 0; i-- {
		if c := r.cells[i]; c.size > 0 {
			return uint64(c.off) + uint64(c.size)
		}
	}
	return 0
}

// Keep drops all rows but those from (inclusive) to to (exclusive), 0 ≤ from ≤ to ≤ Len. The
// values of dropped rows still count in Bytes.
func (r *Rows) Keep(from, to int) {
	n := copy(r.cells, r.cells[from*r.cols:to*r.cols])
	r.cells = r.cells[:n]
}

// Reset empties r and keeps its memory for the next page.
func (r *Rows) Reset() {
	r.data = r.data[:0]
	r.cells = r.cells[:0]
}
