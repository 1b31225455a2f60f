// Package sqltext writes names and values as exact SQL text, and expressions that read values exactly. It owns
// quoting, literals and comparisons of a value with a column. It does no I/O.
//
// Its one invariant: the server reads a literal back as the bytes that went in.
package sqltext
