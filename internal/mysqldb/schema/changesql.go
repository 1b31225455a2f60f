package schema

import (
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// DeleteSQL deletes rows of the table by key; its condition is missing. It names the index, because the optimizer
// ignores it where statistics are stale: a DELETE that scans the table locks every row.
func (t *Table) DeleteSQL() string {
	name := sqltext.Qualified(t.Name)
	return "DELETE FROM " + name + " USING " + name + " FORCE INDEX (" + sqltext.Ident(t.KeyName()) + ") WHERE "
}

// MarkSQL sets a column of rows by key to a value, which is SQL; the condition is missing. All other columns keep their
// values, those with ON UPDATE too.
func (t *Table) MarkSQL(column, value string) string {
	set := []string{sqltext.Ident(column) + " = " + value}
	for _, c := range t.Columns {
		if c.OnUpdate != "" && !table.SameColumn(c.Name, column) {
			set = append(set, sqltext.Ident(c.Name)+" = "+sqltext.Ident(c.Name))
		}
	}
	return "UPDATE " + sqltext.Qualified(t.Name) + " FORCE INDEX (" + sqltext.Ident(t.KeyName()) + ") SET " +
		strings.Join(set, ", ") + " WHERE "
}
