package mysqldb

// Unsettled says where the order of cursors is not the order of versions.
//
// At or below the end of a window all work has ended: of two versions of a row the one with the
// larger cursor is the later one, and an equal cursor is an equal row. Above it that is not so. A
// statement that waits for a lock has its moment before it gets the lock: its version may be
// committed after one with a larger cursor, and carry a smaller one. Runs read above the end of
// their window, so the target may hold the version with the larger cursor, and the next run finds
// the later one with the smaller cursor below the end of its own window.
//
// So a row that was read up to Hi replaces one whose cursor is above After and up to Through:
// what lies there on the target was written by an earlier run, which read the row earlier. A row
// that was read above Hi has no such right, and is no reason to refuse a chunk either.
type Unsettled struct {
	// Hi is the end of the run's window, inclusive. The zero Unsettled, without Hi, goes by the
	// order of cursors alone.
	Hi string `json:"hi,omitempty"`
	// After is the watermark at which the run began, exclusive; empty is from the beginning.
	After string `json:"after,omitempty"`
	// Through is the source's clock when the run began, inclusive: earlier runs read no row that
	// is above it. This run may have, and what it wrote stays.
	Through string `json:"through,omitempty"`
}

// givesWay is a condition, true where the row of the target gives way to the new one although
// its cursor is larger; "" where none does. old and fresh are both rows' cursors as SQL.
func (p *upsertPlan) givesWay(old, fresh string) (string, error) {
	u := p.unsettled
	if u.Hi == "" || u.Through == "" || !p.comparesCursors() {
		return "", nil
	}
	lit, err := comparand(p.columns[p.cursor])
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

// hasWay is givesWay for two values of the cursor, neither NULL.
func (p *upsertPlan) hasWay(incoming, old []byte) bool {
	u, kind := p.unsettled, p.columns[p.cursor].Kind
	if u.Hi == "" || u.Through == "" {
		return false
	}
	if compareValues(kind, incoming, []byte(u.Hi)) > 0 || compareValues(kind, old, []byte(u.Through)) > 0 {
		return false
	}
	return u.After == "" || compareValues(kind, old, []byte(u.After)) > 0
}

// aboveEnd reports whether a row was read above the end of the run's window.
func (w *chunkWriter) aboveEnd(row int32) bool {
	p := w.plan
	if p.unsettled.Hi == "" || p.cursor < 0 {
		return false
	}
	v := w.rows.Value(int(row), p.cursor)
	return v != nil && compareValues(p.columns[p.cursor].Kind, v, []byte(p.unsettled.Hi)) > 0
}

// leaveTail takes the rows above the end of the window out of the chunk, and reports whether there
// were any. They are left to a later run, which reads them when they have settled: a row of theirs
// that belongs to them, the other holder of a unique value or the parent of a foreign key, may
// have been committed below where this run had read to.
func (w *chunkWriter) leaveTail() bool {
	kept := make([]int32, 0, len(w.order))
	for _, row := range w.order {
		if !w.aboveEnd(row) {
			kept = append(kept, row)
		}
	}
	left := len(kept) < len(w.order)
	w.order = kept
	return left
}
