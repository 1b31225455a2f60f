package upsert

import (
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Tombstone is how the target marks rows that the source has deleted.
type Tombstone struct {
	// Column holds the moment of the look that found the row gone, by the source's clock and in UTC, and NULL for a
	// row that is there.
	Column string
	// ReadAt is the same clock before the first row of the chunk was read. "" is not known: no mark is cleared.
	ReadAt string
}

// setTombstone makes the conditions of a target that marks deleted rows:
//
//	mark                     the row of the target
//	NULL                     is written by the rules of a target without marks
//	earlier than ReadAt      is written, also with a smaller cursor, and the mark goes: the source has the row again
//	ReadAt, or later         stays as it is: the chunk was read before the row was deleted
func (p *plan) setTombstone(t *Tombstone) error {
	if t == nil || t.ReadAt == "" {
		return nil
	}
	c := p.target.Column(t.Column)
	if c == nil || p.position(t.Column) >= 0 {
		return nil // it has not got the column yet, or an undo writes it
	}
	if c.Kind != table.KindDateTime {
		return mysqlerr.Refuse(t.Column, "the column that marks deleted rows is no DATETIME", "choose another column")
	}
	lit, err := sqltext.Comparand(c.Column)
	if err != nil {
		return err
	}
	if p.readAt, err = lit(t.ReadAt); err != nil {
		return err
	}
	p.tombstone = c.Name
	return nil
}

// guardOf is cursorGuard of a target that marks deleted rows.
func (p *plan) guardOf(d dialect, guard string) string {
	if p.tombstone == "" {
		return guard
	}
	mark := d.old(p.tombstone)
	if guard == "" {
		return mark + " IS NULL OR " + mark + " < " + p.readAt
	}
	return "(" + mark + " IS NULL AND (" + guard + ")) OR " + mark + " < " + p.readAt
}

// clearMark is the last assignment: those before it look at the mark.
func (p *plan) clearMark(d dialect) string {
	mark := d.old(p.tombstone)
	return mark + " = IF(" + mark + " < " + p.readAt + ", NULL, " + mark + ")"
}
