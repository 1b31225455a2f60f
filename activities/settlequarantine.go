package activities

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
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
}

// SettleQuarantineResult is what is in quarantine now, and what was done.
type SettleQuarantineResult struct {
	api.Quarantine
	// Written rows are on the target now, or were already, or a newer version is. Gone are not at the source any more.
	Written int64 `json:"written,omitempty"`
	Gone    int64 `json:"gone,omitempty"`
	// Pending rows have changed at the source since, and are left to the next run.
	Pending int64 `json:"pending,omitempty"`
}

// SettleQuarantine closes the entries of a table that are not needed any more. It reads the source's row of each by
// its key, as it is now. A row that is gone closes its entry. A row that has changed, and one that may be taken by now,
// is written, and closes its entry where the target takes it or has a newer version. A row above AsOf is the next
// run's.
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
	defer beat(ctx, func() any { return "settling" })()
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
}

// file settles the entries of one file, and writes it again without those that are closed.
func (s *settling) file(ctx context.Context, f quarantineFile) error {
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
			next := newEntry(p, e.at, s.in.Run)
			if next.tries = e.tries; s.in.Run != e.triedBy {
				next.tries++
			}
			e, changed = next, changed || was.tries != next.tries || was.text != next.text || d.changed
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
			_, key := keyAt(rows, i, places)
			if s.seen[key] {
				continue
			}
			s.seen[key] = true
		}
		s.count(e)
	}
	return nil
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

// currentRows are rows of the source as they are now, by key.
type currentRows struct {
	rows *table.Rows
	at   map[string]int
}

