package activities

import (
	"context"
	"errors"
	"iter"

	"github.com/tablehaul/tablehaul/internal/files"
	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/table"
)

// rowShape says how the rows of a file become rows of the plan.
type rowShape struct {
	// places are those of the plan's columns in the reader's rows, -1 for NULL; nil where rows come as the plan has
	// them.
	places []int
	// skip are rows that do not count.
	skip skipRows
	// base is where rows are counted from: format.Position.
	base int64
	// hint is the place of the column that marks deletes, -1 for none, and moment what such rows get as their last
	// value.
	hint   int
	moment []byte
	// notNull are the plan's columns in which a row that is there has no NULL.
	notNull []int
}

// open opens a file at a position.
func (c *fileCopy) open(
	ctx context.Context, f files.File, p plannedFile, from format.Position,
) (format.Reader, *rowShape, error) {
	s := c.r.plan.Settings
	o := s.formatOptions(p.File, c.r.plan.FilesText)
	o.Until = p.Until
	cols, shape, err := c.columnsIn(ctx, f, p, o)
	if err != nil {
		return nil, nil, err
	}
	if parked := c.parked.take(c.parkKey(p)); parked != nil {
		if reader, err := parked.Resume(ctx, f, from); !errors.Is(err, format.ErrBehind) {
			return reader, shape, err
		}
	}
	reader, err := format.Open(ctx, f, p.Key, o, cols, from)
	return reader, shape, err
}

// readOfFiles are the columns of the plan that a file may have, and the one that marks deletes.
func (p *stagedPlan) readOfFiles() []table.Column {
	m := p.Removal
	if m == nil {
		return requireCursor(p.Columns, p.Settings.Cursor)
	}
	out := requireCursor(p.Columns[:len(p.Columns)-1], p.Settings.Cursor)
	if table.Index(out, m.Hint.Name) < 0 {
		out = append(out, m.Hint)
	}
	return out
}

// columnsIn are the columns of the plan that a file has, by its own names, and how its rows become the plan's.
func (c *fileCopy) columnsIn(
	ctx context.Context, f files.File, p plannedFile, o format.Options,
) (cols []table.Column, shape *rowShape, err error) {
	want := c.want
	cols = want
	if !isJSON(p.Key, o) { // there, each row has its own names
		names, err := format.Names(ctx, f, p.Key, o)
		if err != nil {
			return nil, nil, err
		}
		matched, err := format.Match(p.Key, names, want)
		if err != nil {
			return nil, nil, err
		}
		cols = matched.Columns
	}
	for _, w := range want {
		if table.Index(cols, w.Name) < 0 && !w.Nullable {
			return nil, nil, filesRefused("have the file's maker write it, or name the columns to load under "+
				"columns.include", "%s: it has no column %s, which is NOT NULL", p.Key, w.Name)
		}
	}
	return cols, c.shapeOf(cols, p), nil
}

// shapeOf says how rows with these columns of a file become rows of the plan.
func (c *fileCopy) shapeOf(cols []table.Column, p plannedFile) *rowShape {
	shape := &rowShape{hint: -1, skip: skipRows{packed: p.Skip}, base: p.From.Base}
	if m := c.r.plan.Removal; m != nil {
		shape.hint, shape.moment = table.Index(cols, m.Hint.Name), p.at()
		for _, name := range m.NotNull {
			shape.notNull = append(shape.notNull, table.Index(c.out, name))
		}
	} else if len(cols) == len(c.out) && len(p.Skip) == 0 {
		return shape
	}
	for _, col := range c.out {
		shape.places = append(shape.places, table.Index(cols, col.Name))
	}
	return shape
}

func isJSON(name string, o format.Options) bool {
	kind := o.Format
	if kind == "" || kind == "auto" {
		kind, _ = format.SuffixFormat(name)
	}
	return kind == format.JSON || kind == format.JSONLines
}

// requireCursor makes the cursor NOT NULL: a row without one may be newer or older.
func requireCursor(cols []table.Column, cursor string) []table.Column {
	out := append([]table.Column(nil), cols...)
	if i := table.Index(out, cursor); cursor != "" && i >= 0 {
		out[i].Nullable = false
	}
	return out
}

// write writes rows as the plan has them.
func (c *fileCopy) write(ctx context.Context, rows *table.Rows) error {
	if rows.Len() == 0 {
		return nil
	}
	if err := c.parts.write(ctx, rows); err != nil {
		return err
	}
	c.rows.Add(int64(rows.Len()))
	c.bytes.Store(c.parts.bytes())
	return nil
}

// reshape makes rows of the plan: without those that do not count, with NULL for columns that the file does not have,
// and with the moment of deletes. It returns rows themselves, or memory that the next call uses again, and the rows
// that it refuses. numbers yields each row with its number in the file.
func (c *fileCopy) reshape(
	rows *table.Rows, shape *rowShape, numbers iter.Seq2[int, int64],
) (out *table.Rows, bad []format.BadRow) {
	if shape.places == nil {
		return rows, nil
	}
	if c.shaped == nil {
		c.shaped = table.NewRows(len(shape.places))
	}
	c.shaped.Reset()
	m := c.r.plan.Removal
	for row, number := range numbers {
		if shape.skip.has(number) {
			continue
		}
		deleted := shape.hint >= 0 && m.isDelete(rows.Value(row, shape.hint))
		if i := nullIn(rows, row, shape); i >= 0 && !deleted {
			bad = append(bad, format.BadRow{
				Row: number, Base: shape.base, Column: c.out[i].Name, Why: "NULL in a NOT NULL column",
			})
			continue
		}
		for i, at := range shape.places {
			switch {
			case deleted && i == len(shape.places)-1:
				c.shaped.Append(shape.moment)
			case at < 0:
				c.shaped.AppendNull()
			default:
				c.shaped.Append(rows.Value(row, at))
			}
		}
	}
	return c.shaped, bad
}

// nullIn is the first column of the plan in which a row has NULL and may not, unless it is a delete; -1 for none.
func nullIn(rows *table.Rows, row int, shape *rowShape) int {
	for _, i := range shape.notNull {
		if at := shape.places[i]; at < 0 || rows.Value(row, at) == nil {
			return i
		}
	}
	return -1
}
