package activities

import (
	"context"
	"slices"

	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/table"
)

// closeReadAgain closes the entries, by file and row, of files that the run has read from their beginning to their end:
// what it could not convert has entries of its own. Ranges that an earlier run has loaded are not read again: their
// entries stay.
func (s *settling) closeReadAgain(ctx context.Context, f quarantineFile) error {
	if s.in.Failed || f.Run == s.in.Run || !sameColumns(f.Columns, refusedRowKey) {
		return s.countFile(ctx, f)
	}
	rows, entries, err := s.a.entries(ctx, f)
	if err != nil {
		return s.countFile(ctx, f)
	}
	places, _ := keyColumns(f.Key, f.Columns)
	kept := table.NewRows(rows.Columns())
	for i, e := range entries {
		if s.r.plan.readsWhole(string(rows.Value(i, 0))) {
			s.out.Gone++
			continue
		}
		s.countOnce(rows, i, places, e)
		appendValues(kept, rows, i, len(f.Columns))
		e.appendTo(kept)
	}
	if kept.Len() == len(entries) {
		return nil
	}
	return s.a.putEntries(ctx, f, f.fileName(), attemptName(ctx), kept)
}

// readsWhole reports whether one step of the run reads a file from its beginning to its end.
func (p *stagedPlan) readsWhole(file string) bool {
	whole := func(one plannedFile) bool {
		return one.Key == file && one.From == (format.Position{}) && one.Until == (format.Position{})
	}
	for i, r := range p.Ranges {
		before := i < len(p.DoneBefore) && p.DoneBefore[i] == '1'
		if !before && slices.ContainsFunc(r.Files, whole) {
			return true
		}
	}
	return false
}
