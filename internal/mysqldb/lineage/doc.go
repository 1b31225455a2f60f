// Package lineage tells whether a server and a table are the ones that a watermark speaks of.
//
// It owns what is known of a server's history (Server), and the state row: a row of Tablehaul's own
// in the target's schema, which is written in the target's own transactions. It does not decide what
// a difference means for a run: package activities does.
//
// Its one invariant: what a state row says is never ahead of the rows that the target holds.
package lineage
