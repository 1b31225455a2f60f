// Package source says what of a source table is safe to read, and up to where: it checks the table, finds open transactions and replicas,
// and chooses the upper bound of a window. It reads no rows of a window (package scan does). Its invariant: a row that is committed after the
// upper bound was chosen lies above the bound.
package source
