// Package scan reads a table.
//
// It owns two things: ranges of about equal size, into which it cuts a table's key space or a window, and
// short pages, by which it reads a range. It does not decide up to where a window is safe to read: package
// source does. It writes nothing, and takes a mysqldb.Reader.
//
// Its one invariant: a read returns each committed row of its range exactly once, if the row does not change
// meanwhile, or it ends with an error. The server compares keys; this package never does.
package scan
