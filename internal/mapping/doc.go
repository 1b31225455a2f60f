// Package mapping turns a source table, as it was read, into what its rows become: the columns that travel, their
// names on the target, and the filter of rows.
//
// It is applied once, to the source's structure. All that follows (the plan, the target's DDL, pages, comparisons and
// deletes) sees a source that already has the target's columns: see table.Column.From, table.Column.Expr and
// schema.Table.Filter. The package asks no server.
package mapping
