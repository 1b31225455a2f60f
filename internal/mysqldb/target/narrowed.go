package target

import (
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Narrowed says why a column that was of another type may have had other values than it has now, or "". A type that
// cannot be read from its text says nothing.
func Narrowed(was string, now *schema.Column) string {
	before, err := schema.ParseType(was, now.Column)
	if err != nil {
		return ""
	}
	if before.Kind == table.KindTimestamp && now.Kind == table.KindDateTime {
		return "the server has turned its moments into local times, in the time zone of the session that altered " +
			"the column"
	}
	return misfit(&schema.Column{Column: before}, now)
}
