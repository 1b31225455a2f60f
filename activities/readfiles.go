package activities

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/tablehaul/tablehaul/internal/files"
	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/table"
)

// ReadFiles reads the files of a range, converts their rows into exact values of the target's columns, and stages them
// as ExtractIncremental stages rows of a source: in Parquet parts of our own, whose manifest it publishes last. A slice
// ends where it has as much as one may have; the next one goes on in the middle of the file.
//
// With a quarantine, rows that cannot be converted are set aside; without one, the first of them fails the run.
//
// What was read of a file counts only if the file is unchanged afterwards. Repeating the step is harmless, for the same
// reasons. It heartbeats ExtractProgress.
func (a *Activities) ReadFiles(ctx context.Context, in RangeInput) (ExtractResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return ExtractResult{}, err
	}
	r, err := a.openRange(ctx, in)
	if err != nil {
		return ExtractResult{}, translate(ctx, err, where{doing: "open the plan of " + in.Table})
	}
	if out, ok, err := a.published(ctx, r); ok || err != nil {
		return out, err
	}
	at := where{doing: "read the files of " + in.Table}
	store, err := files.Open(r.plan.Settings.Files.URL)
	if err != nil {
		return ExtractResult{}, translateFiles(ctx, err, at)
	}
	start, err := a.sliceStart(ctx, r)
	if err != nil {
		return ExtractResult{}, translate(ctx, err, where{doing: "find where a slice of " + in.Table + " begins"})
	}
	c := fileCopy{
		r: r, store: store, parked: &a.parked, parts: newPartWriter(a.deps.Store, r, attemptName(ctx)),
		want: requireCursor(r.plan.Columns, r.plan.Settings.Cursor),
	}
	defer beat(ctx, func() any { return ExtractProgress{Rows: c.rows.Load(), Bytes: c.bytes.Load()} })()
	next, err := c.copyFiles(ctx, start)
	if err == nil {
		err = c.parts.close()
	}
	if err != nil {
		c.parts.discard(ctx)
		return ExtractResult{}, translateFiles(ctx, err, at)
	}
	if err := a.setRefusedAside(ctx, &c); err != nil {
		c.parts.discard(ctx)
		return ExtractResult{}, err
	}
	result, err := a.publish(ctx, r, c.parts, scan.ReadStats{Rows: c.rows.Load(), Next: next})
	if err != nil {
		return ExtractResult{}, err
	}
	logStep(ctx, "range", in.Range, "slice", in.Slice, "rows", result.Rows, "parts", result.Parts, "bytes",
		result.Bytes, "quarantined", result.Quarantined)
	return result, nil
}

// fileCopy copies rows of files into parts.
type fileCopy struct {
	r     *openedRange
	store files.Store
	parts *partWriter
	// want are the columns that rows have.
	want []table.Column
	// parked has readers of compressed files that the slice before this one has left; nil: none.
	parked *parkedReaders
	// wide is the memory of rows with all columns of the table, where a file lacks some.
	wide        *table.Rows
	rows, bytes atomic.Int64
	// refused are rows to set aside: see refuse.
	refused []refusedRow
}

// copyFiles reads files from a position until the slice is full, and returns where the next one begins; nil at the end.
func (c *fileCopy) copyFiles(ctx context.Context, start *table.Position) (*table.Position, error) {
	list := c.r.plan.Ranges[c.r.in.Range].Files
	first, from, err := filePosition(start, len(list))
	if err != nil {
		return nil, err
	}
	for i := first; i < len(list); i++ {
		if i > first || start == nil {
			from = list[i].From
		}
		at, err := c.copyFile(ctx, list[i], from)
		if err != nil {
			return nil, err
		}
		if at != nil {
			return positionIn(i, *at), nil
		}
		if c.parts.full() && i+1 < len(list) {
			return positionIn(i+1, list[i+1].From), nil
		}
	}
	return nil, nil
}

