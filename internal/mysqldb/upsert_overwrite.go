package mysqldb

import (
	"context"
	"slices"

	"github.com/tablehaul/tablehaul/internal/table"
)

// A chunk that meets rows may travel as the file of LOAD DATA LOCAL … REPLACE, which takes the
// server two thirds of the time of INSERT … ON DUPLICATE KEY UPDATE. REPLACE asks nothing: it
// overwrites newer rows, fires DELETE triggers, lets foreign keys of other tables cascade, and
// resets columns that the rows do not have. So it is used only for rows that have been locked
// and found not to be newer, and where none of the others can be. Everything else is inserted
// as ever.

// overwrites reports whether REPLACE does to the target's rows exactly what the plan's
// ON DUPLICATE KEY UPDATE does, those that are newer aside.
func (p *upsertPlan) overwrites() bool {
	t := p.target
	if p.load == "" || len(p.uniques) > 0 || t.Engine != "InnoDB" || t.Versioned || t.Partitioned ||
		len(t.Triggers) > 0 || len(t.ForeignKeys) > 0 {
		return false
	}
	for i := range t.Columns {
		if c := &t.Columns[i]; !c.Generated && !slices.Contains(p.targets, c) {
			return false
		}
	}
	for _, i := range p.key {
		if keyTextMayDiffer(p.targets[i]) {
			return false // two rows of the chunk may be one for the server
		}
	}
	if !p.comparesCursors() {
		return true
	}
	from, to := p.columns[p.cursor], p.targets[p.cursor]
	return from.Kind == to.Kind && slices.Contains([]table.Kind{
		table.KindInt, table.KindUint, table.KindDecimal, table.KindDate, table.KindDateTime, table.KindTimestamp,
	}, from.Kind)
}

// comparesCursors reports whether a newer row of the target is to be kept. A cursor in the key
// says nothing: rows that meet have the same.
func (p *upsertPlan) comparesCursors() bool {
	return p.cursor >= 0 && !slices.Contains(p.key, p.cursor)
}

// A segment is some of a chunk's rows, side by side in the order of their keys, that are written
// the same way.
type segment struct {
	rows []int32
	how  way
}

// way is how a segment is written.
type way int

const (
	// byInsert: one of the target's rows may be newer, or it has some of the keys only.
	byInsert way = iota
	// byLoad: the target has none of the keys. One that it gets meanwhile is a fault of the file.
	byLoad
	// byOverwrite: the target has all of the keys, locked by us, and no row of it is newer.
	byOverwrite
)

// overwrite writes the chunk in segments, in the order of the keys: a file may only overwrite
// rows that are locked, since one that arrives between the look and the file may be newer.
func (w *chunkWriter) overwrite(ctx context.Context) error {
	segments, err := w.segments(ctx)
	if err != nil {
		return err
	}
	all := w.order
	defer func() { w.order = all }()
	for _, s := range segments {
		w.order = s.rows
		switch s.how {
		case byLoad:
			err = w.loadNew(ctx)
		case byOverwrite:
			err = w.loadOver(ctx)
		case byInsert:
			w.existing, w.affected = 0, 0
			if err = w.writeBatches(ctx); err == nil {
				w.count(nil)
			}
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// segments looks at all keys, and joins neighbours that are written the same way.
func (w *chunkWriter) segments(ctx context.Context) (out []segment, err error) {
	for from := 0; from < len(w.order); {
		how, to, err := w.lock(ctx, from)
		if err != nil {
			return nil, err
		}
		if n := len(out); n > 0 && out[n-1].how == how {
			first := from - len(out[n-1].rows)
			out[n-1].rows = w.order[first:to]
		} else {
			out = append(out, segment{w.order[from:to], how})
		}
		from = to
	}
	return out, nil
}

// loadOver sends rows that the target has as a file that overwrites them.
func (w *chunkWriter) loadOver(ctx context.Context) error {
	// With these off no foreign key of a table that we cannot see cascades; the target has none
	// of its own that would go unchecked.
	if _, err := w.conn.ExecContext(ctx, "SET foreign_key_checks = 0"); err != nil {
		return err
	}
	affected, err := w.load(ctx, "REPLACE ")
	if _, on := w.conn.ExecContext(ctx, "SET foreign_key_checks = 1"); on != nil {
		w.drop() // never a session in the pool that does not check
		if err == nil {
			err = on
		}
	}
	if err != nil {
		return err
	}
	// A row that was changed counts twice, one that was equal once.
	n := int64(len(w.order))
	if affected < n || affected > 2*n {
		return errLoadRefused
	}
	w.res.Updated += affected - n
	w.res.Unchanged += 2*n - affected
	return nil
}

// lock locks the target's rows with the keys from position from to to, as many as one statement
// looks at, and says how the rows with these keys are to be written.
func (w *chunkWriter) lock(ctx context.Context, from int) (how way, to int, err error) {
	if to, err = w.listRuns(from, len(w.order)); err != nil {
		return byInsert, to, err
	}
	if to > from {
		// Without locks first: where the last row of a run is missing, InnoDB waits for the one behind it.
		var existing int
		if err := w.conn.QueryRowContext(ctx, w.probeFor("COUNT(*)")).Scan(&existing); err != nil {
			return byInsert, to, err
		}
		switch existing {
		case 0:
			w.heartbeat()
			return byLoad, to, nil
		case to - from:
			if how, err = w.lockListed(ctx, from, to); err != nil || how == byOverwrite {
				return how, to, err
			}
		}
		// Fewer keys at once leave fewer rows to be inserted for the sake of one.
	}
	if to, err = w.listKeys(from, len(w.order)); err != nil {
		return byInsert, to, err
	}
	how, err = w.lockListed(ctx, from, to)
	return how, to, err
}

// lockListed locks the rows of the listed keys, those at positions [from, to), and says how the
// rows with these keys are to be written.
func (w *chunkWriter) lockListed(ctx context.Context, from, to int) (way, error) {
	what := "COUNT(*), 0"
	if w.plan.comparesCursors() {
		oldest, ok := w.oldest(from, to)
		if !ok {
			return byInsert, nil
		}
		value, err := w.appendValue(nil, oldest, w.plan.cursor)
		if err != nil {
			return byInsert, err
		}
		what = "COUNT(*), COALESCE(SUM(" + Ident(w.plan.targets[w.plan.cursor].Name) + " > " + string(value) + "), 0)"
	}
	var existing, newer int
	if err := w.conn.QueryRowContext(ctx, w.probeFor(what)+" FOR UPDATE").Scan(&existing, &newer); err != nil {
		return byInsert, err
	}
	w.heartbeat()
	switch {
	case existing == 0:
		return byLoad, nil
	case existing == to-from && newer == 0:
		return byOverwrite, nil
	}
	return byInsert, nil
}

// oldest is the row at positions [from, to) whose cursor is the smallest; false where a cursor
// is NULL.
func (w *chunkWriter) oldest(from, to int) (row int32, ok bool) {
	cursor := w.plan.cursor
	kind := w.plan.columns[cursor].Kind
	row = w.order[from]
	for _, other := range w.order[from:to] {
		v := w.rows.Value(int(other), cursor)
		if v == nil {
			return 0, false
		}
		if compareValues(kind, v, w.rows.Value(int(row), cursor)) < 0 {
			row = other
		}
	}
	return row, true
}
