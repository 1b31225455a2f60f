// Package app wires configuration, connections, staging, workflows and activities into a
// worker, once, for the worker binary, the standalone binary and the tests.
//
// It owns the pools of connections and the Temporal client's settings; it knows no step of a
// run. Its one invariant: a worker that runs has read a valid configuration and opened its
// staging; servers are connected when a table first needs them.
package app
