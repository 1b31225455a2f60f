package scan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// pageSQL selects the next rows after pos. With through, it is a bounded page: all rows up
// to that key, without a LIMIT, because rows that arrive meanwhile must not push others out.
func (p *readPlan) pageSQL(pos table.Position, through []string, limit int, max time.Duration) (string, error) {
	where, err := p.where(pos)
	if err != nil {
		return "", err
	}
	where = append(where, p.filters...)
	if cond, err := p.throughSQL(pos); err != nil {
		return "", err
	} else if cond != "" {
		where = append(where, cond)
	}
	if through != nil {
		cond, err := p.atMost(through, pos.Equal)
		if err != nil {
			return "", err
		}
		where = append(where, cond)
	}
	query := p.selectSQL(p.exprs, where, max) + p.orderSQL(pos)
	if !p.filtered {
		query += fmt.Sprintf(" LIMIT %d", limit)
	}
	return query, nil
}

// boundarySQL selects the key of the n-th row after pos, whether the filters pass it or not.
func (p *readPlan) boundarySQL(pos table.Position, n int, max time.Duration) (string, error) {
	where, err := p.where(pos)
	if err != nil {
		return "", err
	}
	return p.selectSQL(p.partExprs(), where, max) + p.orderSQL(pos) + fmt.Sprintf(" LIMIT 1 OFFSET %d", n-1), nil
}

func (p *readPlan) selectSQL(exprs []sqltext.Expr, where []string, max time.Duration) string {
	var b strings.Builder
	b.WriteString(sqltext.SelectWithin(p.server, max))
	for i, e := range exprs {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(e.SQL)
	}
	if len(exprs) == 0 {
		b.WriteString("1")
	}
	b.WriteString(" FROM " + sqltext.Qualified(p.table.Name) + " FORCE INDEX (" + sqltext.Ident(p.index) + ")")
	if p.guard != "" {
		where = append(where, p.guard)
	}
	if len(where) > 0 {
		b.WriteString(" WHERE " + strings.Join(where, " AND "))
	}
	return b.String()
}

// where is the position as conditions. One group at a time, never an OR over several columns:
// each statement is then a single range of the index on every server and version.
func (p *readPlan) where(pos table.Position) ([]string, error) {
	var conds []string
	if p.fixed != "" {
		conds = append(conds, p.fixed)
	}
	for i := range pos.Equal {
		lit, err := p.parts[i].lit(pos.Values[i])
		if err != nil {
			return nil, err
		}
		conds = append(conds, sqltext.Column(p.parts[i].column)+" = "+lit)
	}
	if len(pos.Values) > pos.Equal {
		cond, err := p.parts[pos.Equal].after(pos.Values[pos.Equal])
		if err != nil {
			return nil, err
		}
		conds = append(conds, cond)
	}
	if pos.Equal == 0 && p.upperBound != "" {
		conds = append(conds, p.upperBound)
	}
	return conds, nil
}

func (p *readPlan) orderSQL(pos table.Position) string {
	parts := p.parts[pos.Equal:]
	if len(parts) > 1 && len(pos.Values) > pos.Equal && parts[0].listed() {
		if _, one := parts[0].list(&limit{sql: pos.Values[pos.Equal], open: true}, nil); one {
			parts = parts[1:] // asked for the order of one ENUM value, a server sorts all its rows
		}
	}
	if p.cursorOrderOnly && pos.Equal == 0 {
		parts = parts[:1]
	}
	terms := make([]string, len(parts))
	for i, part := range parts {
		terms[i] = sqltext.Column(part.column)
		if part.desc {
			terms[i] += " DESC"
		}
	}
	return " ORDER BY " + strings.Join(terms, ", ")
}

// throughSQL is the end of a read by key as a condition; empty where the position's equalities imply it. Inside the
// group in which the read ends it is a bound of the next column alone, which the index serves for every kind of column.
func (p *readPlan) throughSQL(pos table.Position) (string, error) {
	if len(p.through) == 0 {
		return "", nil
	}
	same := min(pos.Equal, len(p.through))
	if !slices.Equal(pos.Values[:same], p.through[:same]) {
		return p.atMost(p.through, 0)
	}
	if same == len(p.through) {
		return "", nil
	}
	return p.atMost(p.through, same)
}

// atMost bounds the parts from the given one on by the values of a whole position, inclusive.
// Row constructors are not used for ranges by every server, so it is spelled out.
func (p *readPlan) atMost(values []string, from int) (string, error) {
	part := p.parts[from]
	lit, err := part.lit(values[from])
	if err != nil {
		return "", err
	}
	edge, _ := part.within(nil, &limit{sql: lit})
	if from == len(values)-1 {
		return edge[0], nil
	}
	rest, err := p.atMost(values, from+1)
	if err != nil {
		return "", err
	}
	before, _ := part.within(nil, &limit{sql: lit, open: true})
	return edge[0] + " AND (" + before[0] + " OR " + rest + ")", nil
}

// maxEnumList bounds the members of an ENUM that are listed instead of compared.
const maxEnumList = 1000

// after is the condition "after this value, in the direction of the key".
func (p posPart) after(text string) (string, error) {
	lit, err := p.lit(text)
	if err != nil {
		return "", err
	}
	conds, _ := p.within(&limit{sql: lit, open: true}, nil)
	return conds[0], nil
}
