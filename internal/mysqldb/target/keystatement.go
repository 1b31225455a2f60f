package target

import (
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// keyStatement gives the target the source's key. A key of the target of fewer columns goes, since it would take two
// rows of the source for one. Any other primary key stays, and the source's becomes a unique one.
func keyStatement(source, target *schema.Table) string {
	kind, drop := "PRIMARY KEY", ""
	if source.KeyName() != schema.PrimaryIndex {
		kind = "UNIQUE KEY"
	}
	if len(target.PrimaryKey) > 0 {
		isPrimary := target.KeyName() == schema.PrimaryIndex
		switch {
		case within(target.PrimaryKey, source.PrimaryKey) && isPrimary:
			drop = "DROP PRIMARY KEY, "
		case within(target.PrimaryKey, source.PrimaryKey):
			drop = "DROP KEY " + sqltext.Ident(target.KeyName()) + ", "
		case isPrimary:
			kind = "UNIQUE KEY"
		}
	}
	return fmt.Sprintf("ALTER TABLE %s %sADD %s (%s)", sqltext.Qualified(target.Name), drop, kind,
		sqltext.IdentList(source.PrimaryKey))
}

// within reports whether each of the columns is one of all.
func within(columns, all []string) bool {
	for _, c := range columns {
		if !table.HasColumn(all, c) {
			return false
		}
	}
	return true
}
