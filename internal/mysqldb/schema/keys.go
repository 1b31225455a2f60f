package schema

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

func (i introspection) indexes(ctx context.Context, t *Table) error {
	recs, err := i.query(ctx, "SELECT * FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?"+
		" ORDER BY INDEX_NAME, SEQ_IN_INDEX", t.Name.Schema, t.Name.Table)
	if err != nil {
		return err
	}
	for _, r := range recs {
		name := r.Text("INDEX_NAME")
		if len(t.Indexes) == 0 || t.Indexes[len(t.Indexes)-1].Name != name {
			t.Indexes = append(t.Indexes, Index{
				Name:      name,
				Unique:    r.Text("NON_UNIQUE") == "0",
				Type:      r.Text("INDEX_TYPE"),
				Comment:   r.Text("INDEX_COMMENT"),
				Invisible: r.Text("IS_VISIBLE") == "NO" || r.Text("IGNORED") == "YES",
			})
		}
		ix := &t.Indexes[len(t.Indexes)-1]
		part := IndexColumn{
			Column:     r.Text("COLUMN_NAME"),
			Prefix:     int(r.Number("SUB_PART")),
			Desc:       r.Text("COLLATION") == "D",
			Expression: unescapeExpression(r.Text("EXPRESSION")),
		}
		if ix.Type == "SPATIAL" {
			part.Prefix = 0 // the server's own 32, which no CREATE accepts
		}
		ix.Columns = append(ix.Columns, part)
		if name == "PRIMARY" {
			t.PrimaryKey = append(t.PrimaryKey, part.Column)
		}
	}
	return nil
}

// withoutRowEnd takes the ROW END column out of primary and unique keys. MariaDB adds it by itself
// where it is declared, so that former rows may have the same key; among current rows, which are
// all that is read and written, the key is unique without it.
func (t *Table) withoutRowEnd() {
	isRowEnd := func(name string) bool {
		c := t.Column(name)
		return c != nil && c.Expression == "ROW END"
	}
	for n := range t.Indexes {
		ix := &t.Indexes[n]
		last := len(ix.Columns) - 1
		if ix.Unique && last > 0 && isRowEnd(ix.Columns[last].Column) {
			ix.Columns = ix.Columns[:last]
		}
	}
	t.PrimaryKey = slices.DeleteFunc(t.PrimaryKey, isRowEnd)
}

func (i introspection) constraints(ctx context.Context, t *Table) error {
	fks, err := i.query(ctx, "SELECT CONSTRAINT_NAME, UPDATE_RULE, DELETE_RULE, UNIQUE_CONSTRAINT_NAME, "+
		"UNIQUE_CONSTRAINT_SCHEMA = CONSTRAINT_SCHEMA AND CAST(REFERENCED_TABLE_NAME AS BINARY) = CAST(TABLE_NAME AS "+
		"BINARY) AS REFERS_TO_ITSELF FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ? AND "+
		"TABLE_NAME = ? ORDER BY CONSTRAINT_NAME", t.Name.Schema, t.Name.Table)
	if err != nil {
		return err
	}
	for _, r := range fks {
		name := r.Text("CONSTRAINT_NAME")
		t.ForeignKeys = append(t.ForeignKeys, name)
		if r.Text("REFERS_TO_ITSELF") == "1" {
			t.SelfReferences = append(t.SelfReferences, name)
			if r.Text("UNIQUE_CONSTRAINT_NAME") != "PRIMARY" {
				t.SelfReferencesByUnique = append(t.SelfReferencesByUnique, name)
			}
		}
		update := r.Text("UPDATE_RULE")
		if update == "CASCADE" || strings.HasPrefix(update, "SET ") ||
			strings.HasPrefix(r.Text("DELETE_RULE"), "SET ") {
			t.Cascades = append(t.Cascades, name)
		}
	}
	query := "SELECT CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS" +
		" WHERE CONSTRAINT_SCHEMA = ? AND TABLE_NAME = ? AND CONSTRAINT_TYPE = 'CHECK' ORDER BY CONSTRAINT_NAME"
	if i.server.Flavor == mysqldb.FlavorMariaDB {
		// Every JSON column there is a LONGTEXT with such a check, which says nothing new.
		query = "SELECT CONSTRAINT_NAME FROM information_schema.CHECK_CONSTRAINTS" +
			" WHERE CONSTRAINT_SCHEMA = ? AND TABLE_NAME = ? AND CHECK_CLAUSE NOT LIKE 'json_valid(`%`)' ORDER BY " +
			"CONSTRAINT_NAME"
	} else if !i.server.AtLeast(8, 0, 16) {
		return nil // no checks before that, they were parsed and dropped
	}
	checks, err := i.query(ctx, query, t.Name.Schema, t.Name.Table)
	if err != nil {
		return fmt.Errorf("read the checks: %w", err)
	}
	for _, r := range checks {
		t.Checks = append(t.Checks, r.Text("CONSTRAINT_NAME"))
	}
	return nil
}

// triggers needs the TRIGGER privilege to see anything; without it the list is empty.
func (i introspection) triggers(ctx context.Context, t *Table) error {
	recs, err := i.query(ctx, "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS"+
		" WHERE EVENT_OBJECT_SCHEMA = ? AND EVENT_OBJECT_TABLE = ? ORDER BY TRIGGER_NAME", t.Name.Schema, t.Name.Table)
	if err != nil {
		return err
	}
	for _, r := range recs {
		t.Triggers = append(t.Triggers, r.Text("TRIGGER_NAME"))
	}
	return nil
}
