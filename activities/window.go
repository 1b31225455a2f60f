package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// chooseWindow fixes hi, from the source's clock and its open work, and then lo.
func (p *planDraft) chooseWindow(ctx context.Context, in PlanRunInput) error {
	at := where{p.settings.SourceConnection, "choose the window of " + in.Table}
	cursor := p.table.Column(p.settings.Cursor).Column
	from, to, err := p.bounds(cursor, in)
	if err != nil {
		return err
	}
	begun := time.Now()
	h, err := p.src.ChooseUpperBound(ctx, p.upperBoundSpec(in, cursor))
	if err != nil {
		return lookupFailure(ctx, err, at)
	}
	if h.Instance != "" && h.Instance != p.src.Instance().Digest {
		return translate(ctx, mysqldb.ErrOtherServer, at)
	}
	p.noteClock(&h, in.State)
	p.tail.upperBound = h
	if p.ahead = h.Ahead; p.ahead != nil {
		p.window = table.Window{Lo: in.State.Watermark, Hi: in.State.Watermark} // there is none
		return nil
	}
	p.samples = h.Samples
	if h.BlockedBy != nil {
		p.heldBack = heldText(*h.BlockedBy)
	}
	if h.BlockedBy != nil && isOpenWork(h.BlockedBy.Kind) {
		p.heldFor = max(h.Lag, time.Duration(h.BlockedBy.Seconds*float64(time.Second)))
	}
	if p.mode != api.ModeBackfill && (h.Hi != "" || h.Empty) {
		p.freshAt = begun.Add(-h.Lag)
	}
	p.warnings = append(p.warnings, h.Warnings...)
	p.explainOverlap(cursor, h)
	p.explainZone(cursor, h)
	if h.Future > 0 && (!isInteger(cursor) || len(h.Warnings) == 0) { // otherwise a warning says it
		p.warnings = append(p.warnings, fmt.Sprintf("at least %s a %s in the future; it is read when its time "+
			"has come", human.Clause(h.Future, "row", "has", "have"), cursor.Name))
	}
	p.window.Hi = h.Hi
	if err := notAfter(cursor, from, h.Latest); err != nil {
		return err
	}
	if h.Hi == "" {
		return p.nothingToRead(h)
	}
	if !h.Worker.IsZero() {
		p.seen = &source.Seen{Source: h.Now, Worker: h.Worker.UTC(), Newest: h.Newest}
	}
	if err := p.chooseLo(ctx, in, cursor, h, from, to); err != nil {
		return err
	}
	p.holdForClock(cursor, h, in.State)
	return nil
}

// upperBoundSpec says what the upper end of the window depends on.
func (p *planDraft) upperBoundSpec(in PlanRunInput, cursor table.Column) source.UpperBoundSpec {
	s := p.settings
	spec := source.UpperBoundSpec{
		Table: p.table, Cursor: cursor, MinLag: s.MinLag, FixedLag: s.FixedLag, Unit: source.CursorUnit(s.CursorUnit),
		Zone: s.CursorZone, AllowReplica: s.AllowReplica, Samples: in.State.Samples,
	}
	if p.mode == api.ModeIncremental {
		spec.Incremental, spec.Watermark, spec.Overlap = true, in.State.Watermark, s.Overlap
		spec.TailRows = s.TailRows
	}
	if p.mode != api.ModeBackfill && watermarkOf(in.State, s.Cursor) != "" {
		spec.Seen, spec.ClockBack, spec.ClockUntil = in.State.Seen, in.State.ClockBack, in.State.ClockUntil
	}
	return spec
}

// isOpenWork reports whether a holder is no lag that was set or is known.
func isOpenWork(k source.BlockerKind) bool {
	return k != source.BlockerLag && k != source.BlockerReplica && k != source.BlockerClock
}

