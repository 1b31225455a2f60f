package format

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/tablehaul/tablehaul/internal/table"
)

// Errors of a file that no retry mends. Each message names the file, and the row where there is one.
var (
	// ErrFile is returned for bytes that are not what the format says: truncated, damaged, too large.
	ErrFile = errors.New("file cannot be read")
	// ErrColumns is returned where a column cannot be loaded from files of this form, or options contradict each other.
	ErrColumns = errors.New("column cannot be loaded")
)

// Formats are the names that Options.Format takes beside "auto".
func Formats() []string { return []string{Parquet, JSONLines, JSON, CSV, TSV} }

// Names of formats.
const (
	Parquet   = "parquet"
	JSONLines = "jsonl"
	JSON      = "json"
	CSV       = "csv"
	TSV       = "tsv"
)

// Defaults and limits.
const (
	// DefaultMaxRowBytes is more than MySQL's default max_allowed_packet takes in one statement with a margin of half.
	DefaultMaxRowBytes = 32 << 20
	// nextBytes ends a batch of rows: less than table.Rows keeps for the next one.
	nextBytes = 16 << 20
)

// File is the content of one version of a file. ReadAt may be called by one goroutine at a time.
type File interface {
	io.ReaderAt
	// Size is the number of bytes, which does not change.
	Size() int64
}

// Options say how a file is to be read. The zero value finds out what it can.
type Options struct {
	// Format is one of Formats; "" and "auto" go by the name's suffix and the first bytes.
	Format string
	// Compression is one of Compressions; "" and "auto" likewise. Parquet has its own inside.
	Compression string
	// Text says how CSV and TSV are written.
	Text Text
	// Bytes says how text holds the bytes of a BINARY or BLOB column: BytesBase64, BytesHex or BytesRaw. "" refuses
	// such columns in JSON and CSV, and means BytesRaw in TSV.
	Bytes string
	// Decode is Bytes for single columns, by their names in the file. It alone admits BIT and geometry columns, whose
	// bytes are then MySQL's own form of them. A column that takes no bytes is ErrColumns.
	Decode map[string]string
	// Zone is "" or ZoneUTC. With it, a moment with a zone goes into a DATETIME column, and one without a zone into a
	// TIMESTAMP column, as UTC. Without it, such a row is refused.
	Zone string
	// JSONText says that a string of a JSON file which goes into a JSON column holds a document's text. Without it,
	// the string itself is the document.
	JSONText bool
	// MaxRowBytes bounds one row, in bytes of the file and of its values; 0 is DefaultMaxRowBytes.
	MaxRowBytes int64
	// Until ends the reading before this position, which Split has returned; the zero value is the end of the file.
	Until Position
}

// Values of Options.Bytes and Options.Zone.
const (
	BytesBase64 = "base64"
	BytesHex    = "hex"
	BytesRaw    = "raw"
	ZoneUTC     = "UTC"
)

// Text is the form of CSV and TSV.
type Text struct {
	// NoHeader says that the first record is a row. Columns is then required. TSV has no header where Columns is set.
	NoHeader bool
	// Columns are the names of the fields, in their order, of a file without a header.
	Columns []string
	// Delimiter is one byte; "" is a comma, and a tab in TSV.
	Delimiter string
	// Nulls are the unquoted fields that mean NULL. TSV has \N besides.
	Nulls []string
	// QuotedNulls says that Nulls are fields in quotes as well, as Python's csv module writes them. Then an empty field
	// in quotes is NULL where the column has no empty value.
	QuotedNulls bool
}

// Position is a place between two rows of a file. The zero value is the first row.
type Position struct {
	// Row is the number of rows before it in the file, behind Base.
	Row int64 `json:"row"`
	// Base is, of a text that was cut, the offset of the piece, where the count of rows begins; 0 is the first row.
	Base int64 `json:"base,omitempty"`
	// Offset is, of text, the byte offset after decompression.
	Offset int64 `json:"offset,omitempty"`
	// Group is, of Parquet, the row group that has the next row, counted from 0.
	Group int `json:"group,omitempty"`
}

// BadRow is a row that was refused.
type BadRow struct {
	// Row is its number in the file, behind Base, counted from 1. A header is no row.
	Row int64
	// Base is Position.Base: where Row is counted from.
	Base int64
	// Column is the target's column that the row was refused for; empty where the row itself is at fault.
	Column string
	// Why says what is wrong; it holds no value.
	Why string
}

// Place says which row it is: "12", or "12 from byte 5368709120" in a piece of a text that was cut.
func (b BadRow) Place() string { return place(b.Row, b.Base) }

func place(row, base int64) string {
	if base > 0 {
		return fmt.Sprintf("%d from byte %d", row, base)
	}
	return strconv.FormatInt(row, 10)
}

