package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Tables are the base tables of a schema that the account sees, by name. A schema that is not there has none.
func Tables(ctx context.Context, d mysqldb.Reader, schema string) (_ []table.Name, err error) {
	names, err := QueryNames(ctx, d, "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?"+
		" AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY TABLE_NAME", schema)
	if err != nil {
		return nil, fmt.Errorf("list the tables of %s: %w", schema, mysqlerr.Safe(err))
	}
	out := make([]table.Name, len(names))
	for i, n := range names {
		out[i] = table.Name{Schema: schema, Table: n}
	}
	return out, nil
}

// Schemas are those that the account sees, without the server's own, by name.
func Schemas(ctx context.Context, d mysqldb.Reader) ([]string, error) {
	names, err := QueryNames(ctx, d, "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"+
		" WHERE SCHEMA_NAME NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY SCHEMA_NAME")
	if err != nil {
		return nil, fmt.Errorf("list the schemas: %w", mysqlerr.Safe(err))
	}
	return names, nil
}

// QueryNames are the rows of a query of one column.
func QueryNames(ctx context.Context, d mysqldb.Reader, query string, args ...any) (_ []string, err error) {
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

// Default is the schema that the DSN names; empty for none.
func Default(ctx context.Context, d mysqldb.Reader) (string, error) {
	var name sql.NullString
	if err := d.QueryRowContext(ctx, "SELECT DATABASE()").Scan(&name); err != nil {
		return "", fmt.Errorf("ask for the schema: %w", mysqlerr.Safe(err))
	}
	return name.String, nil
}
