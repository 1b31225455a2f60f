package swap

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Bound is what a RENAME of the target would take along with it.
func (l *Lock) Bound(ctx context.Context) (target.Bound, error) {
	return l.target.BoundTo(ctx, l.Tables.Target)
}

// ReadWrites reads what the server knows of writes to a table: how many rows were written since the server's start
// (performance_schema), and when the last one was committed, to the second. Each is empty where the server does not say
// it. Neither reads the table.
func ReadWrites(ctx context.Context, db *mysqldb.DB, name table.Name) (w lineage.Writes, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return w, fmt.Errorf("look for writes to %s: %w", name, mysqlerr.Safe(err))
	}
	defer func() { _ = conn.Close() }() // says only whether it is closed already
	if db.Server.Flavor == mysqldb.FlavorMySQL && db.Server.AtLeast(8, 0, 0) {
		// Otherwise the information schema may answer what it has found a day ago.
		if _, err := conn.ExecContext(ctx, "SET SESSION information_schema_stats_expiry = 0"); err != nil {
			return w, fmt.Errorf("look for writes to %s: %w", name, mysqlerr.Safe(err))
		}
	}
	var last sql.NullString
	err = conn.QueryRowContext(ctx, "SELECT UPDATE_TIME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND "+
		"TABLE_NAME = ?", name.Schema, name.Table).Scan(&last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return w, fmt.Errorf("look for writes to %s: %w", name, mysqlerr.Safe(err))
	}
	w.Last = last.String
	if w.Started, err = lineage.Started(ctx, db); err != nil {
		return w, err
	}
	var create, shown string
	err = conn.QueryRowContext(ctx, "SHOW CREATE TABLE "+sqltext.Qualified(name)).Scan(&shown, &create)
	if err != nil {
		return w, fmt.Errorf("look at %s: %w", name, mysqlerr.Safe(err))
	}
	w.Structure = structureSum(create)
	var rows sql.NullInt64
	err = conn.QueryRowContext(ctx, "SELECT COUNT_WRITE FROM performance_schema.table_io_waits_summary_by_table "+
		"WHERE OBJECT_TYPE = 'TABLE' AND OBJECT_SCHEMA = ? AND OBJECT_NAME = ?", name.Schema, name.Table).Scan(&rows)
	switch {
	case err == nil && rows.Valid:
		w.Rows = &rows.Int64
	case err == nil, errors.Is(err, sql.ErrNoRows), mysqlerr.IsAccessDenied(err):
	default:
		return w, fmt.Errorf("look for writes to %s: %w", name, mysqlerr.Safe(err))
	}
	return w, nil
}

// structureSum is a digest of the statement that creates a table, without its counter.
func structureSum(create string) string {
	sum := sha256.Sum256([]byte(schema.WithoutCounter(create)))
	return hex.EncodeToString(sum[:8])
}
