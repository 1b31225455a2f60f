package integration_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/workflows"
)

// sync runs a table until nothing that was open on the source when it began holds its window back. Another test's
// transaction on a shared server may do so, and this test's rows come when that has ended. A test that holds a window
// back runs the table once. The result is that of runsUntil.
func (p *product) sync(name string) workflows.SyncTableResult {
	p.t.Helper()
	began := time.Now()
	return p.runsUntil(name, func(r workflows.SyncTableResult) bool {
		return r.HeldBack == "" || p.state(name).FreshAt.After(began)
	})
}

// settled runs until a window has passed what was written before now: hi stays below the cursor's current unit, so
// rows of this very second may come with the next run. The result is that of runsUntil.
func (p *product) settled(name string) workflows.SyncTableResult {
	p.t.Helper()
	now := scalar(p.t, p.src, "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)")
	return p.runsUntil(name, func(r workflows.SyncTableResult) bool { return r.Watermark >= now })
}

// runsUntil runs a table until a result is the one that is waited for. It returns the last result, with the mode of the
// first run, and the counts, seconds and warnings of all of them.
func (p *product) runsUntil(name string, reached func(workflows.SyncTableResult) bool) workflows.SyncTableResult {
	p.t.Helper()
	all := workflows.SyncTableResult{Seconds: map[string]float64{}}
	for wait, deadline := poll, time.Now().Add(runTimeout); ; wait = min(wait*3/2, time.Second) {
		result := p.once(name)
		if all.Mode == "" {
			all.Mode = result.Mode
		}
		all.Add(result.Counts)
		all.Warnings = append(all.Warnings, result.Warnings...)
		for phase, seconds := range result.Seconds {
			all.Seconds[phase] += seconds
		}
		if reached(result) {
			result.Mode, result.Counts = all.Mode, all.Counts
			result.Seconds, result.Warnings = all.Seconds, all.Warnings
			return result
		}
		require.True(p.t, time.Now().Before(deadline), "the watermark is still %s, held back by: %s", result.Watermark,
			result.HeldBack)
		pause(p.t.Context(), wait) // a run more costs more than the wait
	}
}

// settledLocal is settled for a DATETIME cursor, which holds the server's local time.
func (p *product) settledLocal(name string) workflows.SyncTableResult {
	p.t.Helper()
	now := scalar(p.t, p.src, "SELECT CAST(NOW(6) AS CHAR)")
	return p.runsUntil(name, func(r workflows.SyncTableResult) bool { return r.Watermark >= now })
}

// syncedTo runs until the watermark of a table with an integer cursor is this one, and returns how many rows came: on
// MariaDB, a transaction of another test may hold it back for a while.
func (p *product) syncedTo(name, watermark string) (inserted int64) {
	p.t.Helper()
	return p.runsUntil(name, func(r workflows.SyncTableResult) bool { return r.Watermark == watermark }).Inserted
}
