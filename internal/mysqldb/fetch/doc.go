// Package fetch runs a statement and keeps its rows as the exact text of the server. It owns the reading of
// values from the driver. It writes no SQL text (package sqltext does).
//
// Its one invariant: a value has the bytes that the server sent, and a result that ended early is an error.
package fetch
