package upsert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/table"
)

// BadRow is a row that the target refuses.
type BadRow struct {
	// Row counts from 0 in the rows of the chunk.
	Row int
	// Problem is what the server says of it, without a value.
	Problem mysqlerr.Problem
}

// TooManyBadRowsError is returned by [WriteGoodRows] where more rows are refused than may be set aside. Some of the
// other rows may be on the target.
type TooManyBadRowsError struct {
	Most  int
	First mysqlerr.Problem
}

// Error says how many rows were refused, and what the server said of the first.
func (e *TooManyBadRowsError) Error() string {
	return fmt.Sprintf("more than %s refused, the first: %s", human.Clause(e.Most, "row", "is", "are"),
		mysqlerr.NewError(e.First))
}

const (
	// maxAsideConflicts is how many rows of a chunk may wait for a value that another row of it still has, beyond
	// those that may be set aside.
	maxAsideConflicts = 1000
	// maxAsideRounds bounds how often rows with a conflict are tried again after others of them were written.
	maxAsideRounds = 8
)

// WriteGoodRows writes the rows that the target takes, and returns the others, sorted by key; most bounds them.
//
// It begins as [WriteChunk] does. Where a row is refused, it splits the chunk at that row, or in halves where the
// server names none, and writes each part in a transaction of its own. Refused rows are then tried together, and one
// by one: a conflict may be over when the other row of it is written. To repeat it is harmless, also after an error.
// An error that is not about a row ends it, as does a [TooManyBadRowsError].
func WriteGoodRows(
	ctx context.Context, d *mysqldb.DB, spec Spec, rows *table.Rows, most int, heartbeat func(),
) (Result, []BadRow, error) {
	res, err := writeChunk(ctx, d, spec, rows, heartbeat)
	if isRowError(err) {
		spec.BulkLoad, spec.Sizer = false, nil
		s := &sieve{db: d, spec: spec, rows: rows, most: most, heartbeat: heartbeat}
		if err = s.run(ctx); err == nil {
			return s.res, s.aside, nil
		}
	}
	if err != nil {
		return Result{}, nil, fmt.Errorf("upsert into %s: %w", spec.Target.Name, mysqlerr.Safe(err))
	}
	return res, nil, nil
}

// isRowError reports an error of single rows, or of a transaction that is too large.
func isRowError(err error) bool {
	var tooMany *TooManyBadRowsError
	if err == nil || errors.As(err, &tooMany) {
		return false
	}
	c := mysqlerr.Classify(err)
	return c == mysqlerr.ClassRowData || c == mysqlerr.ClassSplit
}

// MayPass reports whether a refused row may be taken later without a change of its own: another row holds its unique
// value, its parent is missing, or another table refers to what has to make way.
func MayPass(number uint16) bool { return isConflict(number) || mysqlerr.IsForeignKey(number) }

// sieve is one call of WriteGoodRows after its first transaction was refused.
type sieve struct {
	db        *mysqldb.DB
	spec      Spec
	rows      *table.Rows
	most      int
	heartbeat func()
	plan      *plan

	res   Result
	aside []BadRow
	lost  int // rows set aside that no other row is in the way of
}

func (s *sieve) run(ctx context.Context) (err error) {
	if s.plan, err = newPlan(s.db.Server, s.spec); err != nil {
		return err
	}
	order := s.plan.orderRows(s.rows)
	if err := s.write(ctx, order); err != nil {
		return err
	}
	place := make(map[int]int, len(order))
	for at, row := range order {
		place[int(row)] = at
	}
	slices.SortFunc(s.aside, func(a, b BadRow) int { return cmp.Compare(place[a.Row], place[b.Row]) })
	return s.again(ctx)
}

