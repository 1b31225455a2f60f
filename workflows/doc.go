// Package workflows holds the orchestration: SyncTable (one run of one table), SyncRange (a
// range of a run, as a child), TableState (the owner of a table's watermark and lease),
// PlanTable (what a run would do) and SweepStaging (what ended runs have left). place.go decides
// which workers a step is for, fair.go in which order steps of several tables are taken.
//
// Workflows hold counts, bounds of windows and names; never a row, a key or a DSN. They touch
// nothing themselves: every effect is an activity. Histories, payloads and pending activities
// stay bounded however large the table is.
//
// Its one invariant: the watermark rises only after every chunk of the window has committed.
package workflows
