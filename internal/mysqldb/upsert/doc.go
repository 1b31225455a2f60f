// Package upsert writes one chunk of rows into a target table, in one small transaction. It reads no files and no source. Its invariant: a
// row of the target that is newer than the row of the chunk stays as it is.
package upsert
