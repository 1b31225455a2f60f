// Package sqltext writes names and values as exact SQL text. It does no I/O. Its invariant: the server reads back the same bytes that went in.
package sqltext
