package config

import (
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// writeModes are the words of the key "write".
var writeModes = []string{
	string(table.WriteUpsert), string(table.WriteAppend), string(table.WriteHistory), string(table.WriteReplace),
}

// writeFields are the keys that say what a row does to the target.
var writeFields = []field[Table]{
	wordField("write", string(table.WriteUpsert), writeModes, "What a row does to the target. upsert: it is "+
		"inserted, or updates the row of its key where that is not newer. append: it is inserted where its key is not "+
		"there, and an existing row of the same key stays as it is. history: each version that a run has seen "+
		"is kept, by key and cursor. replace: every run loads all rows into a table "+
		"beside the target, which then takes its place. See docs/write-modes.md.",
		func(t *Table) *string { return (*string)(&t.Write) }),
	durationField("keepOld", builtin.KeepOld, 0, 30*day, "With write: replace, how long the former table is kept "+
		"beside the target, so that a RENAME can bring it back, but no longer than to the next swap. 0: it is dropped "+
		"at once.",
		func(t *Table) *time.Duration { return &t.KeepOld }),
	boolField("allowUnsafeSwap", builtin.AllowUnsafeSwap, "With write: replace, allow a server whose RENAME of two "+
		"tables is not atomic in a crash: MySQL 5.7, MariaDB before 10.6. After a crash in that moment the target is "+
		"missing until the run goes on.",
		func(t *Table) *bool { return &t.AllowUnsafeSwap }),
}

// keyFields are those keys of an entry of tables alone.
var keyFields = []field[Table]{
	columnsField("key", "[tenant, number]", "Columns of the key by which rows of both sides are matched: the primary "+
		"key, or a unique key of whole columns that are NOT NULL. Empty: the primary key; without one, the unique "+
		"key with the fewest columns, then the first by name. With an added column among them, sources whose keys "+
		"meet may share a target: see [columns.md](columns.md#many-sources-one-target).",
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
	d.checkKey(where, t)
	d.checkColumns(where, t)
	d.checkConflicts(where("uniqueConflicts"), given["uniqueConflicts"].node != nil, t)
	if t.Write == table.WriteReplace && t.Deletes.Mode != DeletesOff {
		d.problem(where("deletes"), "leave deletes out, or use write: upsert",
			"write: replace loads all rows with every run: the target never has rows that the source lacks")
	}
	if t.Write == table.WriteHistory {
		d.checkHistory(where, t)
	}
}

// checkHistory reports what makes no sense where each version of a row is kept.
func (d *decoder) checkHistory(where func(key string) at, t Table) {
	if t.Cursor == "" {
		d.problem(where("write"), "set cursor, or write: upsert", "history tells versions apart by a cursor")
	}
	if t.Deletes.Mode == DeletesHard {
		d.problem(where("deletes"), "use mode: soft, report, or off", "deletes.mode hard makes no sense with write: "+
			"history, which keeps all versions")
	}
}
