package schema

import (
	"cmp"
	"slices"

	"github.com/tablehaul/tablehaul/internal/table"
)

// PrimaryIndex is the name of a primary key's index.
const PrimaryIndex = "PRIMARY"

// KeyName is the name of the index that the table's key is of: PRIMARY, or a unique key.
func (t *Table) KeyName() string {
	if t.KeyIndex == "" {
		return PrimaryIndex
	}
	return t.KeyIndex
}

// Key is the index that the table's key is of, or one without columns.
func (t *Table) Key() Index { return IndexNamed(t, t.KeyName()) }

// Keys are the indexes that have one value for each row, and by which rows can be read in order: the primary key, and
// the unique keys of whole plain columns that are NOT NULL. The primary key comes first, then the keys with fewer
// columns, then by name.
func (t *Table) Keys() []Index {
	var out []Index
	for _, index := range t.Indexes {
		if index.Name == PrimaryIndex || index.Unique && t.tellsApart(index) {
			out = append(out, index)
		}
	}
	slices.SortStableFunc(out, func(a, b Index) int {
		rank := func(i Index) int {
			if i.Name == PrimaryIndex {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(len(a.Columns), len(b.Columns)),
			cmp.Compare(a.Name, b.Name))
	})
	return out
}

// tellsApart reports whether each row has a value of a unique key, and a look by it finds the row.
func (t *Table) tellsApart(index Index) bool {
	if !SupportsLookup(index) || index.SourceOnly {
		return false
	}
	for _, part := range index.Columns {
		c := t.Column(part.Column)
		if c == nil || c.Nullable || c.IsComputed() || part.Prefix > 0 {
			return false
		}
	}
	return true
}

// withFirstKey gives a table without a primary key the first of its other keys.
func (t *Table) withFirstKey() {
	if keys := t.Keys(); len(t.PrimaryKey) == 0 && len(keys) > 0 {
		*t = *t.keyed(keys[0])
	}
}

// WithKey is the table whose key is the one of these columns, in any order; false where it has none.
func (t *Table) WithKey(columns []string) (*Table, bool) {
	for _, index := range t.Keys() {
		if len(index.Columns) == len(columns) && !slices.ContainsFunc(columns, func(c string) bool {
			return !HasColumn(index.Columns, c)
		}) {
			return t.keyed(index), true
		}
	}
	return t, false
}

func (t *Table) keyed(index Index) *Table {
	out := *t
	out.PrimaryKey, out.KeyIndex = nil, index.Name
	for _, part := range index.Columns {
		out.PrimaryKey = append(out.PrimaryKey, part.Column)
	}
	return &out
}

// IsKeyColumn reports whether the table's key has the named column.
func (t *Table) IsKeyColumn(name string) bool { return table.HasColumn(t.PrimaryKey, name) }
