package target

import (
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// addSoftColumn gives the target the column that marks deleted rows, where it is to have one.
func (c *comparison) addSoftColumn() {
	name := c.options.SoftColumn
	if name == "" {
		return
	}
	statement := fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s DATETIME(6) NULL", sqltext.Qualified(c.Name),
		sqltext.Ident(name))
	if c.source.Column(name) != nil {
		c.addFinding(table.LevelRefuse, name, "is a column of the source: it cannot mark deleted rows",
			"choose another deletes.column")
		return
	}
	if c.Create {
		c.grants.require(c.Diff, "ALTER")
		c.Statements = append(c.Statements, statement)
		return
	}
	if c.target.Versioned {
		c.addFinding(table.LevelRefuse, "", "the target keeps former rows (WITH SYSTEM VERSIONING): marks of deleted "+
			"rows are not kept apart from them", "set deletes.mode to hard: the former rows stay")
	}
	if !c.options.Replace && len(c.target.Indexes) > 1 {
		for _, index := range c.target.Indexes {
			if index.Unique && index.Name != c.target.KeyName() {
				c.addFinding(table.LevelWarn, "", fmt.Sprintf("a row that is marked as deleted keeps its value of the "+
					"unique key %s: another row with that value stops the run", index.Name),
					"set uniqueConflicts to replace").Topic = table.TopicUnique
			}
		}
	}
	switch col := c.target.Column(name); {
	case col != nil && (col.Kind != table.KindDateTime || col.Precision != 6 || !col.Nullable || col.Generated ||
		col.Default != nil && *col.Default != "NULL" || col.OnUpdate != ""):
		c.addFinding(table.LevelRefuse, name, fmt.Sprintf("is %s on the target: deletes.column is a plain DATETIME(6) "+
			"NULL", col.Type), "choose another deletes.column, or change it")
	case col != nil:
	case c.options.Contract.NewColumns != table.ContractAdd:
		c.addFinding(table.LevelRefuse, name, "is missing on the target, and marks deleted rows", statement)
	default:
		c.grants.require(c.Diff, "ALTER")
		c.Statements = append(c.Statements, alterable(c.target, c.Diff, statement))
		c.addFinding(table.LevelInfo, name, "is added to the target: it marks rows that the source has deleted", "")
	}
}
