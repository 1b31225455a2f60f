package table

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

// cell is the place of a value in data. A negative size is NULL.
type cell struct {
	off  uint64
	size int64
}

var empty = []byte{}

// NewRows returns an empty Rows for rows of cols columns, cols > 0.
func NewRows(cols int) *Rows { return &Rows{cols: cols} }

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
	r.cells = append(r.cells, cell{off: uint64(len(r.data)), size: int64(len(value))})
	r.data = append(r.data, value...)
}

// AppendNull adds a NULL as the next value.
func (r *Rows) AppendNull() { r.cells = append(r.cells, cell{size: -1}) }

// AppendFunc adds the next value as what f appends to its argument, without a copy.
func (r *Rows) AppendFunc(f func(dst []byte) []byte) {
	off := len(r.data)
	r.data = f(r.data)
	r.cells = append(r.cells, cell{off: uint64(off), size: int64(len(r.data) - off)})
}

// Value is the value of a row and a column, both counted from 0; nil is NULL, and an empty
// value is not nil.
func (r *Rows) Value(row, col int) []byte {
	c := r.cells[row*r.cols+col]
	if c.size <= 0 {
		if c.size < 0 {
			return nil
		}
		return empty // a slice of a nil buffer would be nil, which means NULL
	}
	end := c.off + uint64(c.size)
	return r.data[c.off:end:end]
}

// Truncate keeps the first n rows, 0 ≤ n ≤ Len, and drops the rest and any incomplete row.
// The values of dropped rows stop counting in Bytes.
func (r *Rows) Truncate(n int) {
	r.cells = r.cells[:n*r.cols]
	var end uint64
	for _, c := range r.cells {
		if c.size > 0 {
			end = max(end, c.off+uint64(c.size))
		}
	}
	r.data = r.data[:end]
}

// Slice is the rows from (inclusive) to to (exclusive), 0 ≤ from ≤ to ≤ Len, in the same
// memory: it is for reading, and valid until r changes.
func (r *Rows) Slice(from, to int) *Rows {
	return &Rows{cols: r.cols, data: r.data, cells: r.cells[from*r.cols : to*r.cols : to*r.cols]}
}

// Reset empties r and keeps its memory for the next page.
func (r *Rows) Reset() {
	r.data = r.data[:0]
	r.cells = r.cells[:0]
}
