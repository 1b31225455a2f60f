// Package buildinfo says which build of Tablehaul a program is.
//
// It owns the version, the commit and its date, as the linker sets them or Go records them. It prints nothing.
//
// Its one invariant: what is not known is empty, and never guessed.
package buildinfo
