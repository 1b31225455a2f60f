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
		if index.Try, err = d.nextTry(ctx); err != nil {
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
	d.out.Gone += int64(len(d.cursors)) // those that no row was found for
	return err
}

// nextTry is the number of the first file of the batch that is not published yet.
func (d *deletion) nextTry(ctx context.Context) (try int, err error) {
	for {
		_, err := d.a.readUndoIndex(ctx, d.r.name, d.in.Run, d.in.Batch, try)
		if errors.Is(err, staging.ErrNotFound) {
			return try, nil
		}
		if err != nil {
			return 0, err
		}
		try++
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
		d.out.Gone++ // marked already
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
