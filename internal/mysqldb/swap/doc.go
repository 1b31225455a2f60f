// Package swap puts a table that was loaded beside a target in its place, by one RENAME, and keeps the one that had it.
//
// It owns the lock under which the tables beside a target are made, renamed and dropped, what is known of readers and
// writers of the target, and the RENAME. It does not load rows, and does not decide when to swap: activities does.
//
// Its one invariant: no statement of an older run changes these tables after a newer run has begun, because each one
// runs under the lock and after a look at the target's state row.
package swap