// Reader reads the rows of one file in order. It is not safe for concurrent use.
type Reader interface {
	// Columns are the names in the file; of JSON, whose objects have names of their own, those that were asked for.
	Columns() []string
	// Next returns up to limit rows (limit > 0) with the text of each column, and the rows refused among them. It may
	// return fewer, and no rows at all with bad rows. At the end of the file it returns io.EOF and nothing else.
	// After another error the reader is of no more use. The caller may give the rows back (table.Rows.Return).
	Next(ctx context.Context, limit int) (*table.Rows, []BadRow, error)
	// Position is behind the last row that Next returned or refused.
	Position() Position
	// Close frees what the reader holds; it does not close the file.
	Close() error
}

// Open begins to read a file at a position. The values of a row come in the order of cols; a column's name in the file
// is its table.Column.SourceName (see Match). A name in a JSON object that is none of these is matched as Match does.
// Errors are ErrFile, ErrColumns, or those of reading f.
func Open(ctx context.Context, f File, name string, o Options, cols []table.Column, from Position) (Reader, error) {
	o, err := resolve(f, name, o)
	if err != nil {
		return nil, err
	}
	columns, err := newColumns(cols, &o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	switch o.Format {
	case Parquet:
		return openParquet(f, name, o, columns, from)
	case JSONLines, JSON:
		return openJSON(ctx, f, name, o, columns, from)
	default:
		return openText(ctx, f, name, o, columns, from)
	}
}

// fileError is an ErrFile of one file, at a row where row > 0.
func fileError(name string, row int64, text string, args ...any) error {
	return fileErrorFrom(name, row, 0, text, args...)
}

// fileErrorFrom is fileError of a row that is counted from a byte of the file.
func fileErrorFrom(name string, row, base int64, text string, args ...any) error {
	err := fmt.Errorf(text, args...)
	if row > 0 {
		return fmt.Errorf("%s: row %s: %w: %w", name, place(row, base), ErrFile, err)
	}
	return fmt.Errorf("%s: %w: %w", name, ErrFile, err)
}

// batch collects the rows of one call of Next.
type batch struct {
	rows    *table.Rows
	bad     []BadRow
	columns []*column
	base    int64 // of the rows' numbers
}

// put appends a converted value, or remembers why the row is refused.
func (b *batch) put(i int, row int64, text []byte, why reason) {
	switch {
	case why != "":
		b.refuse(i, row, why)
	case len(text) == 0:
		b.rows.Append(empty) // text may be nil, which would mean NULL
	default:
		b.rows.Append(text)
	}
}

// tail is put for a text that was appended to b.rows.Tail().
func (b *batch) tail(i int, row int64, tail []byte, why reason) {
	if why != "" {
		b.refuse(i, row, why)
		return
	}
	b.rows.AppendTail(tail)
}

// value converts a text and puts it.
func (b *batch) value(i int, row int64, text []byte) {
	c := b.columns[i]
	if c.Kind == table.KindString {
		out, why := c.checked(text)
		b.put(i, row, out, why)
		return
	}
	out, why := c.value(b.rows.Tail(), text)
	b.tail(i, row, out, why)
}

var empty = []byte{}

func (b *batch) refuse(i int, row int64, why reason) {
	b.rows.AppendNull()
	if n := len(b.bad); n > 0 && b.bad[n-1].Row == row {
		return // the first reason is enough
	}
	b.bad = append(b.bad, BadRow{Row: row, Base: b.base, Column: b.columns[i].Name, Why: b.columns[i].explain(why)})
}

// refuseRow refuses a row of which no value was appended.
func (b *batch) refuseRow(row int64, why reason) {
	b.bad = append(b.bad, BadRow{Row: row, Base: b.base, Why: string(why)})
}

// null appends NULL where the column takes it.
func (b *batch) null(i int, row int64) {
	if b.columns[i].Nullable {
		b.rows.AppendNull()
		return
	}
	b.refuse(i, row, whyNull)
}

// end takes the row back where it was refused.
func (b *batch) end(row int64, before int) {
	if n := len(b.bad); n > 0 && b.bad[n-1].Row == row {
		b.rows.Truncate(before)
	}
}

func (b *batch) full(limit int) bool {
	return b.rows.Len()+len(b.bad) >= limit || b.rows.Bytes() >= nextBytes
}

func newBatch(columns []*column, limit int) batch {
	b := batch{rows: table.Borrow(len(columns)), columns: columns}
	b.rows.Grow(min(limit, 1<<20/len(columns)), 0)
	return b
}

func maxRow(o *Options) int64 { return cmp.Or(o.MaxRowBytes, DefaultMaxRowBytes) }
