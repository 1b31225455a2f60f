package rowfile

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/format"

	"github.com/tablehaul/tablehaul/internal/table"
)

// ErrValue is returned for a value that its column cannot hold: a text that is no integer in
// an integer column, or a NULL in a NOT NULL one. It names the column, never the value.
var ErrValue = errors.New("value does not fit its column")

const (
	// DefaultChunkRows is the most rows of a chunk where no limit is given.
	DefaultChunkRows = 10_000
	// DefaultChunkBytes is the most bytes of values of a chunk where no limit is given.
	DefaultChunkBytes = 16 << 20
	// maxCells bounds rows × columns of a chunk for any ChunkRows, because a reader
	// needs some 16 bytes for each besides the values.
	maxCells = 4 << 20
	// maxChunks keeps the ordinal of a row group within Parquet's 16 bits.
	maxChunks = 32_767
	// blockRows is how many rows of one column are encoded before the next column: few enough
	// that their values are still in the processor's cache.
	blockRows = 512
	magic     = "PAR1"
	// columnsKey is where the MySQL types of the columns are in the file's own metadata.
	columnsKey = "tablehaul.columns"
)

// WriterOptions are the settings of a Writer; their zero values are the defaults.
type WriterOptions struct {
	// Compression is one of Compressions; empty is snappy.
	Compression string
	// ChunkRows and ChunkBytes end a chunk, whichever comes first. Bytes are those of the
	// values' texts. A chunk has at least one row, however large.
	ChunkRows  int
	ChunkBytes int64
	// Meta is added to the file's key/value metadata.
	Meta map[string]string
}

// Summary is what a table.Part needs to know of a finished file.
type Summary struct {
	Rows int64
	// Size is that of the whole file in bytes, SHA256 its hash in lower-case hex.
	Size   int64
	SHA256 string
	Footer table.Span
	Chunks []table.Chunk
}

// Writer writes one file. It holds at most two row groups in memory: the open one, and the one before it, which is
// compressed, hashed and written meanwhile by a goroutine that ends with the group, or when the io.Writer returns an
// error. After an error every further call returns that error; the file is then worthless.
type Writer struct {
	schema  *schema
	cols    []table.Column
	options WriterOptions
	encoder encoder // of pages that are full before their group is
	pages   []pages // of the open group
	rows    int     // of the open group
	bytes   int64   // of the open group's values
	begun   int     // groups that are complete
	size    int64   // of what is written for certain
	err     error

	// written is called when the group before the open one is; nil where there is none. Until then
	// everything below belongs to the goroutine that writes it.
	written chan error
	packer  encoder
	spare   []pages // the pages of that group
	out     output
	groups  []format.RowGroup
	summary Summary
}

// NewWriter begins a file of the given columns on w. The error wraps ErrColumns where no file
// can hold them. Nothing is written to w before the first row group is complete.
func NewWriter(w io.Writer, cols []table.Column, o WriterOptions) (*Writer, error) {
	s, err := newSchema(cols)
	if err != nil {
		return nil, err
	}
	codec, err := codecOf(o.Compression)
	if err != nil {
		return nil, err
	}
	if o.ChunkRows <= 0 {
		o.ChunkRows = DefaultChunkRows
	}
	if o.ChunkBytes <= 0 {
		o.ChunkBytes = DefaultChunkBytes
	}
	o.ChunkRows = min(o.ChunkRows, max(1, maxCells/len(cols)))
	f := &Writer{
		schema: s, cols: cols, options: o,
		encoder: encoder{codec: codec}, packer: encoder{codec: codec},
		pages: make([]pages, len(s.leaves)), spare: make([]pages, len(s.leaves)),
		out: output{w: bufio.NewWriterSize(w, 64<<10), file: sha256.New(), span: sha256.New()},
	}
	for i := range f.pages {
		f.pages[i].leaf, f.spare[i].leaf = &s.leaves[i], &s.leaves[i]
	}
	f.err = f.out.write([]byte(magic))
	f.size = f.out.size
	return f, f.err
}

