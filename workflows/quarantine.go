package workflows

import (
	"cmp"
	"fmt"
	"math"

	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
)

// fewBadRows are allowed however large a share they are: of a small run, one row is a large share.
const fewBadRows = 10

// badRowsLimit is how many of some rows may be in quarantine.
func badRowsLimit(q *activities.QuarantinePlan, rows int64) int64 {
	share := int64(math.Ceil(q.MaxShare * float64(rows)))
	return min(int64(q.MaxRows), max(fewBadRows, share))
}

// tooManyBadRowsError is the failure of a run that has set more rows aside than it may.
func tooManyBadRowsError(format string, first string, args ...any) error {
	what := fmt.Sprintf(format, args...)
	if first != "" {
		what += "; the first: " + first
	}
	return failure.New(failure.TooManyBadRows, what, failure.RemedyTooManyBadRows)
}

// tooManyBadRows ends a range early: chunks that are in flight then may set some more rows aside, and the run fails.
func (r *rangeRunner) tooManyBadRows() error {
	if r.in.MaxBadRows == 0 || r.counts.Quarantined <= r.in.MaxBadRows {
		return nil
	}
	return tooManyBadRowsError("%s set aside, and maxBadRows is %d", r.firstBad,
		human.Clause(r.counts.Quarantined, "row", "was", "were"), r.in.MaxBadRows)
}

// maxBadRows is how many rows the run may set aside; 0 is no limit.
func (s *sync) maxBadRows() int64 {
	if s.plan.Quarantine == nil {
		return 0
	}
	return int64(s.plan.Quarantine.MaxRows)
}

// tooManyBadRows ends a run of several ranges early.
func (s *sync) tooManyBadRows() error {
	if most := s.maxBadRows(); most > 0 && s.result.Quarantined > most {
		return tooManyBadRowsError("%s set aside, and maxBadRows is %d", s.firstBad,
			human.Clause(s.result.Quarantined, "row", "was", "were"), most)
	}
	return nil
}

// settleQuarantine closes the entries that this run has made needless, when all ranges are done, and fails the run
// where too many rows are left. moved is how the ranges ended; after a failure it looks only where the failure is
// about rows in quarantine.
func (s *sync) settleQuarantine(ctx workflow.Context, moved error) error {
	tooMany := failureType(moved) == failure.TooManyBadRows
	if moved != nil && !tooMany || s.plan.Ranges == 0 || s.result.Quarantined == 0 && !s.plan.InQuarantine && !tooMany {
		return moved
	}
	in := activities.SettleQuarantineInput{
		RangeInput: s.rangeInput(0).Range, AsOf: s.plan.Window.Hi, Failed: moved != nil,
	}
	if s.plan.Mode == api.ModeBackfill {
		in.AsOf = s.plan.Watermark
	}
	var out activities.SettleQuarantineResult
	err := s.router.step(ctx, extractOptions, "settle the rows in quarantine", "SettleQuarantine", in).Get(ctx, &out)
	if moved != nil {
		if err == nil {
			s.result.Quarantine = &out.Quarantine
		}
		return moved
	}
	if err != nil {
		return err
	}
	s.result.Quarantine = &out.Quarantine
	return s.checkBadRows(out.Quarantine)
}

// checkBadRows fails a run above the limits.
func (s *sync) checkBadRows(now api.Quarantine) error {
	q := s.plan.Quarantine
	if q == nil {
		return nil // rows of a time when they were set aside
	}
	share := fmt.Sprintf("maxBadRows is %d, maxBadShare %g%%", q.MaxRows, 100*q.MaxShare)
	if s.result.Quarantined > badRowsLimit(q, s.result.RowsExtracted) {
		return tooManyBadRowsError("%d of %s set aside; %s", s.firstBad, s.result.Quarantined,
			human.Clause(s.result.RowsExtracted, "row", "was", "were"), share)
	}
	if now.Open > badRowsLimit(q, q.TableRows) {
		return tooManyBadRowsError("%s, of a table of about %d; %s", now.First,
			human.Clause(now.Open, "row", "is in quarantine", "are in quarantine"), q.TableRows, share)
	}
	return nil
}

// inQuarantine is what the state is to say of the quarantine after the run; nil leaves it. A run that failed in
// between has not looked: what it has set aside counts until the next one does.
func (s *sync) inQuarantine(ctx workflow.Context) *api.Quarantine {
	if s.result.Quarantine != nil || s.result.Quarantined == 0 {
		return s.result.Quarantine
	}
	now := s.begunWith.Of(s.plan.Queue)
	now.First = cmp.Or(now.First, s.firstBad)
	if now.Open += s.result.Quarantined; now.Oldest.IsZero() {
		now.Oldest = workflow.Now(ctx).UTC()
	}
	return &now
}

// setQuarantine keeps what a host has in quarantine.
func (o *stateWorkflow) setQuarantine(q *api.Quarantine) {
	if q != nil {
		o.state.Quarantine = o.state.Quarantine.With(*q)
	}
	if n := o.state.Notices; n != nil && o.state.Quarantine == nil {
		n.NotifiedQuarantine = false
	}
}
