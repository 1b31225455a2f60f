// Package sqlexpr judges SQL expressions that people write for a source (a filter, an added column), and knows the
// columns in those that a server prints. It asks no server.
package sqlexpr
