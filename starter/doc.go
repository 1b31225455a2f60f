// Command tablehaul starts runs and looks at them.
//
// It owns the command line: arguments, progress, messages and exit codes. It moves no row and
// opens no MySQL connection; workers do, and everything it knows of them comes through
// Temporal. temporal.go is the only file that speaks to Temporal.
//
// Its one invariant: stopping this program never stops a run.
package main
