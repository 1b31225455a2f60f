// Package schematest compares what commands print with --output json with the schemas of docs/schemas.
package schematest
