package scan

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tablehaul/tablehaul/internal/mask"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// readPlan is how a ReadSpec is read: along which index, ordered by what.
type readPlan struct {
	server  mysqldb.Server
	table   *schema.Table
	columns []table.Column
	// exprs are what every statement selects: the columns, then hidden parts of the position.
	exprs []sqltext.Expr
	// parts are the position, in order: (cursor, key …) or (key …).
	parts []posPart
	index string
	// loose says that the index orders by the cursor alone, not by the key within a cursor value.
	cursorOrderOnly bool
	// bounded says that the window is a filter which may pass few rows, so that a page is
	// bounded by the rows it looks at.
	filtered bool
	start    table.Position
	// filters are conditions of every statement, as SQL.
	filters []string
	// fixed is the table's filter where it makes a read by key a range of the index; else empty.
	fixed string
	// through is the last key of a read by key, or a prefix of it; nil is the end.
	through []string
	// top is the upper bound of the first part, wanted only where no equality fixes that part.
	upperBound string
	// chases says that the read goes along the cursor up to a clock that moves on meanwhile.
	followsClock bool
	// clock is the source's clock in the cursor's zone as an expression; "" for an integer cursor.
	clock string
	// guard is a condition of every statement that fails on a server which is not the one meant.
	guard string
	// masked says that some columns have a keyed mask; masker computes them, keyExprs are the primary key's places
	// among the expressions.
	masked   bool
	masker   *mask.Masker
	keyExprs []int
}

// posPart is one column of the position.
type posPart struct {
	column table.Column
	desc   bool
	// expr is the part's place in readPlan.exprs.
	expr int
	lit  func(text string) (string, error)
}

var (
	errNoSuchColumn = errors.New("no such column")
	errBadSpec      = errors.New("the read makes no sense")
)

func newReadPlan(server mysqldb.Server, spec ReadSpec) (*readPlan, error) {
	t := spec.Table
	if len(t.PrimaryKey) == 0 {
		return nil, errNoPrimaryKey
	}
	p := &readPlan{server: server, table: t, columns: spec.Columns}
	if spec.Instance != "" {
		p.guard = mysqldb.InstanceGuardSQL(server.Flavor, spec.Instance)
	}
	for _, c := range spec.Columns {
		if c.Kind == table.KindUnsupported {
			return nil, fmt.Errorf("column %s: type %s cannot be read", c.Name, c.Type)
		}
		p.exprs = append(p.exprs, sqltext.Value(server, c))
	}
	index := ""
	if !spec.ByKey && spec.Cursor != "" {
		index = schema.CursorIndex(t, spec.Cursor)
	}
	switch {
	case t.Filter == "":
	case index == "" && t.BeginsWithFixed():
		p.fixed = t.Filter
	default:
		p.filters, p.filtered = append(p.filters, "("+t.Filter+")"), true
	}
	var err error
	if index != "" {
		err = p.alongCursor(spec, index)
	} else {
		err = p.alongKey(spec)
	}
	if err == nil && spec.Start != nil {
		err = p.startAt(*spec.Start)
	}
	if err == nil {
		err = p.setMasks(t)
	}
	return p, err
}

// startAt begins where an earlier read of the same spec was stopped.
func (p *readPlan) startAt(at table.Position) error {
	if at.Equal < 0 || at.Equal > len(at.Values) || len(at.Values) > len(p.parts) || at.Equal >= len(p.parts) {
		return fmt.Errorf("%w: it starts at a position of another read", errBadSpec)
	}
	p.start = at
	return nil
}

