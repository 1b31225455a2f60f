package upsert

import (
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// dialect is how a server names the row that could not be inserted.
type dialect struct {
	table    string // the target's own row, qualified by this
	alias    string // of the new row; empty where VALUES() is used
	rowAlias bool
}

// newDialect chooses the row alias where the server has it: VALUES() is deprecated there and
// warns, and the alias is a syntax error everywhere else.
func newDialect(server mysqldb.Server, name table.Name) dialect {
	d := dialect{table: sqltext.Ident(name.Table), rowAlias: server.Flavor == mysqldb.FlavorMySQL && server.AtLeast(8, 0, 19)}
	d.alias = "new"
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

// assignments are the UPDATE part. They run from left to right and see what those before
// them assigned: the key guard comes first, the cursor, which all others compare, last.
func (p *plan) assignments(d dialect) []string {
	newer := p.cursorGuard(d)
	take := func(i int) string {
		c := p.targets[i]
		fresh, kept := d.new(c.Name), d.old(c.Name)
		if c.Kind == table.KindEnum {
			// By index: as text the error value would become the empty member.
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
		// Keys that compare equal may still differ: 'Abc' becomes 'abc'.
		rewrite := keyTextMayDiffer(c)
		if rewrite {
			value = take(i)
		}
		if n == 0 && len(p.uniques) > 0 {
			value = "IF(" + p.sameKeyCondition(d) + " OR (SELECT 1 UNION SELECT 2), " + value + ", " + d.old(c.Name) + ")"
			rewrite = true
		}
		if rewrite {
			out = append(out, d.old(c.Name)+" = "+value)
		}
	}
	for i, c := range p.targets {
		if !isKey[i] && i != p.cursor {
			out = append(out, d.old(c.Name)+" = "+take(i))
		}
	}
	if p.cursor >= 0 && !isKey[p.cursor] {
		out = append(out, d.old(p.targets[p.cursor].Name)+" = "+take(p.cursor))
	}
	if len(out) == 0 { // the grammar wants one
		c := d.old(p.targets[p.key[0]].Name)
		out = append(out, c+" = "+c)
	}
	return out
}

// comparesCursors reports whether a newer row of the target is to be kept. A cursor in the key
// says nothing: rows that meet have the same.
func (p *plan) comparesCursors() bool {
	return p.cursor >= 0 && !slices.Contains(p.key, p.cursor)
}

// cursorGuard is true where the new row may replace the old one; empty where every row may.
func (p *plan) cursorGuard(d dialect) string {
	if !p.comparesCursors() {
		return ""
	}
	c := p.targets[p.cursor].Name
	guard := d.new(c) + " >= " + d.old(c) + " OR " + d.old(c) + " IS NULL"
	if way, _ := p.unsettledCondition(d.old(c), d.new(c)); way != "" { // an error has been returned before
		guard += " OR " + way
	}
	return guard
}

// sameKeyCondition is true where the row that was met has the new row's primary key. Where it is
// false, another unique key brought the two together, and the statement must fail: a
// subquery of two rows is an error, and only evaluated then.
func (p *plan) sameKeyCondition(d dialect) string {
	parts := make([]string, len(p.key))
	for n, i := range p.key {
		c := p.targets[i].Name
		parts[n] = d.old(c) + " <=> " + d.new(c)
	}
	return strings.Join(parts, " AND ")
}

// keyTextMayDiffer reports whether two values of a key column can be equal and not the same.
func keyTextMayDiffer(c *schema.Column) bool {
	return c.Kind == table.KindString && !schema.IsExactCollation(c.Collation)
}
