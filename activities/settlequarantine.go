package activities

import (
	"context"
	"slices"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
)

// SettleQuarantineInput asks for a look at the rows of a table that are in quarantine. Its range is any of the plan's.
type SettleQuarantineInput struct {
	RangeInput
	// AsOf is the cursor's value up to which runs have brought the source's rows; "" is no bound.
	AsOf string `json:"asOf,omitempty"`
	// All tries every row; otherwise those that cannot be taken unless they or the target change are not tried.
	All bool `json:"all,omitempty"`
	// Failed says that the run has not ended: some of its rows may not have been read.
	Failed bool `json:"failed,omitempty"`
}

// SettleQuarantineResult is what is in quarantine now, and what was done.
type SettleQuarantineResult struct {
	api.Quarantine
	// Written rows are on the target now, or were already, or a newer version is. Gone are not at the source any more.
	Written int64 `json:"written,omitempty"`
	Gone    int64 `json:"gone,omitempty"`
	// Pending rows are left to later runs: they have changed at the source since, or the source is a replica that may
	// lack them.
	Pending int64 `json:"pending,omitempty"`
}

// SettleQuarantine closes the entries of a table that are not needed any more. It reads the source's row of each by
// its key, as it is now. A row that is gone closes its entry. A row that has changed, and one that may be taken by now,
// is written, and closes its entry where the target takes it or has a newer version. A row above AsOf is the next
// run's, and so is one that the source, a replica, may lack.
//
// A table of files has no source: entries of rows that could not be converted are closed where the run has read their
// whole file again: what is still refused has an entry of this run. Others stay as they are.
//
// Repeating it is harmless. It runs under the table's lease. in.Range names any range of the plan.
func (a *Activities) SettleQuarantine(ctx context.Context, in SettleQuarantineInput) (SettleQuarantineResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return SettleQuarantineResult{}, err
	}
	at := where{doing: "settle the quarantine of " + in.Table}
	r, err := a.openRange(ctx, in.RangeInput)
	if err != nil {
		return SettleQuarantineResult{}, translate(ctx, err, at)
	}
	return a.settle(ctx, in, r)
}

func (a *Activities) settle(
	ctx context.Context, in SettleQuarantineInput, r *openedRange,
) (SettleQuarantineResult, error) {
	at := where{doing: "settle the quarantine of " + in.Table}
	files, err := a.quarantineFiles(ctx, r.name)
	if err != nil {
		return SettleQuarantineResult{}, translate(ctx, err, at)
	}
	s := &settling{a: a, in: in, r: r, seen: map[string]bool{}}
	s.out.Queue = a.deps.HostQueue
	if err := s.boundByReplica(ctx, len(files)); err != nil {
		return SettleQuarantineResult{}, err
	}
	for _, f := range files {
		if err := s.file(ctx, f); err != nil {
			return SettleQuarantineResult{}, translate(ctx, err, at)
		}
	}
	if err := a.removeEmptyRuns(ctx, r.name); err != nil {
		return SettleQuarantineResult{}, translate(ctx, err, at)
	}
	logStep(
		ctx, "open", s.out.Open, "waiting", s.out.Waiting, "written", s.out.Written, "gone", s.out.Gone, "pending",
		s.out.Pending,
	)
	return s.out, nil
}

// settling is one call of SettleQuarantine.
type settling struct {
	a    *Activities
	in   SettleQuarantineInput
	r    *openedRange
	seen map[string]bool // keys of newer files: a key has one entry
	out  SettleQuarantineResult
	// bounded says that the source may lack what other servers had after the moment has, by the workers' clocks.
	bounded bool
	has     time.Time
}

