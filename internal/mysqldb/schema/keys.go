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

// rules reads foreign keys, checks and triggers in one statement. It needs the TRIGGER privilege to see triggers;
// without it that list is empty.
func (i introspection) rules(ctx context.Context, t *Table) error {
	// Names are compared as bytes: the columns of the information schema have several collations.
	const name, rest = "CONVERT(%s USING utf8mb4) COLLATE utf8mb4_bin AS name, ", "'', '', '', 0"
	query := "SELECT 'foreign key' AS kind, " + fmt.Sprintf(name, "CONSTRAINT_NAME") +
		"CONVERT(UPDATE_RULE USING utf8mb4) AS on_update, CONVERT(DELETE_RULE USING utf8mb4) AS on_delete, " +
		"CONVERT(UNIQUE_CONSTRAINT_NAME USING utf8mb4) AS their_key, " +
		"UNIQUE_CONSTRAINT_SCHEMA = CONSTRAINT_SCHEMA AND CAST(REFERENCED_TABLE_NAME AS BINARY) = CAST(TABLE_NAME AS " +
		"BINARY) AS refers_to_itself FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ? AND " +
		"TABLE_NAME = ?"
	selects, args := []string{query}, []any{t.Name.Schema, t.Name.Table}
	add := func(kind, column, from string) {
		selects = append(selects, "SELECT '"+kind+"', "+fmt.Sprintf(name, column)+rest+" FROM information_schema."+from)
		args = append(args, t.Name.Schema, t.Name.Table)
	}
	add("trigger", "TRIGGER_NAME", "TRIGGERS WHERE EVENT_OBJECT_SCHEMA = ? AND EVENT_OBJECT_TABLE = ?")
	switch {
	case i.server.Flavor == mysqldb.FlavorMariaDB:
		// Every JSON column there is a LONGTEXT with such a check, which says nothing new.
		add("check", "CONSTRAINT_NAME", "CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ? AND TABLE_NAME = ? AND "+
			"CHECK_CLAUSE NOT LIKE 'json_valid(`%`)'")
	case i.server.AtLeast(8, 0, 16): // before that, they were parsed and dropped
		add("check", "CONSTRAINT_NAME", "TABLE_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ? AND TABLE_NAME = ? AND "+
			"CONSTRAINT_TYPE = 'CHECK'")
	}
	recs, err := i.query(ctx, strings.Join(selects, " UNION ALL ")+" ORDER BY name", args...)
	if err != nil {
		return fmt.Errorf("read foreign keys, checks and triggers: %w", err)
	}
	for _, r := range recs {
		switch r.Text("KIND") {
		case "trigger":
			t.Triggers = append(t.Triggers, r.Text("NAME"))
		case "check":
			t.Checks = append(t.Checks, r.Text("NAME"))
		default:
			t.addForeignKey(r)
		}
	}
	return nil
}

// addForeignKey adds one as rules has read it.
func (t *Table) addForeignKey(r Record) {
	name := r.Text("NAME")
	t.ForeignKeys = append(t.ForeignKeys, name)
	if r.Text("REFERS_TO_ITSELF") == "1" {
		t.SelfReferences = append(t.SelfReferences, name)
		if r.Text("THEIR_KEY") != "PRIMARY" {
			t.SelfReferencesByUnique = append(t.SelfReferencesByUnique, name)
		}
	}
	update := r.Text("ON_UPDATE")
	if update == "CASCADE" || strings.HasPrefix(update, "SET ") || strings.HasPrefix(r.Text("ON_DELETE"), "SET ") {
		t.Cascades = append(t.Cascades, name)
	}
}
