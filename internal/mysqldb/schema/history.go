package schema

import (
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// VersionKey are the columns that tell versions of rows apart: those of the rows' key, and the cursor.
func VersionKey(key []string, cursor string) []string {
	if table.HasColumn(key, cursor) {
		return key
	}
	return append(slices.Clone(key), cursor)
}

// History is the table that holds each version of the rows of t.
func (t *Table) History(cursor string) *Table { return t.WiderKey(VersionKey(t.PrimaryKey, cursor)) }

// CurrentRows is a history as a table of its newest versions, one for each key. A history that lacks the key of
// versions stays as it is. Where the key has the cursor, each row is the only version of its key.
func (t *Table) CurrentRows(key []string, cursor string) *Table {
	if table.HasColumn(key, cursor) {
		out, _ := t.WithKey(key)
		return out
	}
	out, ok := t.Narrowed(VersionKey(key, cursor), key)
	if !ok {
		return out
	}
	if out.Filter = t.newestSQL(key, cursor); t.Filter != "" {
		out.Filter = "(" + t.Filter + ") AND " + out.Filter
	}
	return out
}

// Versions is what CurrentRows was made of: all versions, by their own key.
func (t *Table) Versions(key []string, cursor string) *Table {
	out, _ := t.WithKey(VersionKey(key, cursor))
	all := *out
	all.Filter = ""
	return &all
}

// newestSQL is true for the newest version of each key, which the cursor is no part of.
func (t *Table) newestSQL(key []string, cursor string) string {
	const versions = "tablehaul_versions"
	own, other := sqltext.Ident(t.Name.Table)+".", sqltext.Ident(versions)+"."
	conds := make([]string, 0, len(key))
	for _, name := range key {
		name = t.spelled(name)
		conds = append(conds, other+sqltext.Ident(name)+" = "+own+sqltext.Ident(name))
	}
	c := sqltext.Ident(t.spelled(cursor))
	return own + c + " = (SELECT MAX(" + other + c + ") FROM " + sqltext.Qualified(t.Name) + " AS " +
		sqltext.Ident(versions) + " WHERE " + strings.Join(conds, " AND ") + ")"
}

// spelled is a column's name as the table has it.
func (t *Table) spelled(name string) string {
	if c := t.Column(name); c != nil {
		return c.Name
	}
	return name
}

// maxIdentifier is how many characters a name has at most.
const maxIdentifier = 64

// CurrentRowsView is the statement that makes a view of the newest versions of a history, one for each key. mark is the
// column that marks rows which the source has deleted, which the view leaves out; "" for none.
func CurrentRowsView(name table.Name, t *Table, key []string, cursor, mark string) string {
	h := *t
	h.Name = name
	live := ""
	if mark != "" {
		live = " AND " + sqltext.Ident(name.Table) + "." + sqltext.Ident(mark) + " IS NULL"
	}
	view := []rune(name.Table)
	const suffix = "_current"
	view = append(view[:min(len(view), maxIdentifier-len(suffix))], []rune(suffix)...)
	return "CREATE VIEW " + sqltext.Qualified(table.Name{Schema: name.Schema, Table: string(view)}) +
		" AS SELECT * FROM " + sqltext.Qualified(name) + " WHERE " + h.newestSQL(key, cursor) + live
}
