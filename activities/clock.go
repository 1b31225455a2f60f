package activities

import (
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// noteClock keeps for the runs to come by how much the source's clock is back.
func (p *planDraft) noteClock(h *source.UpperBound, s owner.State) {
	h.StepBack = max(h.StepBack, s.ClockBack)
	p.clockBack, p.clockUntil = h.StepBack, h.ClockUntil
	if h.Ahead != nil {
		p.clockBack = max(h.StepBack, h.Ahead.By)
	}
}

// holdForClock decides whether the runs to come must know that the clock was back. They need not where
// the window ends above all that was open before the step.
func (p *planDraft) holdForClock(cursor table.Column, h source.UpperBound, s owner.State) {
	switch {
	case h.ClockUntil != "":
		p.seen, p.freshAt = s.Seen, time.Time{}
	case !isInteger(cursor) || !p.nothing:
		p.clockBack = 0
	}
}
