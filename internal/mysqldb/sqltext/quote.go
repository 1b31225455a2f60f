package sqltext

import (
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// Ident quotes an identifier: `a“b`. Every identifier in a statement of ours passes through it.
func Ident(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// IdentList quotes a list of identifiers, joined with commas.
func IdentList(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = Ident(n)
	}
	return strings.Join(quoted, ", ")
}

// Qualified quotes a table's full name.
func Qualified(n table.Name) string { return Ident(n.Schema) + "." + Ident(n.Table) }
