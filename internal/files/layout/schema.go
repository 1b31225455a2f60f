package layout

// Merge is dlt's disposition of a table whose rows replace those of the same key.
const Merge = "merge"

// Schema is what a maker says about a table.
type Schema struct {
	// Columns are in the maker's order, without its internal ones.
	Columns []Column
	// Key are the columns of the primary key; empty where the maker knows none.
	Key []string
	// Disposition is dlt's: append, merge or replace. It writes merge as append: all versions of a row are there.
	Disposition string
	// Strategy is how dlt merges: "" or delete-insert, upsert, insert-only, scd2, cdc.
	Strategy string
	// MergeKey are columns of which dlt's merge deletes all rows that have the values of a row of the load.
	MergeKey []string
	// Condition is source_filter or destination_scope where SQL says which rows dlt's merge takes or deletes.
	Condition string
	// Parent is the table that a child table of dlt belongs to; empty for the others.
	Parent string
	// HardDelete is the column that marks a deleted row: true where it is a bool, else not NULL.
	HardDelete string
	// DedupSort orders versions of a row within a load: the first one counts.
	DedupSort       string
	DedupDescending bool
}

// Names are those of the columns, in their order.
func (s *Schema) Names() []string {
	names := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		names[i] = c.Name
	}
	return names
}

// Column is a column in the words of its maker.
type Column struct {
	Name string
	// Type is dlt's data_type (text, bigint, double, bool, timestamp, date, time, decimal, wei, binary, json), or a
	// MySQL type of a dump; empty where the maker has only the name.
	Type string
	// Precision and Scale are digits; 0 where they are not set.
	Precision, Scale int
	Nullable         bool
	// NoTimezone says that a timestamp has no zone.
	NoTimezone bool
}

// Text is how a maker writes its text files, which are TSV in utf8mb4 with the defaults of LOAD DATA.
type Text struct {
	// Columns names the fields, in order; empty where a header line does.
	Columns []string
	// Decode has for columns, by their names in the files, how their bytes are written: base64 or hex.
	Decode map[string]string
	// UTC says that moments without a zone are in UTC.
	UTC bool
}
