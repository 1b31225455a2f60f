package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// added is the expression of a column that only the target has.
func (c Columns) added(column string) (string, bool) {
	for _, a := range c.Add {
		if table.SameColumn(a.Column, column) {
			return a.Value, true
		}
	}
	return "", false
}

// SourceKey are the columns of Key that the source has.
func (t Table) SourceKey() []string {
	return slices.DeleteFunc(slices.Clone(t.Key), func(c string) bool {
		_, added := t.Columns.added(c)
		return added
	})
}

// WiderKey are the columns of the target's key, by the source's names, where an added one is among them; else nil.
func (t Table) WiderKey() []string {
	if len(t.SourceKey()) == len(t.Key) {
		return nil
	}
	return t.Key
}

// plainConstant is a value that is the same on every server and in every collation.
var plainConstant = regexp.MustCompile(`^('[A-Za-z0-9_-]+'|[0-9]{1,18})$`)

// checkKey reports an added column in the key that cannot tell the rows of sources apart.
func (d *decoder) checkKey(where func(key string) at, t Table) {
	if t.WiderKey() == nil {
		return
	}
	for _, name := range t.Key {
		if value, ok := t.Columns.added(name); ok && !plainConstant.MatchString(value) {
			d.problem(where("key"), "write columns: { add: { "+name+": \"'eu'\" } }: letters, digits, _ and - in "+
				"quotes, or a whole number", "the added column %s is no plain constant", name)
		}
	}
	if len(t.SourceKey()) == 0 {
		d.problem(where("key"), "name the columns of the source's key, too", "has added columns only")
	}
	if t.Write == table.WriteReplace || t.Write == table.WriteHistory {
		d.problem(where("write"), "use write: upsert or append, or another target", "write: %s makes no sense "+
			"where key has an added column: the target has rows of other sources", t.Write)
	}
	if t.UniqueConflicts == conflictsReplace {
		d.problem(where("uniqueConflicts"), "use fail", "replace could remove rows of other sources, which share the "+
			"target where key has an added column")
	}
}

// apart reports whether two entries of one target never have rows of one key.
func apart(a, b Table) bool {
	ka, kb := a.WiderKey(), b.WiderKey()
	if ka == nil && kb == nil {
		return a.KeysDisjoint && b.KeysDisjoint
	}
	for _, name := range ka {
		va, inA := a.Columns.added(name)
		vb, inB := b.Columns.added(name)
		if inA && inB && table.HasColumn(kb, name) && bareConstant(va) != bareConstant(vb) {
			return true
		}
	}
	return false
}

// bareConstant is equal for constants that a column might take for the same.
func bareConstant(value string) string {
	return strings.TrimLeft(strings.ToLower(strings.Trim(value, "'")), "0")
}
