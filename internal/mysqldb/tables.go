package mysqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/table"
)

// TablesOf are the base tables of a schema that the account sees, by name. A schema that is not
// there has none.
func (d *DB) TablesOf(ctx context.Context, schema string) (_ []table.Name, err error) {
	names, err := d.names(ctx, "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?"+
		" AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY TABLE_NAME", schema)
	if err != nil {
		return nil, fmt.Errorf("list the tables of %s: %w", schema, Safe(err))
	}
	out := make([]table.Name, len(names))
	for i, n := range names {
		out[i] = table.Name{Schema: schema, Table: n}
	}
	return out, nil
}

// Schemas are those that the account sees, without the server's own, by name.
func (d *DB) Schemas(ctx context.Context) ([]string, error) {
	names, err := d.names(ctx, "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"+
		" WHERE SCHEMA_NAME NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY SCHEMA_NAME")
	if err != nil {
		return nil, fmt.Errorf("list the schemas: %w", Safe(err))
	}
	return names, nil
}

// names are the rows of a query of one column.
func (d *DB) names(ctx context.Context, query string, args ...any) (_ []string, err error) {
	rows, err := d.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []string
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, rows.Err()
}

// OwnSchema is the schema that the DSN names; empty for none.
func (d *DB) OwnSchema(ctx context.Context) (string, error) {
	var name sql.NullString
	if err := d.QueryRowContext(ctx, "SELECT DATABASE()").Scan(&name); err != nil {
		return "", fmt.Errorf("ask for the schema: %w", Safe(err))
	}
	return name.String, nil
}