// notAfter refuses a backfill that begins where the source cannot have rows yet.
func notAfter(cursor table.Column, from, latest string) error {
	if from == "" || latest == "" {
		return nil
	}
	if order, err := table.CompareCursor(cursor, from, latest); err != nil || order <= 0 {
		return nil //nolint:nilerr // from has been parsed, and a text of the source's own is none to blame people for
	}
	return invalidInput(fmt.Sprintf("from lies above what the source can have by now: %s is at most %s", cursor.Name,
		latest), "write a value that the source has reached")
}

// bounds are a backfill's from and to as the server prints them.
func (p *planDraft) bounds(cursor table.Column, in PlanRunInput) (from, to string, err error) {
	if p.mode != api.ModeBackfill {
		return "", "", nil
	}
	for _, b := range []struct {
		key, text string
		out       *string
	}{{"from", in.From, &from}, {"to", in.To, &to}} {
		if b.text == "" {
			continue
		}
		if *b.out, err = source.ParseCursor(cursor, b.text); err != nil {
			return "", "", invalidInput(fmt.Sprintf("%s of cursor %s (%s): %s", b.key, cursor.Name, cursor.Type, err),
				"")
		}
	}
	if from == "" || to == "" {
		return from, to, nil
	}
	if order, err := table.CompareCursor(cursor, from, to); err != nil || order >= 0 {
		return "", "", invalidInput("from is not below to", "the window is (from, to]: from exclusive, to inclusive")
	}
	return from, to, nil
}

// nothingToRead is where open work leaves no safe upper end. An incremental run has simply
// nothing to do yet; a first load and a backfill must wait for an upper end.
func (p *planDraft) nothingToRead(h source.UpperBound) error {
	if p.mode == api.ModeReplace {
		return nil // all rows are read, and the watermark stays
	}
	if h.BlockedBy == nil || p.mode == api.ModeIncremental {
		p.nothing = true
		return nil
	}
	if p.preview {
		p.warnings = append(p.warnings, "the "+p.mode+" cannot begin yet: "+p.heldBack+"; "+p.begins(h))
		return nil
	}
	return &noUpperBoundError{temporal.NewApplicationErrorWithOptions(
		fmt.Sprintf("nothing of %s can be read safely yet: %s; %s", p.settings.Table, p.heldBack, p.begins(h)),
		failure.OpenTransactions, temporal.ApplicationErrorOptions{NextRetryDelay: heldRetry}), h.Samples}
}

// noUpperBoundError is a run that cannot choose its end yet, with what the next try must know.
type noUpperBoundError struct {
	error
	samples []source.CursorSample
}

func (e *noUpperBoundError) Unwrap() error { return e.error }

// begins says when a run that is held back goes on.
func (p *planDraft) begins(h source.UpperBound) string {
	switch {
	case len(h.Samples) > 0 && h.BlockedBy.Kind == source.BlockerXA:
		return "it begins when the transaction is committed or rolled back"
	case len(h.Samples) > 0 && h.BlockedBy.Kind == source.BlockerLag && h.BlockedBy.Seconds > 0:
		return fmt.Sprintf("it begins by itself when that long has passed since %s", h.Samples[0].At)
	case len(h.Samples) > 0 && h.BlockedBy.Seconds > 0:
		return fmt.Sprintf("it begins by itself when all that was open at %s has ended", h.Samples[0].At)
	}
	return "it begins by itself when that is over"
}

func (p *planDraft) chooseLo(
	ctx context.Context, in PlanRunInput, cursor table.Column, h source.UpperBound, from, to string,
) error {
	var err error
	at := where{p.settings.SourceConnection, "choose the window of " + in.Table}
	switch p.mode {
	case api.ModeBackfill:
		if p.window.Hi, err = lower(cursor, to, p.window.Hi); err != nil {
			return translate(ctx, err, at)
		}
		p.window.Lo = from
		p.nothing, err = atOrBelow(cursor, p.window.Hi, from)
	case api.ModeIncremental:
		err = p.beginAt(ctx, in.State, cursor, h)
	}
	return translate(ctx, err, at)
}

