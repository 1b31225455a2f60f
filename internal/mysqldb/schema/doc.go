// Package schema describes a table as its server describes it: columns, keys, defaults, constraints. It owns the
// queries of the information schema, and the cache of descriptions. It decides nothing about a run.
//
// Its one invariant: a description is read whole from one server, or is an error.
package schema
