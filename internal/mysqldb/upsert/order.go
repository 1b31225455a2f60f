package upsert

import (
	"cmp"
	"slices"

	"github.com/tablehaul/tablehaul/internal/table"
)

// orderRows returns the rows to write, sorted by primary key. Of rows with the same key it keeps
// only the newest by cursor, or the last where there is no cursor; the oldest or first where existing rows stay.
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
			if c := table.CompareValues(kind, rows.Value(int(a), p.cursor), rows.Value(int(b), p.cursor)); c != 0 {
				return c
			}
		}
		return cmp.Compare(a, b)
	}
	if !slices.IsSortedFunc(order, full) { // pages of a first load come in key order
		slices.SortFunc(order, full)
	}
	if p.keepExisting {
		return slices.CompactFunc(order, func(a, b int32) bool { return byKey(a, b) == 0 })
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
		if c := table.CompareValues(p.columns[i].Kind, rows.Value(int(a), i), rows.Value(int(b), i)); c != 0 {
			return c
		}
	}
	return 0
}
