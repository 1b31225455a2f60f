package scan

import (
	"context"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// seekTimeout bounds a statement that searches one key. It takes a millisecond; where it has to
// step over millions of deleted entries, the piece stays as it is.
const seekTimeout = 5 * time.Second

// prefixConditions are the conditions that fix the columns before a piece's own.
func (c *cutter) prefixConditions(prefix []string) ([]string, error) {
	return c.plan.where(table.Position{Values: prefix, Equal: len(prefix)})
}

// seek returns the first value of a column below a prefix that meets the conditions, in the
// direction of the key or, backward, the last one. It is nil where there is none.
func (c *cutter) seek(ctx context.Context, prefix, where []string, backward, one bool) (*keyValue, error) {
	equal, err := c.prefixConditions(prefix)
	if err != nil {
		return nil, err
	}
	part := c.plan.parts[len(prefix)]
	exprs := []sqltext.Expr{c.plan.exprs[part.expr]}
	if part.column.RawCharset {
		exprs = append(exprs,
			sqltext.Expr{SQL: "CONVERT(" + sqltext.Column(part.column) + " USING utf8mb4)", Kind: table.KindString})
	}
	if other := c.plan.offIndex(); other != "" {
		exprs = append(exprs, sqltext.Expr{SQL: other, Kind: table.KindInt})
	}
	query := c.plan.selectSQL(exprs, append(equal, where...), seekTimeout)
	if !one {
		query += " ORDER BY " + sqltext.Column(part.column)
	}
	if !one && part.desc != backward {
		query += " DESC"
	}
	c.mu.Lock()
	c.queriesLeft--
	c.mu.Unlock()
	found, err := fetch.Row(ctx, c.db, query+" LIMIT 1", exprs)
	if mysqlerr.IsTimeLimit(err) {
		return nil, nil
	}
	if err != nil || found == nil {
		return nil, err
	}
	v := &keyValue{text: found[0], utf8: found[0]}
	if part.column.RawCharset {
		v.utf8 = found[1]
	}
	return v, nil
}

// ends fills in a piece's first and last value; false where there is no key in it.
func (c *cutter) ends(ctx context.Context, p *piece, where []string) (bool, error) {
	first, err := c.seek(ctx, p.prefix, where, false, false)
	if err != nil || first == nil {
		return false, err
	}
	last, err := c.seek(ctx, p.prefix, where, true, false)
	if err != nil || last == nil {
		return false, err
	}
	p.first, p.last = *first, *last
	return true, nil
}

// lastAtOrBefore is the last value of a piece that is not behind a guess, and is not the piece's last.
func (c *cutter) lastAtOrBefore(ctx context.Context, p piece, guess string) (*keyValue, error) {
	part, first, last, err := c.bounds(p)
	if err != nil {
		return nil, err
	}
	where, one := part.within(&limit{sql: first}, &limit{sql: guess, open: guess == last})
	if !part.listed() { // whose guesses are never behind the last
		before, _ := part.within(nil, &limit{sql: last, open: true})
		where = append(where, before...)
	}
	return c.seek(ctx, p.prefix, where, true, one)
}

// firstAfter is the first value of a piece behind a given one.
func (c *cutter) firstAfter(ctx context.Context, p piece, v keyValue) (*keyValue, error) {
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
	return c.seek(ctx, p.prefix, where, false, one)
}
