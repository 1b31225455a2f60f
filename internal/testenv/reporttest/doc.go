// Package reporttest has a made-up report of tables of every kind, for tests and for the pictures of the documentation.
package reporttest
