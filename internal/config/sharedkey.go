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
}

// apart reports whether two entries of one target never have rows of one key.
func apart(a, b Table) bool {
	ka, kb := a.WiderKey(), b.WiderKey()
	if ka == nil && kb == nil {
		return a.KeysDisjoint && b.KeysDisjoint
	}
	return slices.ContainsFunc(ka, func(name string) bool {
		return table.HasColumn(kb, name) && addedDiffer(a, b, name)
	})
}

// addedDiffer reports whether two entries add a column, with another constant each.
func addedDiffer(a, b Table, column string) bool {
	va, inA := a.Columns.added(column)
	vb, inB := b.Columns.added(column)
	return inA && inB && bareConstant(va) != bareConstant(vb)
}

// toldApart reports whether an added column with a plain constant tells the rows of two entries of one target apart.
func toldApart(a, b Table) bool {
	return slices.ContainsFunc(a.Columns.Add, func(one ColumnSetting) bool {
		other, _ := b.Columns.added(one.Column)
		return plainConstant.MatchString(one.Value) && plainConstant.MatchString(other) &&
			addedDiffer(a, b, one.Column)
	})
}

// bareConstant is equal for constants that a column might take for the same.
func bareConstant(value string) string {
	return strings.TrimLeft(strings.ToLower(strings.Trim(value, "'")), "0")
}
