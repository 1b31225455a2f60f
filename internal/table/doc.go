// Package table holds the words of the domain: names, columns, rows, windows, chunks.
//
// It owns what a value looks like on its way between two servers and nothing else: it opens
// no connection, reads no file and knows no protocol. It imports the standard library only.
//
// Its one invariant: a value is the text that MySQL prints for it (see [Column]), so that
// reading the source, staging a file and writing the target mean the same bytes.
package table
