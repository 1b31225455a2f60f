// Package format reads files of other programs: Parquet, JSON Lines, JSON, CSV and TSV, compressed or not.
//
// It owns the way from a file's values to the exact text of the target's columns (see table.Kind), and what is refused
// on that way. It opens no file and knows no store: a reader takes an io.ReaderAt.
//
// Its one invariant: a value arrives exactly, or its row is refused by file, row number and column. Memory is bounded
// by Options.MaxRowBytes and the limits of this package, for any size that a file claims. No error has a value in it.
package format
