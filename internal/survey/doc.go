// Package survey looks at the tables of a source and writes a commented configuration for them.
//
// It owns what tablehaul init finds (keys, sizes, candidates for a cursor, findings) and the YAML text. It does not own
// the connection, the file, or what the command line prints. It reads the information schema and at most one row of a
// table.
//
// Its one invariant: the YAML holds no secret. Connections appear as references to environment variables or files.
package survey
