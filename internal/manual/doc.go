// Package manual writes the manual pages of a program from its commands.
//
// It owns the hidden command that writes them, and their form. It has no text of its own: what a page says is what
// --help says.
//
// Its one invariant: the same commands give the same bytes.
package manual