// write writes rows in as few transactions as their refusals allow, and sets refused rows aside.
func (s *sieve) write(ctx context.Context, order []int32) error {
	for len(order) > 0 {
		blamed, err := s.try(ctx, order)
		if err == nil || !isRowError(err) {
			return err
		}
		at := slices.Index(order, blamed)
		if len(order) == 1 {
			at = 0
		}
		if at < 0 { // the server names no row
			at = len(order) / 2
			if err := s.write(ctx, order[:at]); err != nil {
				return err
			}
			order = order[at:]
			continue
		}
		if err := s.setAside(order[at], err); err != nil {
			return err
		}
		if err := s.write(ctx, order[:at]); err != nil {
			return err
		}
		order = order[at+1:]
	}
	return nil
}

// try writes rows in one transaction. blamed is the row that an error is about, or -1.
func (s *sieve) try(ctx context.Context, order []int32) (blamed int32, err error) {
	spec := s.spec
	spec.Sizer = &ChunkSizer{}
	p, err := newPlan(s.db.Server, spec)
	if err != nil {
		return -1, err
	}
	beat := s.heartbeat
	if beat == nil {
		beat = func() {}
	}
	w := &writer{db: s.db, spec: spec, plan: p, rows: s.rows, order: order, heartbeat: beat, blamed: -1}
	w.inOrder = p.mayRespell(s.rows, order)
	res, err := w.withRetries(ctx)
	if err != nil {
		if mysqlerr.Describe(err).KeyHash == "" {
			return -1, err
		}
		return w.blamed, err
	}
	s.res.add(res)
	return -1, nil
}

// bad is a row with the error that is about it.
func (s *sieve) bad(row int32, err error) BadRow {
	p := mysqlerr.Describe(err)
	if p.KeyHash == "" {
		w := writer{plan: s.plan, rows: s.rows}
		p.Row, p.KeyHash = 0, keyHash(w.keyValues(row))
	}
	return BadRow{Row: int(row), Problem: p}
}

func (s *sieve) setAside(row int32, err error) error {
	b := s.bad(row, err)
	s.aside = append(s.aside, b)
	if !MayPass(b.Problem.Number) {
		s.lost++
	}
	if s.lost > s.most || len(s.aside) > s.most+maxAsideConflicts {
		return &TooManyBadRowsError{Most: s.most, First: s.aside[0].Problem}
	}
	return nil
}

// again tries the rows that were set aside, together and then one by one, as long as some are taken.
func (s *sieve) again(ctx context.Context) error {
	for round := 0; len(s.aside) > 0 && round < maxAsideRounds; round++ {
		all := make([]int32, len(s.aside))
		for i, b := range s.aside {
			all[i] = int32(b.Row)
		}
		_, err := s.try(ctx, all)
		if err == nil {
			s.aside = nil
			return nil
		}
		if !isRowError(err) {
			return err
		}
		before := s.aside
		s.aside, s.lost = nil, 0
		for i, row := range all {
			if round > 0 && !MayPass(before[i].Problem.Number) {
				s.aside = append(s.aside, before[i])
				continue
			}
			_, err := s.try(ctx, []int32{row})
			switch {
			case err == nil:
			case !isRowError(err):
				return err
			default:
				s.aside = append(s.aside, s.bad(row, err))
			}
		}
		if len(s.aside) == len(before) {
			break
		}
	}
	if len(s.aside) > s.most {
		return &TooManyBadRowsError{Most: s.most, First: s.aside[0].Problem}
	}
	return nil
}

// add adds what another transaction of the chunk did.
func (r *Result) add(o Result) {
	r.Inserted += o.Inserted
	r.Updated += o.Updated
	r.Unchanged += o.Unchanged
	r.NewerOnTarget += o.NewerOnTarget
	r.Existing += o.Existing
	r.DeletedConflicts += o.DeletedConflicts
	r.SkippedConflicts += o.SkippedConflicts
	r.Removed += o.Removed
	r.Approximate = r.Approximate || o.Approximate
	r.Seconds = max(r.Seconds, o.Seconds)
	r.Tries = max(r.Tries, o.Tries)
	r.Batches += o.Batches
}
