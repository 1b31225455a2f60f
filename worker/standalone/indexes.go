package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// listIndexes are the indexes of Temporal's table of workflows that stay: those which lists of the Web UI, of schedules
// and of tablehaul go by. The schema has one for each attribute that a workflow could have, 62 of them, and a
// write of any attribute writes all of them. A list by another attribute reads the table.
var listIndexes = []string{
	"default_idx", "by_workflow_id", "by_workflow_type", "by_status", "by_temporal_namespace_division",
	"by_temporal_scheduled_by_id", "by_keyword_01",
}

// dropIndexes drops the other ones. Each start repeats it, since an earlier version may have made the database.
func dropIndexes(database string) (err error) {
	db, err := sql.Open("sqlite", "file:"+database+"?mode=rw") // the driver is the one of Temporal's plugin
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	names, err := indexes(db)
	if err != nil {
		return fmt.Errorf("list the indexes of the database: %w", err)
	}
	for _, name := range names {
		if slices.Contains(listIndexes, name) {
			continue
		}
		if _, err := db.ExecContext(context.Background(), `DROP INDEX IF EXISTS "`+name+`"`); err != nil {
			return fmt.Errorf("drop index %s of the database: %w", name, err)
		}
	}
	return nil
}

// indexes are the names of the indexes of Temporal's table of workflows, without its primary key.
func indexes(db *sql.DB) (names []string, err error) {
	rows, err := db.QueryContext(context.Background(), "SELECT name FROM sqlite_master WHERE type = 'index' AND "+
		"tbl_name = 'executions_visibility' AND sql IS NOT NULL")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}