// current reads the source's rows with the keys of entries.
func (s *settling) current(ctx context.Context, rows *table.Rows, places []int) (out currentRows, err error) {
	columns := s.r.plan.Columns
	own, ok := keyColumns(s.r.plan.Key, columns)
	if !ok {
		return out, errors.New("the key is not among the columns of the plan")
	}
	at := where{s.r.plan.Settings.SourceConnection, "read rows in quarantine from " + s.in.Table}
	db, err := s.a.deps.Source(ctx, s.r.plan.Settings.SourceConnection)
	if err != nil {
		return out, translate(ctx, err, at)
	}
	src, err := s.a.schemas.Table(ctx, db, s.r.name)
	if err != nil {
		return out, translate(ctx, err, at)
	}
	keys := make([]table.Texts, rows.Len())
	for i := range keys {
		keys[i], _ = keyAt(rows, i, places)
	}
	out = currentRows{rows: table.NewRows(len(columns)), at: map[string]int{}}
	err = scan.ReadKeys(ctx, db, scan.KeysSpec{
		Table: s.r.plan.carrying(src), Columns: columns, Keys: keys,
	}, func(some *table.Rows) error {
		for row := range some.Len() {
			_, key := keyAt(some, row, own)
			out.at[key] = out.rows.Len()
			appendValues(out.rows, some, row, len(columns))
		}
		return nil
	})
	return out, translate(ctx, err, at)
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

// write writes the current rows that are to be tried, and returns the refused ones by entry.
func (s *settling) write(ctx context.Context, fate []decision, now currentRows) (map[int]upsert.BadRow, error) {
	rows := table.NewRows(len(s.r.plan.Columns))
	var of []int
	for i, d := range fate {
		if d.try {
			of = append(of, i)
			appendValues(rows, now.rows, d.row, rows.Columns())
		}
	}
	if len(of) == 0 {
		return nil, nil
	}
	set := s.r.plan.Settings
	at := where{set.TargetConnection, fmt.Sprintf("write rows in quarantine to %s", set.Target)}
	dst, err := s.a.deps.Target(ctx, set.TargetConnection)
	if err != nil {
		return nil, translate(ctx, err, at)
	}
	if !s.in.All { // a retry holds the lease for a short time, and has waited before
		if err := s.a.waitOut(ctx, dst.DB, set, func(string) {}); err != nil {
			return nil, err
		}
	}
	pace := s.a.paces.of(paceKey{tableKey{set.TargetConnection, set.Target}, s.r.plan.ByKey})
	spec := s.a.upsertSpec(dst.DB, s.r, s.in.Range, pace)
	_, bad, err := s.a.upsert(ctx, dst.DB, s.r, spec, rows, rows.Len(), func() {})
	if err != nil {
		return nil, translate(ctx, err, at)
	}
	out := make(map[int]upsert.BadRow, len(bad))
	for _, b := range bad {
		out[of[b.Row]] = b
	}
	return out, nil
}

func sameColumns(a, b []table.Column) bool { return slices.EqualFunc(a, b, sameColumn) }

// equalRows compares the first values of a row with all of another.
func equalRows(a *table.Rows, i int, b *table.Rows, j int) bool {
	for c := range b.Columns() {
		x, y := a.Value(i, c), b.Value(j, c)
		if (x == nil) != (y == nil) || !bytes.Equal(x, y) {
			return false
		}
	}
	return true
}

// setAside puts refused rows of a chunk into quarantine, before the chunk counts as done.
func (a *Activities) setAside(
	ctx context.Context, in UpsertChunkInput, r *openedRange, rows *table.Rows, bad []upsert.BadRow,
) error {
	f := quarantineFile{
		Table: r.name, Run: in.Run, Deployment: r.plan.Deployment, Key: r.plan.Key, Columns: r.plan.Columns,
		At: time.Now().UTC(),
	}
	out := table.NewRows(len(f.allColumns()))
	for _, b := range bad {
		appendValues(out, rows, b.Row, len(f.Columns))
		newEntry(b, f.At, in.Run).appendTo(out)
	}
	return a.putEntries(ctx, f, chunkFile(in), attemptName(ctx), out)
}

// QuarantinePlan bounds the rows that a run sets aside.
type QuarantinePlan struct {
	QuarantineSettings
	// TableRows is the server's guess of the table's rows.
	TableRows int64 `json:"tableRows,omitempty"`
}

// planQuarantine says in a run's plan how many rows it may set aside, and whether there are some already.
func (a *Activities) planQuarantine(ctx context.Context, in PlanRunInput, p *planDraft, out *PlanRunResult) error {
	q := p.settings.Quarantine
	out.InQuarantine = in.State.Quarantine.Rows() > 0
	if q == nil {
		return nil
	}
	out.Quarantine = &QuarantinePlan{QuarantineSettings: *q, TableRows: max(0, p.table.RowsEstimate)}
	if out.InQuarantine {
		return nil
	}
	keys, err := a.quarantineIndexes(ctx, p.settings.Table)
	out.InQuarantine = len(keys) > 0
	return err
}

// quarantineFinding says in a preview what is in quarantine.
func quarantineFinding(tbl string, q api.Quarantine) table.Finding {
	text := fmt.Sprintf("%s in quarantine, the oldest since %s: the target lacks them, or has older versions",
		human.Count(q.Rows(), "row"), q.Oldest.UTC().Format(time.DateTime))
	if q.First != "" {
		text += "; the first: " + q.First
	}
	return table.Finding{
		Level: table.LevelWarn, Table: tbl, Text: text,
		Remedy: "correct the cause, then tablehaul quarantine retry " + tbl,
	}
}

// keysInQuarantine are the keys of the table's rows in quarantine, by verify.KeyBytes.
func (c *openedComparison) keysInQuarantine(ctx context.Context) (map[string]bool, error) {
	if c.aside != nil {
		return c.aside, nil
	}
	at := where{doing: "read the quarantine of " + c.r.in.Table}
	files, err := c.a.quarantineFiles(ctx, c.r.name)
	if err != nil {
		return nil, translate(ctx, err, at)
	}
	c.aside = map[string]bool{}
	for _, f := range files {
		rows, _, err := c.a.entries(ctx, f)
		if unreadable(err) {
			continue
		}
		if err != nil {
			return nil, translate(ctx, err, at)
		}
		places, ok := keyColumns(f.Key, f.Columns)
		for i := 0; ok && i < rows.Len(); i++ {
			_, key := keyAt(rows, i, places)
			c.aside[key] = true
		}
	}
	return c.aside, nil
}
