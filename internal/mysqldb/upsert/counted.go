package upsert

// The sum of affected rows is one number: 1 for an inserted row, 2 for an updated one. Where the answer to a statement
// also says how many rows it has updated, both are known, and the keys need not be counted before the write. That
// takes the server a seventh of the time of a changed row.
//
// The first statement of a chunk is counted both ways. The others go by their answers only if the two agree: a server,
// or what is between, may say something else there, or nothing.

// answersTell reports whether the answers to the plan's statements can tell what happened to the rows. With system
// versioning the server counts former rows too. The rows that stay because the target's are newer are found by their
// cursors, which have to be equal once they are written.
func (p *plan) answersTell() bool {
	if p.target.Versioned {
		return false
	}
	if !p.comparesCursors() {
		return true
	}
	from, to := p.columns[p.cursor], p.targets[p.cursor].Column
	return from.Kind == to.Kind && from.Precision == to.Precision && from.Scale == to.Scale
}

// insertedByAnswer is how many rows the last statement, of so many rows, has inserted; false where its answer does not
// tell.
func (w *writer) insertedByAnswer(affected int64, rows int) (inserted int64, known bool) {
	a := w.answer
	inserted = affected - 2*a.Duplicates
	return inserted, w.answered && a.Records == int64(rows) && a.Duplicates >= 0 && inserted >= 0 &&
		inserted+a.Duplicates <= a.Records
}

// takeAnswer counts the rows at positions [from, to), whose statement inserted so many.
func (w *writer) takeAnswer(inserted int64, known bool, from, to int) error {
	n := int64(to - from)
	if !known {
		w.res.Approximate = true
		w.existing += n
		return nil
	}
	w.existing += n - inserted
	if inserted+w.answer.Duplicates == n { // none stayed as it was
		return nil
	}
	newer, err := w.newerCondition(from, to)
	if newer != "" {
		w.maybeNewer = append(w.maybeNewer, span{from, to})
	}
	return err
}
