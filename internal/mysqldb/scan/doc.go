// Package scan reads a table: it cuts it into ranges of about equal size, and reads a range by short pages. It chooses no bounds of a
// window (package source does). Its invariant: every row of a range is read once, or the read ends with an error.
package scan
