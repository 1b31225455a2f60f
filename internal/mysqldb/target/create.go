package target

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// ddl writes a source's table as statements for a target server, with a finding for each part that it omits.
type ddl struct {
	source     *schema.Table
	from       mysqldb.Server
	to         mysqldb.Server
	collations collations
	keys       map[string]bool // columns of the source's primary and unique keys
	// uncomputable are columns whose default the target cannot compute. lateTimestamps are those whose
	// TIMESTAMP becomes a DATETIME.
	uncomputable, lateTimestamps []string
	// differing are added columns of which an old row holds another value than the default, unproven those
	// for which the search took too long. noRows says that the target has no row.
	differing, unproven []string
	// ignored are columns of the source that an existing target does not get.
	ignored []string
	noRows  bool
	// carried are generated columns of the source that are plain columns on the target.
	carried []string
	// refusedIndexes are those whose expressions the target does not take for all rows.
	refusedIndexes []string
	// trial is the session in which statements are tried; nil before the first. trying says that a statement
	// is for its temporary table.
	trial    *trial
	trying   bool
	findings []table.Finding
}

func newDDL(source *schema.Table, from, to mysqldb.Server, have collations) *ddl {
	d := &ddl{source: source, from: from, to: to, collations: have, keys: map[string]bool{}}
	for _, index := range source.Indexes {
		if index.Unique {
			for _, part := range index.Columns {
				d.keys[table.FoldColumn(part.Column)] = true
			}
		}
	}
	return d
}

func (d *ddl) addFinding(level table.Level, column, text, remedy string) *table.Finding {
	d.findings = append(
		d.findings,
		table.Finding{
			Level: level, Table: d.source.Name.String(), Column: column, Text: columnText(column, text),
			Remedy: remedy,
		},
	)
	return &d.findings[len(d.findings)-1]
}

// create is the CREATE TABLE statement. Foreign keys, triggers, checks and partitions of the
// source are left out: rows come one table at a time, and have passed them already. With indexesLater it
// has only those indexes that rows need while they are written.
func (d *ddl) create(name table.Name, indexesLater bool) string {
	var parts []string
	for i := range d.source.Columns {
		if def, ok := d.column(&d.source.Columns[i], false); ok {
			parts = append(parts, def)
		}
	}
	for i := range d.source.Indexes {
		if indexesLater && d.deferrable(&d.source.Indexes[i]) || d.trying && d.source.Indexes[i].Type == "FULLTEXT" {
			continue // InnoDB has none in a temporary table
		}
		if def, ok := d.index(&d.source.Indexes[i]); ok {
			parts = append(parts, def)
		}
	}
	options := ") ENGINE=InnoDB"
	if d.source.Collation != "" {
		t, err := d.collations.translate(d.source.Charset, d.source.Collation, false, false)
		if err == nil {
			options += " DEFAULT CHARACTER SET " + t.charset + " COLLATE " + t.collation
		}
	}
	if d.source.Comment != "" {
		options += " COMMENT=" + schema.TextLiteral(d.source.Comment)
	}
	for _, left := range []struct {
		what  string
		names []string
	}{
		{"foreign keys", d.source.ForeignKeys}, {"triggers", d.source.Triggers}, {"checks", d.source.Checks},
	} {
		if len(left.names) > 0 {
			d.addFinding(table.LevelInfo, "",
				fmt.Sprintf("%s are not created on the target: %s", left.what, strings.Join(left.names, ", ")), "")
		}
	}
	if d.source.Partitioned {
		d.addFinding(table.LevelInfo, "", "the target is created without the source's partitions", "")
	}
	return "CREATE TABLE " + sqltext.Qualified(name) + " (\n  " + strings.Join(parts, ",\n  ") + "\n" + options
}

// add is the ALTER TABLE that gives the target the named columns.
func (d *ddl) add(name table.Name, columns []string) string {
	var parts []string
	for i := range d.source.Columns {
		c := &d.source.Columns[i]
		if !slices.Contains(columns, c.Name) {
			continue
		}
		if def, ok := d.column(c, true); ok {
			parts = append(parts, "ADD COLUMN "+def)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "ALTER TABLE " + sqltext.Qualified(name) + "\n  " + strings.Join(parts, ",\n  ")
}
