package upsert

import (
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// unsettledCondition is true where the new row replaces the row of the target although the cursor of the latter is
// larger; "" where that never happens. old and fresh are the cursors of both rows as SQL. See [table.Unsettled].
func (p *plan) unsettledCondition(old, fresh string) (string, error) {
	u := p.unsettled
	if u.Hi == "" || u.Through == "" || !p.comparesCursors() {
		return "", nil
	}
	lit, err := sqltext.Comparand(p.columns[p.cursor])
	if err != nil {
		return "", err
	}
	out := ""
	for _, c := range []struct{ left, text string }{
		{fresh + " <= ", u.Hi}, {old + " <= ", u.Through}, {old + " > ", u.After},
	} {
		if c.text == "" {
			continue
		}
		sql, err := lit(c.text)
		if err != nil {
			return "", err
		}
		if out != "" {
			out += " AND "
		}
		out += c.left + sql
	}
	return out, nil
}

// isUnsettled is unsettledCondition for two values of the cursor, neither NULL.
func (p *plan) isUnsettled(incoming, old []byte) bool {
	u, kind := p.unsettled, p.columns[p.cursor].Kind
	if u.Hi == "" || u.Through == "" {
		return false
	}
	if table.CompareValues(kind, incoming, []byte(u.Hi)) > 0 || table.CompareValues(kind, old, []byte(u.Through)) > 0 {
		return false
	}
	return u.After == "" || table.CompareValues(kind, old, []byte(u.After)) > 0
}

// isAboveWindow reports whether a row was read above the end of the run's window.
func (w *writer) isAboveWindow(row int32) bool {
	p := w.plan
	if p.unsettled.Hi == "" || p.cursor < 0 {
		return false
	}
	v := w.rows.Value(int(row), p.cursor)
	return v != nil && table.CompareValues(p.columns[p.cursor].Kind, v, []byte(p.unsettled.Hi)) > 0
}

// dropRowsAboveWindow removes the rows above the end of the window from the chunk, and reports
// whether there were any. A later run reads them when they have settled. Before that, a row which
// belongs to them may be missing: the conflicting row of a unique value, or the parent of a foreign
// key, may have been committed below the position of this run.
func (w *writer) dropRowsAboveWindow() bool {
	kept := make([]int32, 0, len(w.order))
	for _, row := range w.order {
		if !w.isAboveWindow(row) {
			kept = append(kept, row)
		}
	}
	left := len(kept) < len(w.order)
	w.order = kept
	return left
}
