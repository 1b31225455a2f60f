// Package owner holds the messages and ids of a table's state workflow, workflows.TableState: the workflow that owns
// the table's watermark and the right to write its target.
//
// It owns the state, the requests that change it, and the rules that need nothing but the state. It does not talk to
// Temporal: activities and the command line send the messages, and workflows answers them.
//
// Its one invariant: at most one lease of a table exists at any time, and a request with another fence changes nothing.
package owner
