package config

import (
	"github.com/tablehaul/tablehaul/internal/table"
)

// leftOut reports whether a column of the source does not travel.
func (c Columns) leftOut(column string) bool {
	return table.HasColumn(c.Exclude, column) || len(c.Include) > 0 && !table.HasColumn(c.Include, column)
}

// checkColumns reports settings of columns that contradict the cursor, the key, or one another.
func (d *decoder) checkColumns(where func(key string) at, t Table) {
	problem := func(key, remedy, format string, args ...any) {
		a := where("columns")
		d.problem(at{join(a.path, key), a.node}, remedy, format, args...)
	}
	needed := t.SourceKey()
	if t.Cursor != "" {
		needed = append(needed, t.Cursor)
	}
	for _, name := range needed {
		if !t.Columns.leftOut(name) {
			continue
		}
		key, remedy := "exclude", "take it out of the list"
		if len(t.Columns.Include) > 0 {
			key, remedy = "include", "add it to the list"
		}
		problem(key, remedy, "%s is left out, and the key and the cursor have to travel", name)
	}
	for _, m := range t.Columns.Mask {
		if table.HasColumn(needed, m.Column) {
			problem("mask."+m.Column, "take the mask away", "%s is the cursor, or in the key: it needs its own value",
				m.Column)
		}
	}
	for _, kind := range []struct {
		key  string
		list []ColumnSetting
	}{{"rename", t.Columns.Rename}, {"mask", t.Columns.Mask}, {"type", t.Columns.Type}} {
		for _, s := range kind.list {
			if _, added := t.Columns.added(s.Column); !added && t.Columns.leftOut(s.Column) {
				problem(kind.key+"."+s.Column, "keep one of the two",
					"the column is left out by include or exclude")
			}
		}
	}
	for _, r := range t.Columns.Rename {
		if _, added := t.Columns.added(r.Value); added {
			problem("add."+r.Value, "give one of them another name", "%s is the new name of %s already", r.Value,
				r.Column)
		}
	}
	if t.KeysDisjoint && t.Write == table.WriteReplace {
		d.problem(where("write"), "use another write mode, or a target of its own",
			"write: replace makes no sense with keysDisjoint: the target has rows of other sources")
	}
}

// checkConflicts reports at a where uniqueConflicts: replace would remove rows that have to stay. own says that the
// entry has the key itself, and not from defaults.
func (d *decoder) checkConflicts(a at, own bool, t Table) {
	if t.UniqueConflicts != conflictsReplace {
		return
	}
	replace := "replace"
	if !own {
		replace = "replace, from defaults,"
	}
	switch {
	case t.WiderKey() != nil:
		d.problem(a, "use fail", "%s could remove rows of other sources, which share the target where key has an "+
			"added column", replace)
	case t.KeysDisjoint:
		d.problem(a, "use fail", "%s could remove rows of other sources, which share the target by keysDisjoint",
			replace)
	}
	switch t.Write {
	case table.WriteAppend:
		d.problem(a, "use fail, or write: upsert", "%s removes existing rows, and write: append leaves them as they "+
			"are", replace)
	case table.WriteHistory:
		d.problem(a, "use fail", "a history has no unique key beside (key, cursor), and %s looks for others", replace)
	case table.WriteUpsert, table.WriteReplace:
	}
}
