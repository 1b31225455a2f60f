// Package usualway moves rows as most programs do, for comparison: copied as one stream of large
// INSERTs, or staged in a table beside the target and merged in one transaction (DELETE … IN,
// INSERT … SELECT). It is written to be fast: what is compared with must not be a straw man.
package usualway
