package usualway

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Merge brings changed rows into a table as most loaders do: they are staged in a table beside
// it on the same server, and merged in one transaction. Rows are found by the key column id.
type Merge struct {
	Source, Target *sql.DB
	// Query selects the changed rows at the source, all columns in their order.
	Query string
	// Into is the target's table, qualified; Staging is made again beside it.
	Into, Staging string
	// ByLoad fills the staging table by [Load]; otherwise by [Copy].
	ByLoad bool
}

// Timing is what a merge took.
type Timing struct {
	Rows int64
	// Total is all of it; Transaction is the one that changed the table.
	Total, Transaction time.Duration
}

// Do stages and merges.
func (m Merge) Do(ctx context.Context) (Timing, error) {
	begun := time.Now()
	if err := m.makeStaging(ctx); err != nil {
		return Timing{}, fmt.Errorf("make the staging table: %w", err)
	}
	fill := Copy{Source: m.Source, Target: m.Target, Query: m.Query, Into: m.Staging}.Do
	if m.ByLoad {
		fill = Load{Source: m.Source, Target: m.Target, Query: m.Query, Into: m.Staging}.Do
	}
	rows, err := fill(ctx)
	if err != nil {
		return Timing{}, err
	}
	start := time.Now()
	if err := m.merge(ctx); err != nil {
		return Timing{}, fmt.Errorf("merge into %s: %w", m.Into, err)
	}
	return Timing{Rows: rows, Total: time.Since(begun), Transaction: time.Since(start)}, nil
}

// makeStaging makes the staging table: its rows are found by their key, and it has no other index.
func (m Merge) makeStaging(ctx context.Context) error {
	for _, q := range []string{"DROP TABLE IF EXISTS " + m.Staging, "CREATE TABLE " + m.Staging + " LIKE " + m.Into} {
		if _, err := m.Target.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	var drops sql.NullString
	if err := m.Target.QueryRowContext(ctx, "SELECT GROUP_CONCAT(DISTINCT 'DROP KEY `', index_name, '`') FROM "+
		"information_schema.statistics WHERE CONCAT(table_schema, '.', table_name) = ? AND index_name <> 'PRIMARY'",
		m.Staging).Scan(&drops); err != nil || !drops.Valid {
		return err
	}
	_, err := m.Target.ExecContext(ctx, "ALTER TABLE "+m.Staging+" "+drops.String)
	return err
}

func (m Merge) merge(ctx context.Context) error {
	tx, err := m.Target.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, q := range []string{
		"SET SESSION innodb_lock_wait_timeout = 50", // the default that such a loader runs with
		"DELETE FROM " + m.Into + " WHERE id IN (SELECT id FROM " + m.Staging + ")",
		"INSERT INTO " + m.Into + " SELECT * FROM " + m.Staging,
	} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			_ = tx.Rollback()
			return err
		}
	}
	return tx.Commit()
}