// copyFile reads one file, and returns where it stopped because the slice is full; nil at the end.
func (c *fileCopy) copyFile(ctx context.Context, p plannedFile, from format.Position) (*format.Position, error) {
	f, err := c.store.Open(ctx, p.Entry)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading
	reader, places, err := c.open(ctx, f, p, from)
	if err != nil {
		return nil, err
	}
	parked := false
	defer func() {
		if !parked {
			_ = reader.Close() // opened for reading
		}
	}()
	for {
		rows, bad, err := reader.Next(ctx, c.r.plan.Settings.ChunkRows)
		if errors.Is(err, io.EOF) {
			return nil, files.Unchanged(ctx, c.store, p.Entry)
		}
		if err != nil {
			return nil, c.changedOr(ctx, p, err)
		}
		if err := c.refuse(p.Key, bad); err != nil {
			return nil, c.changedOr(ctx, p, err)
		}
		err = c.write(ctx, rows, places)
		rows.Return()
		if err != nil {
			return nil, err
		}
		if c.parts.full() {
			at := reader.Position()
			if err := files.Unchanged(ctx, c.store, p.Entry); err != nil {
				return nil, err
			}
			parked = true
			return &at, c.park(reader, p)
		}
	}
}

// changedOr is what is wrong with a file, unless it was changed while it was read: then that is the reason.
func (c *fileCopy) changedOr(ctx context.Context, p plannedFile, err error) error {
	if changed := files.Unchanged(ctx, c.store, p.Entry); errors.Is(changed, files.ErrChanged) ||
		errors.Is(changed, files.ErrNotFound) {
		return changed
	}
	return err
}

// open opens a file at a position. places says where each column of the plan is in the reader's rows, -1 where the file
// does not have it; nil where rows come as the plan has them.
func (c *fileCopy) open(
	ctx context.Context, f files.File, p plannedFile, from format.Position,
) (format.Reader, []int, error) {
	s := c.r.plan.Settings
	o := s.formatOptions(p.File, c.r.plan.FilesText)
	o.Until = p.Until
	cols, places, err := c.columnsIn(ctx, f, p, o)
	if err != nil {
		return nil, nil, err
	}
	if parked := c.parked.take(c.parkKey(p)); parked != nil {
		if reader, err := parked.Resume(ctx, f, from); !errors.Is(err, format.ErrBehind) {
			return reader, places, err
		}
	}
	reader, err := format.Open(ctx, f, p.Key, o, cols, from)
	return reader, places, err
}

// columnsIn are the columns of the plan that a file has, by its own names.
func (c *fileCopy) columnsIn(
	ctx context.Context, f files.File, p plannedFile, o format.Options,
) (cols []table.Column, places []int, err error) {
	want := c.want
	if isJSON(p.Key, o) { // each row has its own names
		return want, nil, nil
	}
	names, err := format.Names(ctx, f, p.Key, o)
	if err != nil {
		return nil, nil, err
	}
	matched, err := format.Match(names, want)
	if err != nil {
		return nil, nil, err
	}
	cols = matched.Columns
	if len(cols) == len(want) {
		return cols, nil, nil
	}
	places = make([]int, len(want))
	for i, w := range want {
		if places[i] = table.Index(cols, w.Name); places[i] < 0 && !w.Nullable {
			return nil, nil, filesRefused("have the file's maker write it, or name the columns to load under "+
				"columns.include", "%s: it has no column %s, which is NOT NULL", p.Key, w.Name)
		}
	}
	return cols, places, nil
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

// write writes rows, with NULL for columns that the file does not have.
func (c *fileCopy) write(ctx context.Context, rows *table.Rows, places []int) error {
	if rows.Len() == 0 {
		return nil
	}
	out := c.widened(rows, places)
	if err := c.parts.write(ctx, out); err != nil {
		return err
	}
	c.rows.Add(int64(out.Len()))
	c.bytes.Store(c.parts.bytes())
	return nil
}

// widened are rows as they are wanted, with NULL for columns that the file does not have: rows themselves, or memory
// that the next call uses again.
func (c *fileCopy) widened(rows *table.Rows, places []int) *table.Rows {
	if places == nil {
		return rows
	}
	if c.wide == nil {
		c.wide = table.NewRows(len(places))
	}
	c.wide.Reset()
	for row := range rows.Len() {
		for _, at := range places {
			if at < 0 {
				c.wide.AppendNull()
			} else {
				c.wide.Append(rows.Value(row, at))
			}
		}
	}
	return c.wide
}
