package schema

import (
	"cmp"
	"slices"

	"github.com/tablehaul/tablehaul/internal/mask"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Table is a base table as the information schema describes it.
type Table struct {
	Name    table.Name
	Columns []Column
	// PrimaryKey are the key's column names, in key order; empty where the table has none. KeyIndex is the index that
	// they are of: "" is the primary key, and otherwise it is a unique key whose columns are NOT NULL.
	PrimaryKey []string
	KeyIndex   string
	// Fixed are columns of the key's index to which Filter, which says nothing else, gives one value each; mostly nil.
	Fixed []string
	// Origin is the source that the table was made of, where its key is another one: see [Table.WiderKey]; else nil.
	Origin *Table
	// Indexes are all indexes, the primary key (name "PRIMARY") among them.
	Indexes []Index
	// Charset and Collation are the table's defaults.
	Charset   string
	Collation string
	Comment   string
	Engine    string
	// RowsEstimate and Bytes are the server's own estimates.
	RowsEstimate int64
	Bytes        int64
	// Triggers, ForeignKeys (of this table), Cascades (foreign keys of this table with ON
	// UPDATE CASCADE or SET NULL/DEFAULT, which change rows without touching a cursor) and
	// Checks are names, for the plan's warnings. Partitioned says that it has partitions,
	// Versioned that the server keeps its former rows (MariaDB: WITH SYSTEM VERSIONING).
	Triggers    []string
	ForeignKeys []string
	// SelfReferences are those of ForeignKeys that refer to this table itself, and SelfReferencesByUnique those
	// of them that do so by another key than the primary key.
	SelfReferences         []string
	SelfReferencesByUnique []string
	Cascades               []string
	Checks                 []string
	Partitioned            bool
	Versioned              bool

	// Filter is an SQL condition: only rows that meet it are read; empty for every row.
	Filter string
	// MaskKey is the secret of those columns that have a keyed mask.
	MaskKey mask.Key
	// CreateSQL is the statement that would create it, for a table of a [Cache]; else empty.
	CreateSQL string
}

// Column is a table.Column with what only DDL needs.
type Column struct {
	table.Column
	// Default is the DEFAULT clause's SQL, ready to be written ("'x'", "0", "CURRENT_TIMESTAMP(6)",
	// "(uuid())"); nil where there is none.
	Default *string
	// OnUpdate is the ON UPDATE clause's SQL, such as "CURRENT_TIMESTAMP(6)"; empty for none.
	OnUpdate string
	// Expression is a generated column's expression and Stored its kind.
	Expression string
	Stored     bool
	// SourceExpression is Expression in the names of the table that it is read from, where those are others: see
	// AtSource.
	SourceExpression string
	// As is the type that a target is to have, where that is another one than the column's own.
	As      *table.Column
	Comment string
	// HiddenMembers says that the server did not tell the members of an ENUM or SET exactly.
	HiddenMembers bool
	// SRID is the declared SRID of a spatial column; nil where it has none.
	SRID *uint32
}

// Index is one index of a table.
type Index struct {
	Name    string
	Columns []IndexColumn
	Unique  bool
	// Type is BTREE, HASH, FULLTEXT, SPATIAL …
	Type      string
	Comment   string
	Invisible bool
	// SourceOnly says that a target cannot have the index: it holds what the target does not get.
	SourceOnly bool
}

// IndexColumn is one part of an index: a column, or an expression.
type IndexColumn struct {
	Column string
	// Prefix is the length of the indexed prefix in characters or bytes; 0 is the whole column.
	Prefix int
	Desc   bool
	// Expression is set for a functional part (MySQL ≥ 8.0.13), where Column is empty.
	Expression string
}

// Values are the columns as the rest of the program sees them, in table order.
func (t *Table) Values() []table.Column {
	out := make([]table.Column, len(t.Columns))
	for i, c := range t.Columns {
		out[i] = c.Column
	}
	return out
}

// Column returns the named column, or nil; see table.SameColumn.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if table.SameColumn(t.Columns[i].Name, name) {
			return &t.Columns[i]
		}
	}
	return nil
}

// SourceIdents quotes columns by their names in the table that they are read from.
func (t *Table) SourceIdents(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = sqltext.Ident(name)
		if c := t.Column(name); c != nil {
			out[i] = sqltext.Column(c.Column)
		}
	}
	return out
}

// AtSource is a generated column's expression in the names of the table that it is read from.
func (c *Column) AtSource() string { return cmp.Or(c.SourceExpression, c.Expression) }

// Carrying is the table with the named generated columns as plain ones, whose values travel: the cursor,
// which the target must have as the source computed it, and those of [TargetPlan].Columns. Expression and
// Stored stay, and say that the source still computes them.
func (t *Table) Carrying(names ...string) *Table {
	out := *t
	out.Columns = slices.Clone(t.Columns)
	for i := range out.Columns {
		c := &out.Columns[i]
		if table.HasColumn(names, c.Name) {
			c.Generated = false
		}
	}
	return &out
}

// IsComputed reports whether the server computes the column, be it carried or not.
func (c *Column) IsComputed() bool { return c.Generated || c.Expression != "" }

// IsPeriod reports whether the column is one of a system versioned table's period, which MariaDB fills.
func (c *Column) IsPeriod() bool { return c.Expression == "ROW START" || c.Expression == "ROW END" }
