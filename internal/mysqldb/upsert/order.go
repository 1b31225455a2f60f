package upsert

import (
	"bytes"
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
	kept := order[:0]
	for i, row := range order {
		other := i + 1 // the later one counts
		if p.keepExisting {
			other = i - 1
		}
		if other >= 0 && other < len(order) && byKey(row, order[other]) == 0 {
			continue
		}
		kept = append(kept, row)
	}
	if p.mayRespell(rows, kept) {
		slices.Sort(kept)
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

// mayRespell reports whether the order of the chunk counts: the target may take the keys of two rows for one, although
// their bytes differ, and no cursor tells which row is newer. Of keys in ASCII, only case and spaces at the end make
// such a difference. Then rows are written in that order, and none is left out because the target has it: it may be the
// older one. Such chunks are written one at a time.
func (p *plan) mayRespell(rows *table.Rows, order []int32) bool {
	differs := func(i int) bool { return keyTextMayDiffer(p.targets[i]) }
	if !p.inOrder || p.comparesCursors() || !slices.ContainsFunc(p.key, differs) {
		return false
	}
	seen := make(map[string]struct{}, len(order))
	var key []byte
	for _, row := range order {
		key = key[:0]
		for _, i := range p.key {
			v := rows.Value(int(row), i)
			if differs(i) {
				if slices.ContainsFunc(v, func(b byte) bool { return b < ' ' || b > '~' }) {
					return true
				}
				v = bytes.ToLower(bytes.TrimRight(v, " "))
			}
			key = table.AppendValue(key, v)
		}
		seen[string(key)] = struct{}{}
	}
	return len(seen) < len(order)
}
