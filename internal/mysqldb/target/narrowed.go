package target

import "github.com/tablehaul/tablehaul/internal/mysqldb/schema"

// Narrowed says why a column that was of another type may have had values that it cannot have now, or "". A type that
// cannot be read from its text says nothing.
func Narrowed(was string, now *schema.Column) string {
	before, err := schema.ParseType(was, now.Column)
	if err != nil {
		return ""
	}
	return misfit(&schema.Column{Column: before}, now)
}
