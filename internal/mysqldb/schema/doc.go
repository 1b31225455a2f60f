// Package schema describes a table as its server describes it: columns, keys, defaults, and the expressions that read its values exactly.
// It decides nothing about a run. Its invariant: a description is read whole from one server, or is an error.
package schema