func (p *readPlan) alongCursor(spec ReadSpec, index string) error {
	if spec.Keys != nil {
		return fmt.Errorf("%w: a key range needs a read by key", errBadSpec)
	}
	p.index = index
	if err := p.addPart(spec.Cursor, false); err != nil {
		return err
	}
	ix := schema.IndexNamed(p.table, index)
	p.cursorOrderOnly = !schema.OrdersTies(p.table, ix)
	for _, key := range p.table.PrimaryKey {
		if table.SameColumn(key, spec.Cursor) {
			continue
		}
		if err := p.addPart(key, p.keyDesc(key)); err != nil {
			return err
		}
	}
	if spec.Window.Lo != "" {
		p.start = table.Position{Values: []string{spec.Window.Lo}}
	}
	p.followsClock = spec.ToNow
	var err error
	p.upperBound, err = p.cursorUpperBound(spec, p.parts[0].column)
	return err
}

func (p *readPlan) alongKey(spec ReadSpec) error {
	p.index = p.table.KeyName()
	for _, key := range p.table.PrimaryKey {
		if err := p.addPart(key, p.keyDesc(key)); err != nil {
			return err
		}
	}
	if spec.Keys != nil {
		if err := p.boundKeys(*spec.Keys); err != nil {
			return err
		}
	}
	if spec.Cursor == "" {
		if spec.Window != (table.Window{}) {
			return fmt.Errorf("%w: a window needs a cursor", errBadSpec)
		}
		return nil
	}
	c := p.table.Column(spec.Cursor)
	if c == nil {
		return fmt.Errorf("cursor %s: %w", spec.Cursor, errNoSuchColumn)
	}
	if spec.Window.Lo != "" {
		lit, err := sqltext.Comparand(c.Column)
		if err != nil {
			return err
		}
		sql, err := lit(spec.Window.Lo)
		if err != nil {
			return err
		}
		p.filters = append(p.filters, sqltext.Column(c.Column)+" > "+sql)
	}
	top, err := p.cursorUpperBound(spec, c.Column)
	if top != "" {
		p.filters = append(p.filters, top)
	}
	p.filtered = p.filtered || spec.Window.Lo != ""
	return err
}

func (p *readPlan) boundKeys(keys KeyRange) error {
	if len(keys.After) > len(p.parts) || len(keys.Through) > len(p.parts) {
		return fmt.Errorf("%w: a bound has more values than the key has columns", errBadSpec)
	}
	if n := len(keys.After); n > 0 {
		p.start = table.Position{Values: keys.After, Equal: n - 1}
	}
	if len(keys.Through) > 0 {
		p.through = keys.Through
		_, err := p.atMost(keys.Through, 0)
		return err
	}
	return nil
}

// SameKeyOrder reports whether the primary keys of two tables have the same columns in the same order and directions.
func SameKeyOrder(a, b *schema.Table) bool {
	return slices.EqualFunc(a.PrimaryKey, b.PrimaryKey, func(x, y string) bool {
		return table.SameColumn(x, y) && keyDesc(a, x) == keyDesc(b, y)
	})
}

func (p *readPlan) keyDesc(column string) bool { return keyDesc(p.table, column) }

func keyDesc(t *schema.Table, column string) bool {
	for _, c := range t.Key().Columns {
		if table.SameColumn(c.Column, column) {
			return c.Desc
		}
	}
	return false
}

// addPart adds a column to the position. Its text is that of the page's own column where that
// will do, and a hidden expression otherwise.
func (p *readPlan) addPart(name string, desc bool) error {
	c := p.table.Column(name)
	if c == nil {
		return fmt.Errorf("column %s: %w", name, errNoSuchColumn)
	}
	lit, err := sqltext.Comparand(c.Column)
	if err != nil {
		return err
	}
	part := posPart{column: c.Column, desc: desc, lit: lit, expr: table.Index(p.columns, name)}
	if part.expr < 0 || sqltext.ComparesByNumber(c.Kind) {
		part.expr = len(p.exprs)
		p.exprs = append(p.exprs, sqltext.Position(p.server, c.Column))
	}
	p.parts = append(p.parts, part)
	return nil
}

// partExprs are the expressions of the position alone.
func (p *readPlan) partExprs() []sqltext.Expr {
	out := make([]sqltext.Expr, len(p.parts))
	for i, part := range p.parts {
		out[i] = p.exprs[part.expr]
	}
	return out
}
