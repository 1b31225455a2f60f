package mysqldb

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// diveTime bounds a statement that looks for one key. It takes a millisecond; where it has to
// step over millions of deleted entries, the piece stays as it is.
const diveTime = 5 * time.Second

// maxLate bounds such statements: after so many, cutting ends with what it has.
const maxLate = 3

// limit is one side of a stretch of values, as SQL.
type limit struct {
	sql string
	// open says that the value itself is outside.
	open bool
}

// within are the conditions for values from one limit to another, in the direction of the
// key. With one it is a single value, and has no order: asked for one all the same, a server
// sorts everything that has it, because it does not take a number for a constant ENUM.
func (p posPart) within(from, to *limit) (conds []string, one bool) {
	if p.listed() {
		cond, one := p.list(from, to)
		return []string{cond}, one
	}
	for _, side := range []struct {
		*limit
		up bool
	}{{from, true}, {to, false}} {
		if side.limit == nil {
			continue
		}
		op := " <"
		if side.up != p.desc {
			op = " >"
		}
		if !side.open {
			op += "="
		}
		conds = append(conds, Ident(p.column.Name)+op+" "+side.sql)
	}
	return conds, false
}

// listed says that values are listed instead of compared: a comparison of an ENUM or a SET
// with a number scans the index from its start, and a list does not.
func (p posPart) listed() bool { return byNumber(p.column.Kind) && p.largest() <= maxEnumList }

// largest is the largest number that a value of an ENUM or a SET can have; of a SET with more
// than a few members it is only more than can be listed.
func (p posPart) largest() int {
	n := len(p.column.Members)
	if p.column.Kind == table.KindEnum {
		return n
	}
	return 1<<min(n, 16) - 1
}

// list is within for numbers.
func (p posPart) list(from, to *limit) (cond string, one bool) {
	if p.desc {
		from, to = to, from
	}
	low, high := 0, p.largest()
	if from != nil {
		low, _ = strconv.Atoi(from.sql) // a number, by the literals of these kinds
		if from.open {
			low++
		}
	}
	if to != nil {
		high, _ = strconv.Atoi(to.sql)
		if to.open {
			high--
		}
	}
	if low > high {
		return "FALSE", false
	}
	list := strconv.Itoa(low)
	for n := low + 1; n <= high; n++ {
		list += "," + strconv.Itoa(n)
	}
	return Ident(p.column.Name) + " IN (" + list + ")", low == high
}

// equal are the conditions that fix the columns before a piece's own.
func (c *cutter) equal(prefix []string) ([]string, error) {
	return c.plan.where(position{values: prefix, eq: len(prefix)})
}

// dive returns the first value of a column below a prefix that meets the conditions, in the
// direction of the key or, backward, the last one. It is nil where there is none.
func (c *cutter) dive(ctx context.Context, prefix, where []string, backward, one bool) (*keyValue, error) {
	equal, err := c.equal(prefix)
	if err != nil {
		return nil, err
	}
	part := c.plan.parts[len(prefix)]
	exprs := []selectExpr{c.plan.exprs[part.expr]}
	if part.column.RawCharset {
		exprs = append(exprs, selectExpr{sql: "CONVERT(" + Ident(part.column.Name) + " USING utf8mb4)", kind: table.KindString})
	}
	if other := c.plan.offIndex(); other != "" {
		exprs = append(exprs, selectExpr{sql: other, kind: table.KindInt})
	}
	query := c.plan.selectSQL(exprs, append(equal, where...), diveTime)
	if !one {
		query += " ORDER BY " + Ident(part.column.Name)
	}
	if !one && part.desc != backward {
		query += " DESC"
	}
	c.left--
	found, err := c.db.fetchKey(ctx, query+" LIMIT 1", exprs)
	if IsTimeLimit(err) {
		if c.late++; c.late == maxLate {
			c.left = 0
		}
		return nil, nil
	}
	if err != nil || found == nil {
		return nil, err
	}
	v := &keyValue{text: found[0], shape: found[0]}
	if part.column.RawCharset {
		v.shape = found[1]
	}
	return v, nil
}

// ends fills in a piece's first and last value; false where there is no key in it.
func (c *cutter) ends(ctx context.Context, p *piece, where []string) (bool, error) {
	first, err := c.dive(ctx, p.prefix, where, false, false)
	if err != nil || first == nil {
		return false, err
	}
	last, err := c.dive(ctx, p.prefix, where, true, false)
	if err != nil || last == nil {
		return false, err
	}
	p.first, p.last = *first, *last
	return true, nil
}

