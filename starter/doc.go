// Command tablehaul starts runs, previews and schedules, and shows them.
//
// It owns the command line: arguments, messages, progress and exit codes. It moves no row. Workers move rows, and
// package remote asks Temporal about them. Only tablehaul init opens a MySQL connection, to look at a source.
//
// Its one invariant: stopping this program never stops a run.
package main
