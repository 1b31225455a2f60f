// Package exact turns the texts of numbers, dates and times into typed values, and back.
//
// Its one invariant: a text that is parsed prints to the same bytes; a text that would not is refused. No number goes
// through a float unless it is one.
package exact
