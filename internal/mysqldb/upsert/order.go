package upsert

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"github.com/tablehaul/tablehaul/internal/table"
)

// orderRows returns the rows to write, sorted by primary key. Of rows with the same key it keeps
// only the newest by cursor, or the last where there is no cursor.
//
// All writers use the same order, which prevents deadlocks between chunks. It need not be the order of the index.
func (p *plan) orderRows(rows *table.Rows) []int32 {
	order := make([]int32, rows.Len())
	for i := range order {
		order[i] = int32(i)
	}
	byKey := func(a, b int32) int { return p.compareKeys(rows, a, b) }
	full := func(a, b int32) int {
		if c := byKey(a, b); c != 0 {
			return c
		}
		if p.cursor >= 0 {
			kind := p.columns[p.cursor].Kind
			if c := compareValues(kind, rows.Value(int(a), p.cursor), rows.Value(int(b), p.cursor)); c != 0 {
				return c
			}
		}
		return cmp.Compare(a, b)
	}
	if !slices.IsSortedFunc(order, full) { // pages of a first load come in key order
		slices.SortFunc(order, full)
	}
	kept := order[:0]
	for i, row := range order {
		if i+1 < len(order) && byKey(row, order[i+1]) == 0 {
			continue
		}
		kept = append(kept, row)
	}
	return kept
}

func (p *plan) compareKeys(rows *table.Rows, a, b int32) int {
	for _, i := range p.key {
		if c := compareValues(p.columns[i].Kind, rows.Value(int(a), i), rows.Value(int(b), i)); c != 0 {
			return c
		}
	}
	return 0
}

// compareValues orders two texts of a kind: numbers by value, all others by bytes, which is the
// order of time for the temporal kinds. NULL comes first.
func compareValues(kind table.Kind, a, b []byte) int {
	if a == nil || b == nil {
		return cmp.Compare(boolInt(a != nil), boolInt(b != nil))
	}
	switch kind {
	case table.KindInt, table.KindUint, table.KindBit, table.KindYear, table.KindDecimal:
		return compareNumbers(a, b)
	case table.KindFloat, table.KindDouble:
		x, errX := strconv.ParseFloat(string(a), 64)
		y, errY := strconv.ParseFloat(string(b), 64)
		if errX == nil && errY == nil {
			return cmp.Compare(x, y)
		}
	default:
	}
	return bytes.Compare(a, b)
}

// compareNumbers compares the decimal texts of one column: without leading zeros and, for decimals,
// with the same number of fraction digits.
func compareNumbers(a, b []byte) int {
	negA, negB := len(a) > 0 && a[0] == '-', len(b) > 0 && b[0] == '-'
	switch {
	case negA && !negB:
		return -1
	case negB && !negA:
		return 1
	case negA:
		a, b = b[1:], a[1:]
	}
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return bytes.Compare(a, b)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
