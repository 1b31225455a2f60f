// Package throttle says when a target may be written: at which hours, and up to which load.
//
// It compares numbers with limits; where the numbers come from is not its business.
//
// Its one invariant: the zero value of everything here allows everything.
package throttle
