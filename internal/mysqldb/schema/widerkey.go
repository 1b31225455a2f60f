package schema

import (
	"slices"

	"github.com/tablehaul/tablehaul/internal/table"
)

// WiderKey is the table whose rows have a key of more columns than those of t: it holds several rows for each of them.
// Its primary key has the columns in the order given, and the unique keys of t, with its AUTO_INCREMENT, are plain.
func (t *Table) WiderKey(key []string) *Table {
	out := *t
	out.Origin, out.KeyIndex, out.PrimaryKey = t, "", key
	out.Columns = slices.Clone(t.Columns)
	for i := range out.Columns {
		c := &out.Columns[i]
		c.AutoIncrement = false
		c.Nullable = c.Nullable && !table.HasColumn(key, c.Name)
	}
	primary := Index{Name: PrimaryIndex, Unique: true, Type: "BTREE"}
	for _, name := range out.PrimaryKey {
		primary.Columns = append(primary.Columns, IndexColumn{Column: name})
	}
	out.Indexes = []Index{primary}
	for _, index := range t.Indexes {
		if index.Name == t.KeyName() || index.Name == PrimaryIndex && index.SourceOnly {
			continue // the new key has its columns
		}
		if index.Name == PrimaryIndex {
			index.Name = "source_primary"
		}
		index.Unique = false
		out.Indexes = append(out.Indexes, index)
	}
	return &out
}

// AtSource is the table that rows are read from.
func (t *Table) AtSource() *Table {
	if t.Origin != nil {
		return t.Origin
	}
	return t
}

// Narrowed is a table of a wider key as one of some of its rows, which have the narrow key once each: the caller sets
// its Filter. One that lacks the wider key stays as it is, and ok is false.
func (t *Table) Narrowed(wide, narrow []string) (_ *Table, ok bool) {
	keyed, ok := t.WithKey(wide)
	if !ok {
		return t, false
	}
	out := *keyed
	out.PrimaryKey = nil
	for _, name := range keyed.PrimaryKey {
		if table.HasColumn(narrow, name) {
			out.PrimaryKey = append(out.PrimaryKey, name)
		}
	}
	return &out, true
}

// BeginsWithFixed reports whether the key's index begins with the fixed columns: then the rows that Filter passes are
// one range of it.
func (t *Table) BeginsWithFixed() bool {
	columns := t.Key().Columns
	if len(t.Fixed) == 0 || len(columns) < len(t.Fixed) {
		return false
	}
	for _, part := range columns[:len(t.Fixed)] {
		if !table.HasColumn(t.Fixed, part.Column) {
			return false
		}
	}
	return true
}
