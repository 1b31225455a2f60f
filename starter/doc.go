// Command tablehaul starts runs and looks at them.
//
// It owns the command line: arguments, progress, messages and exit codes. It moves no row and
// opens no MySQL connection; workers do, and everything it knows of them comes through
// Temporal. Only temporal.go and describe.go speak to Temporal, behind service.
//
// Its one invariant: stopping this program never stops a run.
package main
