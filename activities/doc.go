// Package activities holds the steps of a run: the five that move rows (ExtractIncremental, WaitForFiles, ListChunks,
// UpsertChunk, Cleanup) and those around them (BeginRun, PlanRun, RecordProgress, AddIndexes, FinishRun, PreviewRun,
// ListTables, Notify, Sweep). Each step is in a file of its name, with its input and its result.
//
// It owns what a step does, and is the one place where the errors of the packages below become typed failures
// (failure.go). It holds no state of a run: what a step needs is in its input, in the run's plan in staging, or in
// the table's state workflow. It does not decide in which order steps run: workflows does.
//
// Its one invariant: every step can be repeated, at any time, any number of times, and a row that the source committed
// is never lost or made older by it.
package activities
