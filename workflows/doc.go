// Package workflows holds the orchestration: SyncTable (one run of one table), SyncRange (a range of a run, as a
// child), TableState (the state workflow of a table: its watermark and lease), PlanTable (what a run would do),
// ListTables (what the worker's configuration names) and SweepStaging (what ended runs have left).
//
// It owns the order of the steps, what is retried with another plan, and which host a step is for (hostRouter). It
// touches nothing itself: every effect is an activity. Workflows hold counts, bounds of windows and names; never a
// row, a key or a DSN. Histories, payloads and pending activities stay bounded for a table of any size.
//
// Its one invariant: the watermark rises only after every chunk of the window has committed.
package workflows
