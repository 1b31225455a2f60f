// Package machine says what figures were measured on.
//
// It owns that description. It measures nothing.
//
// Its one invariant: what cannot be read is "unknown", and no error.
package machine
