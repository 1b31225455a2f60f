package config

import (
	"github.com/tablehaul/tablehaul/internal/table"
)

// writeModes are the words of the key "write".
var writeModes = []string{string(table.WriteUpsert), string(table.WriteAppend)}

// writeFields are the keys that say what a row does to the target.
var writeFields = []field[Table]{
	wordField("write", string(table.WriteUpsert), writeModes, "What a row does to the target. upsert: it is "+
		"inserted, or updates the row of its key where that is not newer. append: it is inserted where its key is not "+
		"there, and an existing row of the same key stays as it is. See docs/write-modes.md.",
		func(t *Table) *string { return (*string)(&t.Write) }),
}

// keyFields are those keys of an entry of tables alone.
var keyFields = []field[Table]{
	columnsField("key", "[tenant, number]", "Columns of the key by which rows of both sides are matched: the primary "+
		"key, or a unique key of whole columns that are NOT NULL. Empty: the primary key; without one, the unique "+
		"key with the fewest columns, then the first by name.",
		func(t *Table) *[]string { return &t.Key }),
}

// checkWrite reports settings that contradict the write mode. given are the keys that the entry has itself.
func (d *decoder) checkWrite(place at, given map[string]at, t Table) {
	where := func(key string) at {
		if a := given[key]; a.node != nil {
			return a
		}
		return at{join(place.path, key), place.node}
	}
	if t.Write == table.WriteAppend && t.UniqueConflicts == conflictsReplace {
		d.problem(where("uniqueConflicts"), "use fail, or write: upsert",
			"replace removes existing rows, and write: append leaves them as they are")
	}
}
