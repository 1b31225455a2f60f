package mysqldb

import (
	"fmt"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// pageSQL selects the next rows after pos. With through, it is a bounded page: all rows up
// to that key, without a LIMIT, because rows that arrive meanwhile must not push others out.
func (p *readPlan) pageSQL(pos position, through []string, limit int, max time.Duration) (string, error) {
	where, err := p.where(pos)
	if err != nil {
		return "", err
	}
	where = append(where, p.filters...)
	if through != nil {
		cond, err := p.atMost(through, pos.eq)
		if err != nil {
			return "", err
		}
		where = append(where, cond)
	}
	query := p.selectSQL(p.exprs, where, max) + p.orderSQL(pos)
	if !p.bounded {
		query += fmt.Sprintf(" LIMIT %d", limit)
	}
	return query, nil
}

// boundarySQL selects the key of the n-th row after pos, whether the filters pass it or not.
func (p *readPlan) boundarySQL(pos position, n int, max time.Duration) (string, error) {
	where, err := p.where(pos)
	if err != nil {
		return "", err
	}
	return p.selectSQL(p.partExprs(), where, max) + p.orderSQL(pos) + fmt.Sprintf(" LIMIT 1 OFFSET %d", n-1), nil
}

func (p *readPlan) selectSQL(exprs []selectExpr, where []string, max time.Duration) string {
	var b strings.Builder
	b.WriteString(p.limited(max))
	for i, e := range exprs {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(e.sql)
	}
	if len(exprs) == 0 {
		b.WriteString("1")
	}
	b.WriteString(" FROM " + Qualified(p.table.Name) + " FORCE INDEX (" + Ident(p.index) + ")")
	if len(where) > 0 {
		b.WriteString(" WHERE " + strings.Join(where, " AND "))
	}
	return b.String()
}

// limited begins a SELECT that the server ends by itself after max.
func (p *readPlan) limited(max time.Duration) string {
	if p.server.Flavor == FlavorMariaDB {
		return fmt.Sprintf("SET STATEMENT max_statement_time=%.3f FOR SELECT ", max.Seconds())
	}
	return fmt.Sprintf("SELECT /*+ MAX_EXECUTION_TIME(%d) */ ", max.Milliseconds())
}

// where is the position as conditions. One group at a time, never an OR over several columns:
// each statement is then a single range of the index on every server and version.
func (p *readPlan) where(pos position) ([]string, error) {
	var conds []string
	for i := range pos.eq {
		lit, err := p.parts[i].lit(pos.values[i])
		if err != nil {
			return nil, err
		}
		conds = append(conds, Ident(p.parts[i].column.Name)+" = "+lit)
	}
	if len(pos.values) > pos.eq {
		cond, err := p.parts[pos.eq].beyond(pos.values[pos.eq])
		if err != nil {
			return nil, err
		}
		conds = append(conds, cond)
	}
	if pos.eq == 0 && p.top != "" {
		conds = append(conds, p.top)
	}
	return conds, nil
}

func (p *readPlan) orderSQL(pos position) string {
	parts := p.parts[pos.eq:]
	if p.loose && pos.eq == 0 {
		parts = parts[:1]
	}
	terms := make([]string, len(parts))
	for i, part := range parts {
		terms[i] = Ident(part.column.Name)
		if part.desc {
			terms[i] += " DESC"
		}
	}
	return " ORDER BY " + strings.Join(terms, ", ")
}

// atMost bounds the parts from the given one on by the values of a whole position, inclusive.
// Row constructors are not used for ranges by every server, so it is spelled out.
func (p *readPlan) atMost(values []string, from int) (string, error) {
	part := p.parts[from]
	name := Ident(part.column.Name)
	lit, err := part.lit(values[from])
	if err != nil {
		return "", err
	}
	op := " < "
	if part.desc {
		op = " > "
	}
	edge := name + strings.TrimSuffix(op, " ") + "= " + lit
	if from == len(values)-1 {
		return edge, nil
	}
	rest, err := p.atMost(values, from+1)
	if err != nil {
		return "", err
	}
	return edge + " AND (" + name + op + lit + " OR " + rest + ")", nil
}

// maxEnumList bounds the members of an ENUM that are listed instead of compared.
const maxEnumList = 1000

// beyond is the condition "after this value, in the direction of the key".
func (p posPart) beyond(text string) (string, error) {
	lit, err := p.lit(text)
	if err != nil {
		return "", err
	}
	name, op := Ident(p.column.Name), " > "
	if p.desc {
		op = " < "
	}
	if p.column.Kind != table.KindEnum || len(p.column.Members) > maxEnumList {
		return name + op + lit, nil
	}
	// A comparison of an ENUM with a number scans the index from its start; a list does not.
	var n, from, to int
	if _, err := fmt.Sscanf(lit, "%d", &n); err != nil {
		return "", err
	}
	if from, to = n+1, len(p.column.Members); p.desc {
		from, to = 0, n-1
	}
	if from > to {
		return "FALSE", nil
	}
	list := make([]string, 0, to-from+1)
	for i := from; i <= to; i++ {
		list = append(list, fmt.Sprint(i))
	}
	return name + " IN (" + strings.Join(list, ",") + ")", nil
}
