package source

import (
	"context"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A source's clock that is set back gives rows cursors that lie below the watermark. Such a step is seen by the clock
// of the workers. From then on the watermark is at the lowest value that a row can have got since: it is lowered to
// there. It stays there until all transactions have ended that were open before the step, since they give rows cursors
// below their own start. Rows above it arrive as the tail of each run.

// rememberStep says by how much the source's clock is back, at most, and since when no transaction is
// older than the step: see [UpperBound].
func (h *UpperBound) rememberStep(spec UpperBoundSpec) {
	fresh := h.StepBack
	if h.Ahead != nil {
		fresh = max(fresh, h.Ahead.By)
	}
	h.StepBack = max(fresh, spec.ClockBack)
	if table.CheckCursor(spec.Cursor, spec.ClockUntil) == nil {
		h.ClockUntil = spec.ClockUntil
	}
	now, err := cursorMoment(h.Now)
	if err != nil || h.StepBack == 0 {
		return
	}
	switch clockBefore := cursorText(spec.Cursor, now.Add(fresh+stepTolerance)); {
	case fresh > spec.ClockBack+stepTolerance:
		h.ClockUntil = max(h.ClockUntil, clockBefore)
	case fresh == 0 && spec.Seen != nil: // the clock is right again
		h.ClockUntil = min(h.ClockUntil, cursorText(spec.Cursor, now))
	}
	base := spec.Watermark
	if spec.Seen != nil && spec.Seen.Source != "" {
		base = spec.Seen.Source
	}
	if at, err := cursorMoment(base); err == nil {
		h.Lowest = cursorText(spec.Cursor, at.Add(-h.StepBack-stepTolerance-table.CursorUnit(spec.Cursor)))
	}
}

// limitToLowest ends the window below all cursors of the time since the source's clock was set back,
// as long as transactions may be open that are older.
func (h *UpperBound) limitToLowest(spec *UpperBoundSpec) {
	hi, holder := h.Hi, &Blocker{Kind: BlockerClock, Seconds: h.StepBack.Seconds()}
	if hi == "" { // all up to the watermark has been read
		hi, holder = spec.Watermark, h.BlockedBy
	}
	if h.Lowest == "" || h.ClockUntil == "" || hi == "" || hi >= h.ClockUntil {
		h.ClockUntil = ""
		return
	}
	h.Hi, h.BlockedBy = min(hi, h.Lowest), holder
	spec.Watermark = "" // the tail begins at the end of the window
}

// cursorText is a moment as a cursor's exact text, rounded down.
func cursorText(c table.Column, at time.Time) string {
	return table.TruncateCursor(c, at.Format(localTime))
}

// UTCNow is the source's clock as the text of a DATETIME(6), in UTC.
func (s *Source) UTCNow(ctx context.Context) (now string, err error) {
	if err := s.QueryRowContext(ctx, "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)").Scan(&now); err != nil {
		return "", fmt.Errorf("ask for the source's clock: %w", mysqlerr.Safe(err))
	}
	return now, nil
}
