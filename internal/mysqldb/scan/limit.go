package scan

import (
	"strconv"

	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

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
		conds = append(conds, sqltext.Column(p.column)+op+" "+side.sql)
	}
	return conds, false
}

// listed says that values are listed instead of compared: a comparison of an ENUM or a SET
// with a number scans the index from its start, and a list does not.
func (p posPart) listed() bool {
	return sqltext.ComparesByNumber(p.column.Kind) && p.largest() <= maxEnumList
}

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
	return sqltext.Column(p.column) + " IN (" + list + ")", low == high
}
