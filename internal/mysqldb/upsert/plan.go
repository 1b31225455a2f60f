package upsert

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// upsertPlan is everything about a chunk's statements that does not depend on its rows.
type upsertPlan struct {
	target    *schema.Table
	columns   []table.Column     // of the rows
	targets   []*schema.Column   // the same columns on the target
	appenders []sqltext.Appender // for comparisons
	// assigners are the appenders for values that a statement assigns.
	assigners []sqltext.Appender
	// key are the positions of the primary key's columns in a row, in key order.
	key []int
	// cursor is the position of the cursor, or -1.
	cursor    int
	unsettled table.Unsettled
	// enums are the positions of columns that are an ENUM on both sides.
	enums []int
	// head stands before the first row of a statement, tail after the last.
	head, tail []byte
	// load is the rest of a statement that loads the rows as a file, "" where they are not to be.
	load string
	// uniques are the target's unique keys beside the primary key.
	uniques []schema.Index

	unchecked bool // foreign keys are not looked at
	replace   bool // rows that hold a row's unique value give way
	maxTime   time.Duration

	maxRows  int
	maxBytes int64 // of a statement with more than one row
	packet   int64 // of any statement
}

func newUpsertPlan(server mysqldb.Server, spec UpsertSpec) (*upsertPlan, error) {
	p := &upsertPlan{target: spec.Target, columns: spec.Columns, cursor: -1, unsettled: spec.Unsettled}
	for i, from := range spec.Columns {
		to := spec.Target.Column(from.Name)
		if to == nil || to.Generated {
			return nil, mysqlerr.Refuse(from.Name, fmt.Sprintf("the target %s has no column that takes it", spec.Target.Name),
				"plan the run again, so that the target gets the column")
		}
		app, err := sqltext.NewAppender(from, to.Column)
		if err != nil {
			return nil, mysqlerr.Refuse(from.Name, err.Error(), "leave the column out")
		}
		p.targets = append(p.targets, to)
		p.appenders, p.assigners = append(p.appenders, app), append(p.assigners, sqltext.AssignAppender(from, to.Column, app))
		if from.Kind == table.KindEnum && to.Kind == table.KindEnum {
			p.enums = append(p.enums, i)
		}
		if table.SameColumn(from.Name, spec.Cursor) {
			p.cursor = i
		}
	}
	if err := p.findKey(spec); err != nil {
		return nil, err
	}
	if _, err := p.givesWay("", ""); err != nil {
		return nil, fmt.Errorf("the bounds of the window: %w", err)
	}
	for _, index := range spec.Target.Indexes {
		if index.Unique && index.Name != "PRIMARY" {
			p.uniques = append(p.uniques, index)
		}
	}
	switch spec.Conflicts {
	case "", ConflictsFail:
	case ConflictsReplace:
		p.replace = len(p.uniques) > 0
	default:
		return nil, mysqlerr.Refuse("", fmt.Sprintf("unknown policy %q for unique conflicts", spec.Conflicts), "use fail or replace")
	}
	p.unchecked = spec.RefersToItself && !p.replace && len(spec.Target.SelfReferences) == len(spec.Target.ForeignKeys)
	p.limits(server, spec)
	p.writeStatement(server)
	if spec.BulkLoad {
		p.load = p.loadStatement(server)
	}
	return p, nil
}

func (p *upsertPlan) findKey(spec UpsertSpec) error {
	if len(spec.Target.PrimaryKey) == 0 {
		return mysqlerr.Refuse("", fmt.Sprintf("the target %s has no primary key", spec.Target.Name), "give it the source's primary key")
	}
	for _, name := range spec.Target.PrimaryKey {
		at := -1
		for i := range p.targets {
			if table.SameColumn(p.targets[i].Name, name) {
				at = i
			}
		}
		if at < 0 {
			return mysqlerr.Refuse(name, fmt.Sprintf("the primary key of the target %s has a column that the source does not have", spec.Target.Name),
				"give the target the source's primary key")
		}
		p.key = append(p.key, at)
	}
	if spec.Cursor != "" && p.cursor < 0 {
		return mysqlerr.Refuse(spec.Cursor, "the cursor is not among the columns of the rows", "choose a column that the table has")
	}
	return nil
}

func (p *upsertPlan) limits(server mysqldb.Server, spec UpsertSpec) {
	p.packet = server.MaxAllowedPacket - packetMargin
	if server.MaxAllowedPacket == 0 {
		p.packet = defaultBatchBytes // every server allows that much unless told otherwise
	}
	p.maxTime = spec.MaxTransaction
	p.maxRows, p.maxBytes = spec.MaxBatchRows, spec.MaxBatchBytes
	if p.maxRows <= 0 {
		p.maxRows = defaultBatchRows
	}
	if p.maxBytes <= 0 {
		p.maxBytes = defaultBatchBytes
	}
	p.maxBytes = min(p.maxBytes, p.packet)
}

// halve makes batches smaller; false where they are as small as they can be.
func (p *upsertPlan) halve() bool {
	if p.maxRows == 1 {
		return false
	}
	p.maxRows = (p.maxRows + 1) / 2
	p.maxBytes = max(p.maxBytes/2, 1)
	return true
}

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

func (p *upsertPlan) writeStatement(server mysqldb.Server) {
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
func (p *upsertPlan) assignments(d dialect) []string {
	newer := p.newerGuard(d)
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
			value = "IF(" + p.sameKey(d) + " OR (SELECT 1 UNION SELECT 2), " + value + ", " + d.old(c.Name) + ")"
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
func (p *upsertPlan) comparesCursors() bool {
	return p.cursor >= 0 && !slices.Contains(p.key, p.cursor)
}

// newerGuard is true where the new row may replace the old one; empty where every row may.
func (p *upsertPlan) newerGuard(d dialect) string {
	if !p.comparesCursors() {
		return ""
	}
	c := p.targets[p.cursor].Name
	guard := d.new(c) + " >= " + d.old(c) + " OR " + d.old(c) + " IS NULL"
	if way, _ := p.givesWay(d.old(c), d.new(c)); way != "" { // an error has been returned before
		guard += " OR " + way
	}
	return guard
}

// sameKey is true where the row that was met has the new row's primary key. Where it is
// false, another unique key brought the two together, and the statement must fail: a
// subquery of two rows is an error, and only evaluated then.
func (p *upsertPlan) sameKey(d dialect) string {
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
