package config

import "time"

// Deletes says what a table does about rows that are no longer at the source.
type Deletes struct {
	// Mode is off or report.
	Mode string
	// Grace is how long a row must have been absent at least.
	Grace time.Duration
	// Owns is scope, or all where every row of the target counts as the table's own.
	Owns string
}

// Modes of deletes.
const (
	DeletesOff    = "off"
	DeletesReport = "report"
)

// Words of deletes.owns.
const (
	OwnsScope = "scope"
	OwnsAll   = "all"
)

// deletesFields are the keys under "deletes", in defaults and in every table.
var deletesFields = []field[Table]{
	wordField("mode", builtin.Deletes.Mode, []string{DeletesOff, DeletesReport},
		"off: rows that the source deletes stay on the target. report: a sweep counts and lists them.",
		func(t *Table) *string { return &t.Deletes.Mode }),
	durationField("grace", builtin.Deletes.Grace, 0, 30*day, "How long after the first look the second one comes, at "+
		"least; never less than overlap. A row that is back by then stays.",
		func(t *Table) *time.Duration { return &t.Deletes.Grace }),
	wordField("owns", builtin.Deletes.Owns, []string{OwnsScope, OwnsAll}, "scope: only rows of a target that was "+
		"created or empty when its first load began are deleted; of another one they are reported as extra. all: "+
		"every row of the target is the table's own.",
		func(t *Table) *string { return &t.Deletes.Owns }),
}

// setDeletes is the set of the key "deletes".
func setDeletes(d *decoder, a at, t *Table) {
	decodeMapping(d, a, deletesFields, nil, t)
}