// Write adds rows, and writes out each row group that they complete.
func (w *Writer) Write(rows *table.Rows) error {
	if w.err != nil {
		return w.err
	}
	if rows.Columns() != len(w.cols) {
		return w.fail(fmt.Errorf("rows of %d columns in a file of %d", rows.Columns(), len(w.cols)))
	}
	from, n := 0, rows.Len()
	for r := range n {
		size := rowBytes(rows, r)
		if w.rows > 0 && (w.rows >= w.options.ChunkRows || w.bytes+size > w.options.ChunkBytes) {
			if err := w.encode(rows, from, r); err != nil {
				return w.fail(err)
			}
			if err := w.endGroup(); err != nil {
				return w.fail(err)
			}
			from = r
		}
		w.rows++
		w.bytes += size
	}
	if err := w.encode(rows, from, n); err != nil {
		return w.fail(err)
	}
	return nil
}

func rowBytes(rows *table.Rows, r int) (n int64) {
	for c := range rows.Columns() {
		n += int64(len(rows.Value(r, c)))
	}
	return n
}

// encode appends rows [from, to) to the open group.
func (w *Writer) encode(rows *table.Rows, from, to int) error {
	for ; from < to; from += blockRows {
		for c := range w.schema.columns {
			if err := w.block(rows, c, from, min(from+blockRows, to)); err != nil {
				return err
			}
		}
	}
	return nil
}

// endGroup hands the open row group, if it has rows, to a goroutine that writes it.
func (w *Writer) endGroup() error {
	if w.rows == 0 {
		return nil
	}
	if w.begun == maxChunks {
		return fmt.Errorf("more than %d chunks in one file", maxChunks)
	}
	if err := w.wait(); err != nil {
		return err
	}
	w.pages, w.spare = w.spare, w.pages
	written, rows := make(chan error, 1), int64(w.rows)
	go func() { written <- w.writeGroup(w.spare, rows) }()
	w.written = written
	w.begun++
	w.rows, w.bytes = 0, 0
	return nil
}

// wait waits until the group before the open one is written.
func (w *Writer) wait() error {
	if w.written == nil {
		return nil
	}
	err := <-w.written
	w.written, w.size = nil, w.out.size
	return err
}

// writeGroup writes a row group and leaves its pages empty.
func (w *Writer) writeGroup(pages []pages, rows int64) error {
	w.out.begin()
	group := format.RowGroup{
		NumRows:    rows,
		FileOffset: w.out.size,
		Ordinal:    int16(len(w.groups)),
		Columns:    make([]format.ColumnChunk, len(pages)),
	}
	for i := range pages {
		p := &pages[i]
		p.pad(rows)
		if err := w.packer.endPage(p); err != nil {
			return fmt.Errorf("column %q: %w", p.leaf.name, err)
		}
		group.Columns[i].MetaData = p.metadata(w.packer.codec, w.out.size)
		group.TotalByteSize += p.uncompressed
		group.TotalCompressedSize += int64(len(p.done))
		if err := w.out.write(p.done); err != nil {
			return fmt.Errorf("writing a chunk: %w", err)
		}
		p.reset()
	}
	w.groups = append(w.groups, group)
	w.summary.Chunks = append(w.summary.Chunks, table.Chunk{
		FirstRow: w.summary.Rows, Rows: rows, Span: w.out.end(),
	})
	w.summary.Rows += rows
	return nil
}

// Size is the number of bytes that are written for certain, without the open row group and the
// one before it: what a caller compares with the size at which it begins another part.
func (w *Writer) Size() int64 { return w.size }

// Chunks is the number of row groups that are complete.
func (w *Writer) Chunks() int { return w.begun }

// Close writes the last row group and the footer. It does not close the io.Writer. A file
// without rows is a valid one, without chunks.
func (w *Writer) Close() (Summary, error) {
	if w.err != nil {
		return Summary{}, w.err
	}
	if err := w.endGroup(); err != nil {
		return Summary{}, w.fail(err)
	}
	if err := w.wait(); err != nil {
		return Summary{}, w.fail(err)
	}
	footer, err := w.footer()
	if err != nil {
		return Summary{}, w.fail(err)
	}
	w.out.begin()
	if err := w.out.write(footer); err != nil {
		return Summary{}, w.fail(fmt.Errorf("writing the footer: %w", err))
	}
	if err := w.out.w.Flush(); err != nil {
		return Summary{}, w.fail(fmt.Errorf("writing the footer: %w", err))
	}
	w.summary.Footer = w.out.end()
	w.summary.Size = w.out.size
	w.summary.SHA256 = hex.EncodeToString(w.out.file.Sum(nil))
	w.err = errClosed
	return w.summary, nil
}

var errClosed = errors.New("row file is closed")

func (w *Writer) fail(err error) error {
	w.err = err
	return err
}
