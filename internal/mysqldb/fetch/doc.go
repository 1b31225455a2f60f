// Package fetch runs a statement and keeps its rows as the exact text of the server. It decides nothing. Its invariant: a value that comes
// out has the bytes that the server sent, and a result that ended early is an error.
package fetch
