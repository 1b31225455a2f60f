// Package remove takes rows of a target away, by key, or marks them as deleted, in small transactions.
//
// It owns the statements of such a transaction, and the comparison that comes before: a row that is not, byte for byte,
// the one that the caller has read stays as it is. It does not decide which rows go; the caller keeps what they were.
//
// Its invariant: no row goes whose key or values differ from those that were asked for.
//
// Begin with [Rows].
package remove