// lastUpTo is the last value of a piece that is not behind a guess, and is not the piece's last.
func (c *cutter) lastUpTo(ctx context.Context, p piece, guess string) (*keyValue, error) {
	part := c.plan.parts[len(p.prefix)]
	first, err := part.lit(p.first.text)
	if err != nil {
		return nil, err
	}
	last, err := part.lit(p.last.text)
	if err != nil {
		return nil, err
	}
	where, one := part.within(&limit{sql: first}, &limit{sql: guess})
	if !part.listed() { // whose guesses are always before the last
		before, _ := part.within(nil, &limit{sql: last, open: true})
		where = append(where, before...)
	}
	return c.dive(ctx, p.prefix, where, true, one)
}

// firstBehind is the first value of a piece behind a given one.
func (c *cutter) firstBehind(ctx context.Context, p piece, v keyValue) (*keyValue, error) {
	part := c.plan.parts[len(p.prefix)]
	from, err := part.lit(v.text)
	if err != nil {
		return nil, err
	}
	last, err := part.lit(p.last.text)
	if err != nil {
		return nil, err
	}
	where, one := part.within(&limit{sql: from, open: true}, &limit{sql: last})
	return c.dive(ctx, p.prefix, where, false, one)
}

// estimate asks the optimizer for the rows of pieces, in one statement.
func (c *cutter) estimate(ctx context.Context, pieces []piece) error {
	selects := make([]string, len(pieces))
	for i, p := range pieces {
		where, err := c.inside(p)
		if err != nil {
			return err
		}
		selects[i] = c.plan.countable(where)
	}
	c.left--
	rows, err := c.db.explain(ctx, selects)
	if err != nil {
		return err
	}
	most := max(1, c.plan.table.RowsEstimate/2)
	for i := range pieces {
		pieces[i].rows = max(1, rows[i])
		one := pieces[i].first.text == pieces[i].last.text && len(pieces[i].prefix) == len(c.plan.parts)-1
		pieces[i].capped = rows[i] == most && !one
	}
	return nil
}

// inside are the conditions of a piece.
func (c *cutter) inside(p piece) ([]string, error) {
	where, err := c.equal(p.prefix)
	if err != nil {
		return nil, err
	}
	part := c.plan.parts[len(p.prefix)]
	first, err := part.lit(p.first.text)
	if err != nil {
		return nil, err
	}
	last, err := part.lit(p.last.text)
	if err != nil {
		return nil, err
	}
	conds, _ := part.within(&limit{sql: first}, &limit{sql: last})
	return append(where, conds...), nil
}

// offIndex is an expression that needs a column which the index does not hold, where the
// table has one. Without it MySQL, when it takes a table for empty, walks the index from its
// end instead of looking into it: the whole index then costs the same to it as one entry.
func (p *readPlan) offIndex() string {
	best := ""
	for _, c := range p.table.Columns {
		if c.Generated || hasColumn(indexNamed(p.table, p.index).Columns, c.Name) || hasColumn(indexNamed(p.table, "PRIMARY").Columns, c.Name) {
			continue
		}
		best = Ident(c.Name) + " IS NULL"
		if c.Kind != table.KindString && c.Kind != table.KindBytes && c.Kind != table.KindJSON && c.Kind != table.KindGeometry {
			break // surely not kept on pages of its own
		}
	}
	return best
}

// countable is a SELECT whose plan tells the rows that meet conditions along the index.
func (p *readPlan) countable(where []string) string {
	// Not FORCE INDEX: MySQL then saves the dives and says 1.
	what := p.offIndex()
	if what == "" {
		what = "1"
	}
	return "SELECT " + what + " FROM " + Qualified(p.table.Name) + " USE INDEX (" + Ident(p.index) + ") WHERE " + strings.Join(where, " AND ")
}

// explain returns the optimizer's estimates of the rows of each SELECT. None of them is run.
func (d *DB) explain(ctx context.Context, selects []string) ([]int64, error) {
	explain := "EXPLAIN FORMAT=TRADITIONAL "
	if d.Server.Flavor == FlavorMariaDB {
		explain = "EXPLAIN "
	}
	rows, err := d.QueryContext(ctx, explain+strings.Join(selects, " UNION ALL "))
	if err != nil {
		return nil, err
	}
	recs, err := scanRecords(rows)
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	out := make([]int64, len(selects))
	for _, r := range recs {
		id := r.number("ID")
		if id < 1 || id > int64(len(out)) {
			continue // the union's own line
		}
		out[id-1] = r.number("ROWS") // NULL where the optimizer knows that nothing is there
	}
	return out, nil
}