// file settles the entries of one file, and writes it again without those that are closed.
func (s *settling) file(ctx context.Context, f quarantineFile) error {
	if s.r.plan.Settings.Files != nil { // no source has these rows
		return s.closeReadAgain(ctx, f)
	}
	rows, entries, err := s.a.entries(ctx, f)
	if unreadable(err) {
		s.a.deps.Log.Warn("a file in quarantine cannot be read", "table", s.in.Table, "file", f.key, "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	places, ok := keyColumns(s.r.plan.Key, f.Columns)
	if !ok || !slices.EqualFunc(f.Key, s.r.plan.Key, table.SameColumn) {
		for _, e := range entries { // of another key: only a person can tell what they are now
			s.count(e)
		}
		return nil
	}
	now, err := s.current(ctx, rows, places)
	if err != nil {
		return err
	}
	kept := table.NewRows(rows.Columns())
	fate := s.decide(f, rows, entries, places, now)
	refused, err := s.write(ctx, fate, now)
	if err != nil {
		return err
	}
	changed := false
	for i, e := range entries {
		d := fate[i]
		switch p, bad := refused[i]; {
		case d.closed:
			changed = true
			continue
		case d.try && !bad:
			s.out.Written++
			changed = true
			continue
		case d.try:
			was := e
			e = s.refusedAgain(e, p)
			changed = changed || was.tries != e.tries || was.text != e.text || d.changed
			s.noteReadAgain(&f, d)
		}
		s.count(e)
		if d.try && sameColumns(f.Columns, s.r.plan.Columns) {
			appendValues(kept, now.rows, d.row, len(f.Columns))
		} else {
			appendValues(kept, rows, i, len(f.Columns))
		}
		e.appendTo(kept)
	}
	if !changed {
		return nil
	}
	return s.a.putEntries(ctx, f, f.fileName(), attemptName(ctx), kept)
}

// refusedAgain is the entry of a row that was tried and refused.
func (s *settling) refusedAgain(was entry, bad upsert.BadRow) entry {
	e := newEntry(bad, was.at, s.in.Run)
	if e.tries = was.tries; s.in.Run != was.triedBy {
		e.tries++
	}
	return e
}

// countFile counts the entries of a file that stays as it is.
func (s *settling) countFile(ctx context.Context, f quarantineFile) error {
	rows, entries, err := s.a.entries(ctx, f)
	if err != nil {
		if unreadable(err) {
			err = nil
		}
		return err
	}
	places, ok := keyColumns(f.Key, f.Columns)
	for i, e := range entries {
		if ok {
			s.countOnce(rows, i, places, e)
		} else {
			s.count(e)
		}
	}
	return nil
}

// countOnce counts an entry, that of row i, unless one of its key was counted before.
func (s *settling) countOnce(rows *table.Rows, i int, places []int, e entry) {
	if _, key := keyAt(rows, i, places); !s.seen[key] {
		s.seen[key] = true
		s.count(e)
	}
}

func (s *settling) count(e entry) {
	if e.waiting() {
		s.out.Waiting++
	} else {
		s.out.Open++
		if s.out.First == "" {
			s.out.First = e.text
		}
	}
	if s.out.Oldest.IsZero() || e.at.Before(s.out.Oldest) {
		s.out.Oldest = e.at
	}
}

// decision is what becomes of an entry: it is closed, or its current row is tried, or neither.
type decision struct {
	closed, try bool
	row         int  // of the current rows, where it is tried
	changed     bool // the current row is not the one in the file
}

// decide says of each entry what becomes of it.
func (s *settling) decide(
	f quarantineFile, rows *table.Rows, entries []entry, places []int, now currentRows,
) []decision {
	out := make([]decision, len(entries))
	cursor := slices.IndexFunc(s.r.plan.Columns, func(c table.Column) bool {
		return table.SameColumn(c.Name, s.r.plan.Settings.Cursor)
	})
	same := sameColumns(f.Columns, s.r.plan.Columns)
	for i, e := range entries {
		_, key := keyAt(rows, i, places)
		if s.seen[key] {
			out[i].closed = true
			continue
		}
		s.seen[key] = true
		if s.mayLack(f, e) {
			s.out.Pending++
			continue
		}
		row, there := now.at[key]
		if !there {
			out[i].closed = true
			s.out.Gone++
			continue
		}
		if cursor >= 0 && s.in.AsOf != "" {
			kind, v := s.r.plan.Columns[cursor].Kind, now.rows.Value(row, cursor)
			if v != nil && table.OrderCursor(kind, string(v), s.in.AsOf) > 0 {
				s.out.Pending++
				continue
			}
		}
		out[i].changed = !same || !equalRows(rows, i, now.rows, row)
		out[i].row, out[i].try = row, s.in.All || out[i].changed || upsert.MayPass(e.number)
	}
	return out
}
