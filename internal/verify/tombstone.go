package verify

import "github.com/tablehaul/tablehaul/internal/table"

// Live are the rows of a side without those that are marked as deleted: these count as absent. Where none is marked,
// they are the rows themselves.
func (l *Layout) Live(side Side, rows *table.Rows) *table.Rows {
	if l.Tombstone == nil || side != Target {
		return rows
	}
	var live *table.Rows
	at := len(l.Columns)
	for r := range rows.Len() {
		marked := rows.Value(r, at) != nil
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

func appendRow(dst, rows *table.Rows, row int) {
	for c := range rows.Columns() {
		dst.Append(rows.Value(row, c))
	}
}
