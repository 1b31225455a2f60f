package activities

import (
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// voidsWatermark reports whether a full run makes the watermark void: another run would be refused, or would have to
// look at rows to know. The plan of a first load binds the identity of now. Should the run not end, a watermark that
// stayed would promise rows that the target has in the way of before, or not at all. So the plan forgets the watermark,
// and the next run goes on with the load.
//
// A run that replaces its target writes nothing there before it is done, and binds nothing before: there the watermark
// stays. foreign says that another deployment keeps the target.
func (p *planDraft) voidsWatermark(s owner.State, foreign bool) bool {
	switch {
	case s.Watermark == "", p.settings.Replace != nil, s.Adopt: // a person vouches for what Adopt finds
		return false
	case foreign:
		return true
	case s.Identity == nil:
		return !s.SetByHand // a person vouches for that, too
	}
	return p.differs(s.Identity)
}

// differs reports whether an identity is not surely that of now. It asks no server.
func (p *planDraft) differs(was *owner.Identity) bool {
	now, row := p.id.now, p.id.row
	switch {
	case was.Target.Table != now.Target.Table, !table.SameColumn(was.Cursor, now.Cursor),
		was.CursorType != now.CursorType, was.CursorZone != now.CursorZone:
		return true
	case p.otherRows(was) != "", p.narrowed(was) != "", p.remade(was, false) != "":
		return true
	case row == nil:
		return was.Target.Row || !was.Target.Server.Same(now.Target.Server) || !p.goesOn(was)
	}
	// A row that names no whole run was taken over by an earlier try of this step, or the target has lost runs.
	return row.Run == 0 || row.Run < was.Target.Run || !p.goesOn(was)
}

// goesOn reports whether the source is the server that it was, or has executed its history.
func (p *planDraft) goesOn(was *owner.Identity) bool {
	now, same := p.id.now.Source, was.Source.Same(p.id.now.Source)
	return same && was.Source.History == "" || now.Includes && (same || now.Unique)
}
