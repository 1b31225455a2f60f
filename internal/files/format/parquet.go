package format

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tablehaul/tablehaul/internal/table"
)

// parquetReader reads a Parquet file, row group after row group.
type parquetReader struct {
	name    string
	footer  *footer
	columns []*column
	fields  []*tree // of each column
	leaves  []*leaf // all that are read
	wanted  map[int]*placed
	held    int64

	group  int
	left   int64 // rows of the open group
	row    int64
	until  int64 // the last row to read, counted from 0, exclusive
	names  []string
	batch  batch
	maxRow int // bytes
}

// Bytes that are read at once, for one column and for all.
const (
	leastShare = 64 << 10
	mostShare  = 4 << 20
	allShares  = 8 << 20
)

func openParquet(f File, name string, o Options, columns []*column, from Position) (r Reader, err error) {
	defer recoverDamage(name, &err)
	foot, err := readFooter(f, name)
	if err != nil {
		return nil, err
	}
	p := &parquetReader{
		name: name, footer: foot, columns: columns, group: -1, row: from.Row, until: foot.rows,
		wanted: map[int]*placed{}, maxRow: int(maxRow(&o)),
	}
	if o.Until != (Position{}) {
		p.until = min(p.until, o.Until.Row)
	}
	for _, n := range foot.root.children {
		p.names = append(p.names, n.name)
	}
	for _, c := range columns {
		n, err := foot.find(c.SourceName())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		t, err := p.tree(n, c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		p.fields = append(p.fields, t)
	}
	share := max(leastShare, min(mostShare, allShares/len(p.leaves)))
	for _, l := range p.leaves {
		l.pages = chunkReader{f: f, share: share, held: &p.held}
	}
	return p, nil
}

// find is the column of a name.
func (f *footer) find(name string) (*node, error) {
	var found *node
	for _, n := range f.root.children {
		if n.name != name {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%w: it has %q twice", ErrFile, name)
		}
		found = n
	}
	if found == nil {
		return nil, fmt.Errorf("%w: it has no column %q", ErrColumns, name)
	}
	return found, nil
}

// recoverDamage is the last line of defence: no bytes end the process.
func recoverDamage(name string, err *error) {
	if p := recover(); p != nil {
		*err = fileError(name, 0, "reading it failed: %v", p)
	}
}

func (r *parquetReader) Columns() []string { return r.names }

func (r *parquetReader) Position() Position { return Position{Row: r.row, Group: max(r.group, 0)} }

func (r *parquetReader) Close() error { return nil }

func (r *parquetReader) Next(ctx context.Context, limit int) (rows *table.Rows, bad []BadRow, err error) {
	defer recoverDamage(r.name, &err)
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if r.row >= r.until {
		return nil, nil, io.EOF
	}
	r.batch = newBatch(r.columns, limit)
	for r.row < r.until && !r.batch.full(limit) {
		for r.left == 0 {
			if err = r.openGroup(); err != nil {
				break
			}
		}
		if err == nil {
			err = r.add()
		}
		if err != nil {
			r.batch.rows.Return()
			return nil, nil, err
		}
	}
	return r.batch.rows, r.batch.bad, nil
}

// openGroup opens the row group that has the next row, and passes over the rows before it.
func (r *parquetReader) openGroup() error {
	r.group++
	for ; r.group < len(r.footer.groups); r.group++ {
		if g := &r.footer.groups[r.group]; r.row < g.before+g.rows {
			break
		}
	}
	if r.group >= len(r.footer.groups) {
		return fileError(r.name, r.row+1, "it has fewer rows than it says")
	}
	g := &r.footer.groups[r.group]
	if err := r.footer.placed(r.group, r.wanted); err != nil {
		return fileError(r.name, 0, "%w", err)
	}
	r.left = g.before + g.rows - r.row
	for _, l := range r.leaves {
		err := l.begin(r.footer, r.wanted[l.leaf])
		if err == nil && l.rep == 0 && r.wanted[l.leaf].values != g.rows {
			err = errors.New("it has another number of values than rows")
		}
		if err != nil {
			return r.damaged(l, err)
		}
	}
	for _, t := range r.fields {
		if err := t.skip(r, r.row-g.before); err != nil {
			return err
		}
	}
	return nil
}

// damaged names the file and the row in an error of a column's pages. An error of reading the file stays what it is.
func (r *parquetReader) damaged(l *leaf, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("its pages end too early")
	}
	if failed := (*readError)(nil); errors.As(err, &failed) {
		return fmt.Errorf("%s: %w", r.name, failed.error)
	}
	return fileError(r.name, r.row+1, "column %q: %w", l.name, err)
}

// add appends the next row.
func (r *parquetReader) add() error {
	row, before, bytes := r.row+1, r.batch.rows.Len(), r.batch.rows.Bytes()
	for i, t := range r.fields {
		if t.leaf == nil {
			if err := r.addNested(i, t, row); err != nil {
				return err
			}
			continue
		}
		l := t.leaf
		if l.inPage == 0 {
			if _, err := l.nextPage(0); err != nil {
				return r.damaged(l, err)
			}
		}
		l.inPage--
		level, err := l.level()
		if err != nil {
			return r.damaged(l, err)
		}
		if level < l.def {
			r.batch.null(i, row)
			continue
		}
		if err = l.put(&r.batch, i, row); err != nil {
			return r.damaged(l, err)
		}
	}
	if r.batch.rows.Bytes()-bytes > r.maxRow {
		return fileError(r.name, row, "%s", tooLong(int64(r.maxRow)))
	}
	r.batch.end(row, before)
	r.row, r.left = row, r.left-1
	return nil
}
