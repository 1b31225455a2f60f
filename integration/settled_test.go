package integration_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/workflows"
)

// settled runs until a window has passed what was written before now: hi stays below the cursor's current unit, so
// rows of this very second may come with the next run. The result is that of syncUntil.
func (p *product) settled(name string) workflows.SyncTableResult {
	p.t.Helper()
	now := scalar(p.t, p.src, "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)")
	return p.syncUntil(name, func(watermark string) bool { return watermark >= now })
}

// syncUntil runs until the watermark is one that is waited for. The result is the last run's, with the rows that all of
// them have written, and their warnings.
func (p *product) syncUntil(name string, reached func(watermark string) bool) workflows.SyncTableResult {
	p.t.Helper()
	var all workflows.Counts
	var warnings []string
	for wait := poll; ; wait = min(wait*3/2, time.Second) {
		result := p.sync(name)
		all.Inserted += result.Inserted
		all.Updated += result.Updated
		warnings = append(warnings, result.Warnings...)
		if reached(result.Watermark) || p.t.Context().Err() != nil {
			result.Inserted, result.Updated, result.Warnings = all.Inserted, all.Updated, warnings
			return result
		}
		pause(p.t.Context(), wait) // a run more costs more than the wait
	}
}

// settledLocal is settled for a DATETIME cursor, which holds the server's local time. The result is the last run's
// alone.
func (p *product) settledLocal(name string) workflows.SyncTableResult {
	p.t.Helper()
	now := scalar(p.t, p.src, "SELECT CAST(NOW(6) AS CHAR)")
	for {
		if result := p.sync(name); result.Watermark >= now || p.t.Context().Err() != nil {
			return result
		}
		pause(p.t.Context(), poll)
	}
}

// syncedTo runs until the watermark of a table with an integer cursor is this one, and returns how many rows came: on
// MariaDB, a transaction of another test may hold it back for a while.
func (p *product) syncedTo(name, watermark string) (inserted int64) {
	p.t.Helper()
	r := p.syncUntil(name, func(now string) bool { return now == watermark })
	require.Equal(p.t, watermark, r.Watermark)
	return r.Inserted
}
