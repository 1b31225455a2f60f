package config

import "time"

const (
	// staleUnscheduled is staleAfter of a table without a schedule.
	staleUnscheduled = day
	// staleMargin is what staleAfter has, by default, beyond two gaps of the schedule: the run itself, its jitter, and
	// the hour of summer time.
	staleMargin = time.Hour
)

// staleAfterField is the key staleAfter.
func staleAfterField() field[Table] {
	f := durationField("staleAfter", staleUnscheduled, 0, 365*day,
		"How far the target may be behind the source before it counts as stale, which alerts and notifications "+
			"report. Default: twice the longest time between two runs of schedule, and an hour; without a schedule "+
			"24h; with a DATE cursor, which is behind by up to a day at any time, 24h more. 0: never.",
		func(t *Table) *time.Duration { return &t.StaleAfter })
	f.def = "by schedule"
	set := f.set
	f.set = func(d *decoder, a at, t *Table) {
		t.StaleByDefault = false
		set(d, a, t)
	}
	return f
}

// setStaleAfter fills in the default, and warns of a value that every gap of the schedule exceeds.
func (d *decoder) setStaleAfter(table, given at, t *Table) {
	gap := t.Schedule.Longest()
	switch {
	case t.StaleByDefault && gap > 0:
		t.StaleAfter = 2*gap + staleMargin
	case t.StaleByDefault || t.StaleAfter == 0 || gap == 0 || t.StaleAfter > gap:
	default:
		if given.node == nil {
			given = table
		}
		d.warn(at{join(table.path, "staleAfter"), given.node}, "choose more than "+formatDuration(gap)+
			", or leave it out: the default follows the schedule",
			"the table is stale before each run: %s is not more than the %s between two runs of its schedule",
			formatDuration(t.StaleAfter), formatDuration(gap))
	}
}
