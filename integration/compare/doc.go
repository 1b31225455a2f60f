// Package compare is the oracle of tests and demo: it reads a table on both sides, row by row
// in key order, and says what differs.
//
// It shares no code with the product's own reading and writing, so that a mistake there cannot
// hide here. Values are compared as the hexadecimal bytes that each server prints.
package compare
