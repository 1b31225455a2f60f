// Package source answers what is safe to read of a source, and up to where.
//
// It owns the type [Source], the checks of a source table, the list of open transactions and statements,
// the lag of replicas, and the choice of a window's upper bound. It does not read the rows of a window and
// does not cut it: package scan does. It writes nothing.
//
// Its one invariant: after an upper bound was chosen, no transaction commits a row at or below it that was
// not visible when the bound was chosen. Rows that an integer cursor skips, a clock that is set back, and
// settings that trust a fixed lag are the documented exceptions.
package source
