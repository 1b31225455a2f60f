package scan

import (
	"context"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// CutWindow cuts a window by its cursor into at most want windows of about equally many rows,
// none of them with much less than minRows.
//
// Together they are the window: the first has its Lo, the last its Hi, and each begins where
// the one before it ends, at a cursor value that a row has or had, in its exact text. Rows of
// one cursor value stay together, however many they are.
//
// It goes along an index that begins with the cursor and costs what CutRanges does. Without
// such an index, and where there is nothing to be cut, it is the window itself.
func CutWindow(
	ctx context.Context, d mysqldb.Reader, t *schema.Table, cursor string, w table.Window, want int, minRows int64,
) ([]table.Window, error) {
	whole := []table.Window{w}
	if want <= 1 || schema.CursorIndex(t, cursor) == "" {
		return whole, nil
	}
	c, err := windowCutter(ctx, d, t, cursor, w, want, minRows)
	if err != nil {
		return nil, fmt.Errorf("cut the window of %s: %w", t.Name, mysqlerr.Safe(err))
	}
	windows := make([]table.Window, 0, len(c.pieces))
	lo := w.Lo
	for _, cut := range c.join() {
		windows = append(windows, table.Window{Lo: lo, Hi: cut[0]})
		lo = cut[0]
	}
	return append(windows, table.Window{Lo: lo, Hi: w.Hi}), nil
}

// windowCutter cuts a window into pieces.
func windowCutter(
	ctx context.Context, d mysqldb.Reader, t *schema.Table, cursor string, w table.Window, want int, minRows int64,
) (*cutter, error) {
	c, where, err := newWindowCutter(d, t, cursor, w, want, minRows)
	if err != nil {
		return nil, err
	}
	return c, c.cut(ctx, where)
}

func newWindowCutter(
	d mysqldb.Reader, t *schema.Table, cursor string, w table.Window, want int, minRows int64,
) (c *cutter, where []string, err error) {
	plan, err := newReadPlan(d.ServerInfo(), ReadSpec{Table: t, Cursor: cursor})
	if err != nil {
		return nil, nil, err
	}
	if where, err = plan.inWindow(w); err != nil {
		return nil, nil, err
	}
	c = newCutter(d, plan, want, minRows)
	c.firstColumnOnly = true
	return c, where, nil
}

// IsSmallWindow reports whether a window has surely fewer rows than limit, half or twice as many being normal for an
// estimate: by what the table has in all, or by three looks into the cursor's index. False means nothing.
func IsSmallWindow(
	ctx context.Context, d mysqldb.Reader, t *schema.Table, cursor string, w table.Window, limit int64,
) (bool, error) {
	if t.RowsEstimate > 0 && t.RowsEstimate < limit/2 {
		return true, nil
	}
	if schema.CursorIndex(t, cursor) == "" {
		return false, nil
	}
	c, where, err := newWindowCutter(d, t, cursor, w, 1, 1)
	if err == nil {
		err = c.begin(ctx, where)
	}
	if err != nil {
		return false, fmt.Errorf("estimate the window of %s: %w", t.Name, mysqlerr.Safe(err))
	}
	return c.midpointers[0] != nil &&
		(len(c.pieces) == 0 || !c.pieces[0].capped && c.rows(c.pieces[0]) < limit/2), nil
}

// WindowRows is the server's estimate of the rows in a window, by a few dozen readings of the cursor's index, however
// many rows the window has. It is 0 where there is no such index. It is for messages: half or twice as many are normal.
func WindowRows(ctx context.Context, d mysqldb.Reader, t *schema.Table, cursor string, w table.Window) (int64, error) {
	if schema.CursorIndex(t, cursor) == "" {
		return 0, nil
	}
	// In pieces: of more than half of a table the server says nothing.
	c, err := windowCutter(ctx, d, t, cursor, w, 2, 1)
	if err != nil {
		return 0, fmt.Errorf("estimate the window of %s: %w", t.Name, mysqlerr.Safe(err))
	}
	rows, _ := c.measure()
	return rows, nil
}

// inWindow are the conditions of a window for a plan along the cursor.
func (p *readPlan) inWindow(w table.Window) ([]string, error) {
	cursor := p.parts[0]
	var from, to *limit
	for _, side := range []struct {
		text string
		open bool
		to   **limit
	}{{w.Lo, true, &from}, {w.Hi, false, &to}} {
		if side.text == "" {
			continue
		}
		if err := table.CheckCursor(cursor.column, side.text); err != nil {
			return nil, err
		}
		sql, err := cursor.lit(side.text)
		if err != nil {
			return nil, err
		}
		*side.to = &limit{sql: sql, open: side.open}
	}
	where, _ := cursor.within(from, to)
	if len(where) == 0 {
		return []string{sqltext.Column(cursor.column) + " IS NOT NULL"}, nil
	}
	return where, nil
}
