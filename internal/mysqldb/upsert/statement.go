package upsert

import (
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// dialect is how the UPDATE part of an INSERT names the two rows: the old one, of the target, and
// the new one.
type dialect struct {
	table    string // the name of the old row
	alias    string // of the new row
	rowAlias bool   // the new row is named by its alias, and not by VALUES()
}

// newDialect chooses the row alias where the server has it. There, VALUES() is deprecated and
// warns. On all other servers the alias is a syntax error.
func newDialect(server mysqldb.Server, name table.Name) dialect {
	d := dialect{
		table: sqltext.Ident(name.Table), alias: "new",
		rowAlias: server.Flavor == mysqldb.FlavorMySQL && server.AtLeast(8, 0, 19),
	}
	if strings.EqualFold(name.Table, d.alias) {
		d.alias = "incoming"
	}
	return d
}

func (d dialect) old(column string) string { return d.table + "." + sqltext.Ident(column) }

func (d dialect) new(column string) string {
	if d.rowAlias {
		return d.alias + "." + sqltext.Ident(column)
	}
	return "VALUES(" + sqltext.Ident(column) + ")"
}

// writeStatement makes the head and the tail of the INSERT.
func (p *plan) writeStatement(server mysqldb.Server) {
	names := make([]string, len(p.targets))
	for i, c := range p.targets {
		names[i] = c.Name
	}
	p.head = []byte("INSERT INTO " + sqltext.Qualified(p.target.Name) + " (" + sqltext.IdentList(names) + ") VALUES ")
	d := newDialect(server, p.target.Name)
	tail := ""
	if d.rowAlias {
		tail = " AS " + d.alias
	}
	p.tail = []byte(tail + " ON DUPLICATE KEY UPDATE " + strings.Join(p.assignments(d), ", "))
}

// assignments are the UPDATE part. Servers execute them from left to right, and each sees what
// those before it assigned. So the key's guard comes first, and the cursor, which all others
// compare, last.
func (p *plan) assignments(d dialect) []string {
	if p.keepExisting {
		return p.keepingAssignments(d)
	}
	newer := p.guardOf(d, p.cursorGuard(d))
	assigned := func(i int) string {
		c := p.targets[i]
		fresh, kept := d.new(c.Name), d.old(c.Name)
		if c.Kind == table.KindEnum {
			// By index: as text, the error value would become the empty member.
			fresh, kept = fresh+" + 0", kept+" + 0"
		}
		if c.SetByNumber() {
			fresh, kept = sqltext.SetNumber(fresh), sqltext.SetNumber(kept)
		}
		if newer == "" {
			return fresh
		}
		return "IF(" + newer + ", " + fresh + ", " + kept + ")"
	}
	isKey := make(map[int]bool, len(p.key))
	var out []string
	for n, i := range p.key {
		isKey[i] = true
		c := p.targets[i]
		value := d.old(c.Name)
		// Equal keys may have different texts: 'Abc' becomes 'abc'.
		rewrite := keyTextMayDiffer(c)
		if rewrite {
			value = assigned(i)
		}
		if n == 0 && len(p.uniques) > 0 {
			value = "IF(" + p.sameKeyCondition(d) + " OR (SELECT 1 UNION SELECT 2), " + value + ", " + d.old(c.Name) +
				")"
			rewrite = true
		}
		if rewrite {
			out = append(out, d.old(c.Name)+" = "+value)
		}
	}
	for i, c := range p.targets {
		if !isKey[i] && i != p.cursor {
			out = append(out, d.old(c.Name)+" = "+assigned(i))
		}
	}
	if p.cursor >= 0 && !isKey[p.cursor] {
		out = append(out, d.old(p.targets[p.cursor].Name)+" = "+assigned(p.cursor))
	}
	if p.tombstone != "" {
		out = append(out, p.clearMark(d))
	}
	if len(out) == 0 { // the syntax needs one
		c := d.old(p.targets[p.key[0]].Name)
		out = append(out, c+" = "+c)
	}
	return out
}

// keepingAssignments leave the old row as it is, but for the mark of a row that the source has again. An old row of
// another key is an error, as in assignments.
func (p *plan) keepingAssignments(d dialect) []string {
	c := d.old(p.targets[p.key[0]].Name)
	value := c
	if len(p.uniques) > 0 {
		value = "IF(" + p.sameKeyCondition(d) + " OR (SELECT 1 UNION SELECT 2), " + c + ", " + c + ")"
	}
	out := []string{c + " = " + value}
	if p.tombstone != "" {
		out = append(out, p.clearMark(d))
	}
	return out
}

// comparesCursors reports whether newer rows of the target stay. Where the cursor is part of the
// key, rows with the same key have the same cursor.
func (p *plan) comparesCursors() bool {
	return p.cursor >= 0 && !p.overwrite && !p.keepExisting && !slices.Contains(p.key, p.cursor)
}

// cursorGuard is true where the new row may replace the old one; "" where it always may.
func (p *plan) cursorGuard(d dialect) string {
	if !p.comparesCursors() {
		return ""
	}
	c := p.targets[p.cursor].Name
	guard := d.new(c) + " >= " + d.old(c) + " OR " + d.old(c) + " IS NULL"
	if replaced, _ := p.unsettledCondition(d.old(c), d.new(c)); replaced != "" { // newPlan has checked for an error
		guard += " OR " + replaced
	}
	return guard
}

// sameKeyCondition is true where the old row has the new row's primary key. Otherwise the two have
// another unique value in common, and the statement has to fail: then it evaluates a subquery of
// two rows, which is an error.
func (p *plan) sameKeyCondition(d dialect) string {
	parts := make([]string, len(p.key))
	for n, i := range p.key {
		c := p.targets[i].Name
		parts[n] = d.old(c) + " <=> " + d.new(c)
	}
	return strings.Join(parts, " AND ")
}

// keyTextMayDiffer reports whether two values of a key column can be equal but have different
// texts.
func keyTextMayDiffer(c *schema.Column) bool {
	return c.Kind == table.KindString && !schema.IsExactCollation(c.Collation)
}
