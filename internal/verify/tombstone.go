package verify

import "github.com/tablehaul/tablehaul/internal/table"

// Live are the rows of a side without those that are marked as deleted: these count as absent. Where none is marked,
// they are the rows themselves.
func (l *Layout) Live(side Side, rows *table.Rows) *table.Rows {
	if l.Tombstone == nil || side != Target {
		return rows
	}
	var live *table.Rows
	for r := range rows.Len() {
		marked := l.Marked(rows, r)
		if marked && live == nil { // the first one: those before it are copied
			live = table.NewRows(rows.Columns())
			for before := range r {
				appendRow(live, rows, before)
			}
		}
		if !marked && live != nil {
			appendRow(live, rows, r)
		}
	}
	if live == nil {
		return rows
	}
	return live
}

// Marked reports whether a row of the target is marked as deleted.
func (l *Layout) Marked(rows *table.Rows, row int) bool {
	return l.Tombstone != nil && rows.Value(row, len(l.Columns)) != nil
}

func appendRow(dst, rows *table.Rows, row int) {
	for c := range rows.Columns() {
		dst.Append(rows.Value(row, c))
	}
}
