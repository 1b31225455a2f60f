// Package dbtest has what the tests of several packages below internal/mysqldb share: connections, tables
// with rows of every kind, and pairs of a source and a target.
package dbtest
