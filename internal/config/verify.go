package config

import (
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/staging"
)

// Verify says when both sides of a table are compared, and how.
type Verify struct {
	// Every says when comparisons begin.
	Every Schedule
	// Depth is one of api.Depths, of comparisons that the schedule starts.
	Depth string
	// Keep is how long receipts and lists of differences stay in staging.
	Keep time.Duration
}

// comparisons are the keys under "verify", in defaults and in every table.
var comparisons = []field[Table]{
	{
		"every", scheduleOff, `24h, "0 3 * * *", "0 3 * * * Europe/Berlin"`, "When comparisons begin: an interval, " +
			"or a " +
			"cron expression. `tablehaul schedule apply` makes Temporal Schedules of it. off: no schedule.",
		setScheduleTo(func(t *Table) *Schedule { return &t.Verify.Every }),
	},
	wordField("depth", builtin.Verify.Depth, api.Depths(), "How comparisons of the schedule compare. digest: all "+
		"values of each row. keys: the key and the cursor. sample: all values of a share of the rows, so that a month "+
		"of the schedule covers the table.",
		func(t *Table) *string { return &t.Verify.Depth }),
	durationField("keep", builtin.Verify.Keep, time.Hour, 3650*day, "How long receipts and lists of differences, "+
		"which hold key values, stay in staging.",
		func(t *Table) *time.Duration { return &t.Verify.Keep }),
}

// setVerify is the set of the key "verify".
func setVerify(d *decoder, a at, t *Table) {
	decodeMapping(d, a, comparisons, verifyHints, t)
}

var verifyHints = map[string]string{
	"": "write { every: 24h }", "schedule": "write every", "cron": "write every", "retention": "write keep",
}

// builtinVerify is what a table has that says nothing of comparisons.
var builtinVerify = Verify{Depth: api.DepthDigest, Keep: staging.DefaultKeep}
