// Package activities holds the steps of a run: the five that people see in the Temporal Web
// UI (ExtractIncremental, WaitForFiles, ListChunks, UpsertChunk, Cleanup) and the few around
// them (BeginRun, PlanRun, FinishRun, PreviewRun).
//
// It joins mysqldb, rowfile and staging, which do not know one another, and it is the one
// place where their errors become typed failures (failure.go). It holds no state of a run:
// what a step needs is in its input, in the run's plan in staging, or in the table's owner.
//
// Its one invariant: every step can be repeated, at any time, any number of times, and a row
// that the source committed is never lost or made older by it.
package activities
