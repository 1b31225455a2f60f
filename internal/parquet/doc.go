// Package parquet has the pieces of the Parquet format that its two readers share: the reader of our own staged files
// (internal/rowfile) and the reader of files of other writers (internal/files/format).
//
// It owns no schema and opens no file. Its one invariant: no size that the bytes claim is given memory before the bytes
// that follow make it possible.
package parquet
