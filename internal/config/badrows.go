package config

import (
	"strconv"
	"strings"
	"time"
)

const (
	badRowsFail       = "fail"
	badRowsQuarantine = "quarantine"
)

// badRows are the keys that say what happens to rows that the target refuses.
var badRows = []field[Table]{
	wordField("badRows", builtin.BadRows, []string{badRowsFail, badRowsQuarantine}, "What happens to a row that the "+
		"target refuses: a value that does not fit, a constraint, a unique value that another row holds. fail: the "+
		"run stops and names the row by its key's hash. quarantine: the row is set aside in staging with the error, "+
		"and the run goes on; see docs/quarantine.md.",
		func(t *Table) *string { return &t.BadRows }),
	intField("maxBadRows", builtin.MaxBadRows, 1, 10_000, "A run that sets more rows aside than this fails, and so "+
		"does one that ends with more of the table's rows in quarantine: such a number has one cause.",
		func(t *Table) *int { return &t.MaxBadRows }),
	shareField("maxBadShare", builtin.MaxBadShare, "The same as a share of the rows that the run has read, and of "+
		"the rows of the table. Ten rows are always allowed, so that one bad row of a small run does not stop it.",
		func(t *Table) *float64 { return &t.MaxBadShare }),
	{"quarantine", "", "{ keep: 720h }", "keep: how long rows stay in quarantine, 1h–8760h; then they are removed " +
		"from staging, and nothing names them any more. Default 720h.", setQuarantine},
}

// quarantineKeys are the keys under "quarantine".
var quarantineKeys = []field[Table]{
	durationField("keep", builtin.QuarantineKeep, time.Hour, 365*day, "",
		func(t *Table) *time.Duration { return &t.QuarantineKeep }),
}

func setQuarantine(d *decoder, a at, t *Table) {
	decodeMapping(d, a, quarantineKeys, map[string]string{
		"":        "write { keep: 720h }",
		"badRows": "write it beside quarantine, not under it", "maxBadRows": "write it beside quarantine, not under it",
		"maxBadShare": "write it beside quarantine, not under it",
	}, t)
}

// shareField takes a percentage above 0 and at most 100.
func shareField[T any](key string, def float64, doc string, to func(*T) *float64) field[T] {
	return field[T]{key, formatShare(def), "above 0%, to 100%", doc, func(d *decoder, a at, into *T) {
		v, ok := d.scalar(a)
		if !ok {
			return
		}
		text, percent := strings.CutSuffix(strings.TrimSpace(v.text), "%")
		share, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if !percent || err != nil || !(share > 0 && share <= 100) {
			d.problem(a, "write a percentage above 0 and at most 100, like 0.1% or 5%", "%s is not a share", v.shown)
			return
		}
		*to(into) = share / 100
	}}
}

func formatShare(share float64) string { return strconv.FormatFloat(share*100, 'g', 6, 64) + "%" }
