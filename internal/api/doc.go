// Package api holds what a client sends to the workflows SyncTable, PlanTable and ListTables, and what it gets back.
//
// It owns inputs, results, the status of a run, and the words in them. It holds plain values and does no I/O, so that
// the command line links none of the steps. Package workflows exports the same types for other programs.
//
// Its one invariant: the only values of rows in these types are bounds of a cursor, since Temporal keeps them in its
// histories.
package api
