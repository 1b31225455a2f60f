package activities

import (
	"context"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
)

// The upper end of a window bounds the watermark, and not what a run reads. A row that changes more often than that end
// lies behind the clock is above it at every look. So a run reads on, up to the clock: the tail of its window. The
// watermark rises to the window's end all the same, and the next run reads the tail's rows again.
//
// Ranges of a window that was cut are read side by side, and a row may move from one that is not read yet to one that
// is. So they end at the window's end, and the tail is a range of its own that begins when they are done. A first load
// goes by key, where no row moves: each of its ranges is read up to the clock.

// tail is what lies above the end of an incremental run's window.
type tail struct {
	// upperBound is what the look at the source said.
	upperBound source.UpperBound
	// from is where it is read from, exclusive; base is the window's end or the watermark, where it
	// would begin if it were read whole.
	from, base string
	// left says that a part of it, or all where nothing is read, waits for the window's end.
	left    bool
	nothing bool
}

// rows is how many rows are read of it, as far as that is known.
func (t tail) rows(p *planDraft) int64 {
	switch {
	case p.mode != api.ModeIncremental || t.nothing || t.upperBound.Tail == source.TailUnknown:
		return 0
	case t.left:
		return 0 // those since the last run, of which nothing is known
	}
	return t.upperBound.Tail
}

// chooseTail decides how much of the tail an incremental run reads. More rows than tailRows are read
// from where the last tail ended: a window that is held back for hours must not be read again and
// again. The rest comes when the window's end has passed it.
func (p *planDraft) chooseTail(ctx context.Context, in PlanRunInput) error {
	if !p.settings.Write.ReadsTail() {
		p.tail.nothing = true
	}
	if p.mode != api.ModeIncremental || p.tail.nothing {
		return nil
	}
	cursor, h := p.table.Column(p.settings.Cursor).Column, p.tail.upperBound
	p.tail.base = p.window.Hi
	if p.tail.base == "" {
		p.tail.base = in.State.Watermark
	}
	p.tail.from = p.tail.base
	if h.Tail <= p.settings.TailRows {
		return nil
	}
	p.tail.left = true
	more := fmt.Sprintf("more than %s above the end of the window",
		human.Clause(p.settings.TailRows, "row", "lies", "lie"))
	if cursor.Kind == table.KindDate { // every tail of a day is the whole day
		p.tail.nothing = true
		p.addHeldBack(more + ", and come when it has passed them")
		return nil
	}
	top := in.State.TailTop
	if top == "" {
		top = h.Clock
	}
	from, err := p.src.TailStart(ctx, cursor, top, p.settings.Overlap)
	if err != nil {
		return translate(ctx, err, where{p.settings.SourceConnection, "choose the window of " + in.Table})
	}
	if below, err := atOrBelow(cursor, from, p.tail.base); err == nil && !below {
		p.tail.from = from
	}
	p.addHeldBack(more + "; this run reads those that the last one has not read")
	return nil
}

// addHeldBack adds to what people read about a window that is held back.
func (p *planDraft) addHeldBack(text string) {
	if p.heldBack != "" {
		text = p.heldBack + "; " + text
	}
	p.heldBack = text
}

// addTail adds the tail to the ranges of an incremental run.
func (p *planDraft) addTail() {
	switch t := p.tail; {
	case !p.settings.Write.ReadsTail():
	case p.mode == api.ModeFirstLoad && p.settings.Cursor != "":
		for i := range p.ranges {
			p.ranges[i].ToNow = true
		}
	case p.mode != api.ModeIncremental || t.nothing:
	case p.nothing && t.upperBound.Tail == 0: // there is none, and so no range
	case p.nothing:
		p.ranges = []piece{p.tailPiece()}
	case len(p.ranges) == 1 && t.from == t.base:
		p.ranges[0].ToNow = true // in the order of the cursor, it comes last
	default:
		p.ranges, p.tailLast = append(p.ranges, p.tailPiece()), true
	}
}

func (p *planDraft) tailPiece() piece {
	return piece{Window: &table.Window{Lo: p.tail.from, Hi: p.tail.base}, ToNow: true}
}

// unsettled says which rows of the target give way to this run's although their cursor is larger.
func (p *planDraft) unsettled(in PlanRunInput) table.Unsettled {
	if p.settings.Cursor == "" || p.window.Hi == "" || !p.settings.Write.ReadsTail() {
		return table.Unsettled{}
	}
	after := in.State.Watermark
	switch {
	case p.mode == api.ModeFirstLoad:
		after = "" // what is newer on the target and not at the source was made there: a full run makes rows equal
	case p.lowered:
		after = p.window.Lo // cursors went back, so a smaller one may be the later version
	}
	return p.tail.upperBound.Unsettled(p.table.Column(p.settings.Cursor).Column, after, p.window.Hi)
}

// tailTop is where the tail of the next run may begin.
func (p *planDraft) tailTop() string {
	if p.mode != api.ModeIncremental && p.mode != api.ModeFirstLoad {
		return ""
	}
	return p.tail.upperBound.Clock
}
