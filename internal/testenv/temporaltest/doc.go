// Package temporaltest gives tests a Temporal server: one that a process shares, or one of the test's own.
//
// It owns their life and where their data is: in memory, where there is room. internal/devserver finds, builds and
// starts the programs. The package's one invariant: there is a server, or the test fails; it is never skipped.
package temporaltest
