package mysqldb

import (
	"context"
	"slices"

	"github.com/tablehaul/tablehaul/internal/table"
)

// A chunk that meets rows may travel as the file of LOAD DATA LOCAL … REPLACE, which takes the
// server two thirds of the time of INSERT … ON DUPLICATE KEY UPDATE. REPLACE asks nothing: it
// overwrites newer rows, fires DELETE triggers, lets foreign keys of other tables cascade, and
// resets columns that the rows do not have. So it is used only where the rows that it would
// meet have been locked and found not to be newer, and where none of the others can be.
// Everything else is inserted as ever.

// MayOverwrite reports whether the login may delete rows of a table and see its triggers, as
// [UpsertSpec].BulkOverwrite wants it. What cannot be told is a no, and so is a server that
// takes no files: there is nothing to ask then.
func (d *DB) MayOverwrite(ctx context.Context, name table.Name) bool {
	if !d.Server.LocalInfile {
		return false
	}
	g, err := readGrants(ctx, d)
	return err == nil && g.surely("DELETE", name) && g.surely("TRIGGER", name)
}

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

// overwrite sends all rows of the chunk as a file, those that the target has and those that it
// has not. It is false, and nothing has been written, where a row of the target may be newer.
func (w *chunkWriter) overwrite(ctx context.Context) (bool, error) {
	for from := 0; from < len(w.order); {
		older, to, err := w.lockOlder(ctx, from)
		if err != nil || !older {
			w.existing = 0 // counted again by those who insert
			return false, err
		}
		from = to
	}
	// With these off no foreign key of a table that we cannot see cascades; the target has none
	// of its own that would go unchecked.
	w.db.crowd.sent.Add(2)
	if _, err := w.conn.ExecContext(ctx, "SET foreign_key_checks = 0"); err != nil {
		return false, err
	}
	affected, err := w.load(ctx, "REPLACE ")
	if _, on := w.conn.ExecContext(ctx, "SET foreign_key_checks = 1"); on != nil {
		w.drop() // never a session in the pool that does not check
		if err == nil {
			err = on
		}
	}
	if err != nil {
		return false, err
	}
	n := int64(len(w.order))
	if affected < n {
		return false, errLoadRefused
	}
	// A row that was changed counts twice, one that was equal once.
	r := &w.res
	r.Inserted, r.Updated = n-w.existing, affected-n
	r.Unchanged = w.existing - r.Updated
	if r.Unchanged < 0 { // somebody else wrote some of the new ones meanwhile
		r.Approximate, r.Updated, r.Unchanged = true, w.existing, 0
	}
	return true, nil
}

// lockOlder locks the target's rows with the keys from position from on, as many as one
// statement looks at, and counts them. It is false where one of them is newer than any of the
// rows to write: which one must give way is then decided row by row, by INSERTs.
func (w *chunkWriter) lockOlder(ctx context.Context, from int) (older bool, to int, err error) {
	what := "COUNT(*), 0"
	if w.plan.comparesCursors() {
		oldest, ok := w.oldest(from, from+w.keysAtOnce(from, len(w.order)))
		if !ok {
			return false, from, nil
		}
		name := Ident(w.plan.targets[w.plan.cursor].Name)
		value, err := w.appendValue([]byte(nil), oldest, w.plan.cursor)
		if err != nil {
			return false, from, err
		}
		what = "COUNT(*), COALESCE(SUM(" + name + " > " + string(value) + "), 0)"
	}
	if to, err = w.buildProbe(what, from, len(w.order)); err != nil {
		return false, from, err
	}
	w.probe = append(w.probe, " FOR UPDATE"...)
	var existing, newer int64
	if err := w.conn.QueryRowContext(ctx, string(w.probe)).Scan(&existing, &newer); err != nil {
		return false, from, err
	}
	w.existing += existing
	w.heartbeat()
	return newer == 0, to, nil
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
