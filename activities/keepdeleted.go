package activities

import (
	"context"
	"errors"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// keep reads the rows of the target, and keeps those that are what the sweep has seen.
func (d *deletion) keep(ctx context.Context) error {
	if len(d.keys) == 0 {
		return nil
	}
	index, err := newUndoIndex(d.r.plan.Settings, d.in.Run, d.in.Batch, d.c.c.Layout, d.c.dst.table)
	if err != nil {
		return err
	}
	var undo *undoWriter
	if !d.r.plan.Settings.UndoOff {
		if index.Try, err = d.keptBefore(ctx); err != nil {
			return err
		}
		if undo, err = d.a.newUndo(ctx, d.r.plan.Settings, index); err != nil {
			return err
		}
	}
	err = eachRow(ctx, d.c.dst, index.rowColumns(), d.keys, func(rows *table.Rows) error {
		for i := range rows.Len() {
			if err := d.keepRow(ctx, undo, &index, rows, i); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && undo != nil {
		err = undo.publish(ctx, nil, nil)
	}
	if err != nil && undo != nil {
		undo.discard(ctx)
	}
	for bytes := range d.cursors { // those that no row was found for
		d.countGone(bytes)
	}
	d.out.Kept = undo != nil && (index.Try > 0 || len(d.rows) > 0)
	return err
}

// keptBefore reads which rows earlier attempts at the batch have kept: their reply was lost, or their lease. It returns
// the number of the first file of the batch that is not published yet.
func (d *deletion) keptBefore(ctx context.Context) (try int, err error) {
	d.before = map[string]bool{}
	for ; ; try++ {
		x, err := d.a.readUndoIndex(ctx, d.r.name, d.in.Run, d.in.Batch, try)
		if errors.Is(err, staging.ErrNotFound) {
			return try, nil
		}
		if err == nil {
			err = d.a.eachUndoRows(ctx, x, func(was *table.Rows) error {
				for i := range was.Len() {
					d.before[x.Layout.KeyOf(was, i)] = true
				}
				return nil
			})
		}
		if err != nil {
			return 0, err
		}
	}
}

// countGone counts a row that is not there any more, or is marked: an earlier attempt that has kept it has deleted it.
func (d *deletion) countGone(bytes string) {
	if d.before[bytes] {
		d.out.Deleted++
	} else {
		d.out.Gone++
	}
}

func (d *deletion) keepRow(ctx context.Context, undo *undoWriter, x *undoIndex, rows *table.Rows, i int) error {
	l := &d.c.c.Layout
	bytes := l.KeyOf(rows, i)
	seen, asked := d.cursors[bytes]
	if !asked {
		return nil // another spelling
	}
	delete(d.cursors, bytes)
	switch {
	case l.Marked(rows, i):
		d.countGone(bytes) // marked already
		return nil
	case l.SeenOf(rows, i) != seen:
		d.out.Changed++
		return nil
	}
	row := keptRow{key: l.KeyTexts(rows, i)}
	columns := x.rowColumns()
	for _, name := range d.r.plan.Settings.markedIn(d.c.dst.table).PrimaryKey {
		row.Key = append(row.Key, string(rows.Value(i, table.Index(columns, name))))
	}
	row.Sum = removalSum(columns, rows, i, d.c.dst.table)
	d.rows = append(d.rows, row)
	if undo == nil {
		return nil
	}
	if l.Tombstone == nil {
		return undo.present(ctx, rows, i, nil)
	}
	left := x.left(rows, i, rows, i) // all but the mark stays
	return undo.present(ctx, rows, i, &left)
}