// beginAt chooses where an incremental run's window begins. Where the source's clock was set back, it
// begins and may end below the watermark, which is lowered to the end.
func (p *planDraft) beginAt(ctx context.Context, s owner.State, cursor table.Column, h source.UpperBound) (err error) {
	mark := s.Watermark
	if below, err := atOrBelow(cursor, h.Lowest, mark); h.Lowest != "" && err == nil && below {
		mark = h.Lowest
	}
	ends, err := atOrBelow(cursor, p.window.Hi, mark)
	switch {
	case err != nil:
		return err
	case ends && h.ClockUntil != "":
		mark = p.window.Hi
	case ends && isInteger(cursor) && p.overlapSteps(h) > 0:
		p.window.Hi = mark // rows come at the last value and below it, too
	case ends:
		if p.window.Hi != mark && !h.Worker.IsZero() {
			p.freshAt = time.Time{} // the window ends earlier than the last one did
		}
		p.nothing, p.window, p.seen = true, table.Window{Lo: mark, Hi: mark}, s.Seen
		return nil
	}
	if p.window.Lo, err = p.overlapBelow(ctx, cursor, mark, h); err != nil {
		return err
	}
	if err := p.readBelow(ctx, cursor, s, h); err != nil {
		return err
	}
	p.nothing = p.window.Lo == p.window.Hi
	return nil
}

// readBelow begins the window lower where rows have come below it since the last run, and says so.
func (p *planDraft) readBelow(ctx context.Context, cursor table.Column, s owner.State, h source.UpperBound) error {
	p.lowered = h.StepBack > 0
	if h.StepBack > time.Minute {
		p.warnings = append(p.warnings, fmt.Sprintf("the source's clock went back by %s since the last run: the "+
			"window begins as much lower", h.StepBack.Round(time.Second)))
	}
	if s.Seen == nil || s.Seen.Newest == "" || h.Newest == "" || p.window.Lo == "" {
		return nil
	}
	came, err := table.CompareCursor(cursor, h.Newest, s.Seen.Newest)
	if err != nil || came <= 0 {
		return nil //nolint:nilerr // the cursor's type has changed since: nothing to compare
	}
	above, err := table.CompareCursor(cursor, h.Newest, p.window.Lo)
	if err != nil || above > 0 {
		return err
	}
	p.warnings = append(p.warnings, fmt.Sprintf("rows came since the last run whose %s lies below the watermark %s, "+
		"the newest at %s, while the source's now is %s: the window begins there; see that the writers' clocks and "+
		"time zone are the source's, or set cursorZone", cursor.Name, s.Watermark, h.Newest, h.Latest))
	p.lowered = true
	p.window.Lo, err = p.src.SubtractOverlap(ctx, cursor, s.Seen.Newest, p.settings.Overlap)
	return err
}

// lower is the lower of two upper bounds; an empty one bounds nothing.
func lower(cursor table.Column, a, b string) (string, error) {
	if a == "" {
		return b, nil
	}
	order, err := table.CompareCursor(cursor, a, b)
	if order < 0 {
		return a, err
	}
	return b, err
}

// atOrBelow reports whether a is not above b; nothing is at or below an empty b.
func atOrBelow(cursor table.Column, a, b string) (bool, error) {
	if b == "" {
		return false, nil
	}
	order, err := table.CompareCursor(cursor, a, b)
	return err == nil && order <= 0, err
}

// rewrites reports whether the run writes every row of the source.
func rewrites(in PlanRunInput, cursor string) bool {
	return in.From == "" && in.To == "" && (in.Full || cursor == "" || in.State.Watermark == "")
}

// watermarkOf is the state's watermark where it is one of this cursor, and "" otherwise.
func watermarkOf(s owner.State, cursor string) string {
	if s.Cursor != "" && s.Cursor != cursor {
		return ""
	}
	return s.Watermark
}
