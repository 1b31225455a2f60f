package config

import "time"

// Deletes says what a table does about rows that are no longer at the source.
type Deletes struct {
	// Mode is off, report, soft or hard.
	Mode string
	// Column of the target takes the moment at which a row was found to be gone; for soft.
	Column string
	// Every is when sweeps begin.
	Every Schedule
	// MaxShare is the share of the target's rows, 0 to 1, that one sweep may delete.
	MaxShare float64
	// Grace is how long a row must have been absent at least.
	Grace time.Duration
	// Owns is scope, or all where every row of the target counts as the table's own.
	Owns string
	// AllowCascade accepts that a DELETE on the target changes other rows too.
	AllowCascade bool
}

// Modes of deletes.
const (
	DeletesOff    = "off"
	DeletesReport = "report"
	DeletesSoft   = "soft"
	DeletesHard   = "hard"
)

// Words of deletes.owns.
const (
	OwnsScope = "scope"
	OwnsAll   = "all"
)

// deletesFields are the keys under "deletes", in defaults and in every table.
var deletesFields = []field[Table]{
	wordField("mode", builtin.Deletes.Mode, []string{DeletesOff, DeletesReport, DeletesSoft, DeletesHard},
		"off: rows that the source deletes stay on the target. A sweep looks for them: report counts and lists them, "+
			"soft sets column, hard deletes them, which needs DELETE, and TRIGGER unless allowCascade is true. With "+
			"files of dlt there is no sweep: soft and hard are of the rows that dlt marks as deleted (hard_delete).",
		func(t *Table) *string { return &t.Deletes.Mode }),
	textField("column", builtin.Deletes.Column, "a column name", "Column that soft sets, to the source's UTC time of "+
		"the look that found the row gone. A run adds it to the target as DATETIME(6) NULL. The source must not have "+
		"it.",
		checkMarkColumn, func(t *Table) *string { return &t.Deletes.Column }),
	{
		"every", builtin.Deletes.Every.String(), `24h, "0 3 * * * Europe/Berlin", off`, "When sweeps begin, in the forms " +
			"of schedule, where mode is not off; `tablehaul schedule apply` makes Temporal Schedules of it. off: by " +
			"hand.",
		setScheduleTo(func(t *Table) *Schedule { return &t.Deletes.Every }),
	},
	shareField("maxShare", builtin.Deletes.MaxShare, "Share of the target's rows that one sweep may delete, or 100 "+
		"rows if that is more. Above it nothing is deleted, and the sweep fails until a person approves its list.",
		func(t *Table) *float64 { return &t.Deletes.MaxShare }),
	durationField("grace", builtin.Deletes.Grace, 0, 30*day, "How long after the first look the second one comes, at "+
		"least; never less than overlap. A row that is back by then stays.",
		func(t *Table) *time.Duration { return &t.Deletes.Grace }),
	wordField("owns", builtin.Deletes.Owns, []string{OwnsScope, OwnsAll}, "scope: only rows of a target that was "+
		"created or empty when its first load began are deleted; of another one they are reported as extra. all: "+
		"every row of the target is the table's own.",
		func(t *Table) *string { return &t.Deletes.Owns }),
	boolField("allowCascade", builtin.Deletes.AllowCascade, "Accept a target with triggers on DELETE, or to which "+
		"foreign keys with ON DELETE CASCADE or SET NULL refer: deleting a row then changes others. For hard.",
		func(t *Table) *bool { return &t.Deletes.AllowCascade }),
}

// setDeletes is the set of the key "deletes".
func setDeletes(d *decoder, a at, t *Table) {
	decodeMapping(d, a, deletesFields, deletesHints, t)
}

var deletesHints = map[string]string{
	"": "write { mode: hard }, or off, report or soft", "schedule": "write every", "cron": "write every",
	"keep": "write undo: { keep: … } beside deletes",
}

func checkMarkColumn(s string) (wrong, remedy string) {
	if s == "" {
		return "is empty", "name the column that soft sets, such as deleted_at"
	}
	return checkColumn(s)
}

// checkFilesDeletes reports deletes that a table of files cannot have: it has no sweeps.
func (t *Table) checkFilesDeletes(refuse func(key, remedy, text string)) {
	t.Deletes.Every = Schedule{}
	switch {
	case t.Deletes.Mode == DeletesOff:
	case t.Files.Layout != LayoutDLT:
		refuse("deletes", "leave it out", "a sweep of deletes asks the source, and files cannot be asked; of files, "+
			"dlt's alone mark deleted rows")
		t.Deletes.Mode = DeletesOff
	case t.Deletes.Mode == DeletesReport:
		refuse("deletes", "use mode: hard, soft, or off", "deletes.mode report is of sweeps, which ask the source; "+
			"rows that dlt marks as deleted go with the run that loads them")
		t.Deletes.Mode = DeletesOff
	}
}
