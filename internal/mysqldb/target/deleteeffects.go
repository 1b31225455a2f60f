package target

import (
	"context"
	"errors"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/table"
)

// DeleteEffects says what else a DELETE on a table would change: its triggers on DELETE, and the foreign keys of
// tables whose rows would go or change with it. A table in a schema that the login may not see is not among them.
func (t *Target) DeleteEffects(ctx context.Context, name table.Name) ([]string, error) {
	triggers, err := t.names(ctx, "SELECT CONCAT('trigger ', TRIGGER_NAME) FROM information_schema.TRIGGERS"+
		" WHERE EVENT_OBJECT_SCHEMA = ? AND EVENT_OBJECT_TABLE = ? AND EVENT_MANIPULATION = 'DELETE'", name)
	if err != nil {
		return nil, err
	}
	children, err := t.names(ctx, "SELECT CONCAT('foreign key ', CONSTRAINT_SCHEMA, '.', TABLE_NAME, '.', "+
		"CONSTRAINT_NAME, ' ON DELETE ', DELETE_RULE) FROM information_schema.REFERENTIAL_CONSTRAINTS"+
		" WHERE UNIQUE_CONSTRAINT_SCHEMA = ? AND REFERENCED_TABLE_NAME = ?"+
		" AND DELETE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT')", name)
	return append(triggers, children...), err
}

// names runs a query about a table that returns one text per row.
func (t *Target) names(ctx context.Context, query string, name table.Name) (out []string, err error) {
	rows, err := t.QueryContext(ctx, query, name.Schema, name.Table)
	if err != nil {
		return nil, fmt.Errorf("look for what depends on %s: %w", name, mysqlerr.Safe(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, rows.Err()
}

// Lacks are those of some privileges that the login clearly does not have on a table.
func (t *Target) Lacks(ctx context.Context, name table.Name, privileges ...string) ([]string, error) {
	g, err := readGrants(ctx, t.DB)
	if err != nil {
		return nil, fmt.Errorf("read the login's grants: %w", mysqlerr.Safe(err))
	}
	var out []string
	for _, p := range privileges {
		if !g.unknown && !g.has(p, name) {
			out = append(out, p)
		}
	}
	return out, nil
}
