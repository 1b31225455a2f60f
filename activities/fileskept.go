package activities

import (
	"slices"
	"time"

	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// keepDone keeps what is done of another run, as far as whole loads are. They count as known for the choice of all
// others: what is older than one of them, and may not be, is refused. It reports whether there are any.
func (p *planDraft) keepDone(u *unfinishedFiles) bool {
	f := p.files
	loads, ranges := u.whole()
	if len(ranges) == 0 {
		return false
	}
	f.before, f.kept, f.keptRanges = u, loads, ranges
	f.resumes = (&owner.FirstLoad{Done: u.done}).String()
	f.done.Columns = u.plan.Frozen.Done.Columns
	known := owner.FilesDone{Origin: f.done.Origin, Columns: f.done.Columns, Unfinished: true}
	if f.known != nil {
		known.LookedAt = f.known.LookedAt
	}
	for _, l := range loads {
		ref := owner.LoadOf(l.ID, l.Version, l.Time)
		known.Loads, known.Newest = append(known.Loads, ref), &owner.LoadRef{ID: l.ID, Time: ref.Time}
	}
	f.known = f.known.With(known, 0, time.Now())
	return true
}

// addKept adds what is kept to what is done when the run is.
func (p *planDraft) addKept() {
	f := p.files
	for _, l := range f.kept {
		ref := owner.LoadOf(l.ID, l.Version, l.Time)
		if slices.ContainsFunc(f.done.Loads, func(o owner.Load) bool { return o.ID == ref.ID }) {
			continue // in another version
		}
		f.done.Loads = append(f.done.Loads, ref)
		if f.done.Newest == nil || ref.Time.After(f.done.Newest.Time) {
			f.done.Newest = &owner.LoadRef{ID: l.ID, Time: ref.Time}
		}
	}
}

// whole are the loads of which all ranges are done, and the ranges that hold nothing else.
func (u *unfinishedFiles) whole() (loads []layout.Load, ranges []piece) {
	done, open := []byte(u.done), fileSet{}
	for again := true; again; {
		again = false
		for i, one := range u.plan.Ranges {
			switch {
			case done[i] != '1':
				open.addPieces(one)
			case open.hasPiece(one):
				done[i], again = '0', true
			}
		}
		for _, l := range u.plan.Frozen.Loads {
			if open.hasAny(l) {
				again = open.addLoad(l) || again
			}
		}
	}
	for _, l := range u.plan.Frozen.Loads {
		if len(l.Files) > 0 && !open.hasAny(l) {
			loads = append(loads, l)
		}
	}
	for i, one := range u.plan.Ranges {
		if done[i] == '1' {
			ranges = append(ranges, one)
		}
	}
	return loads, ranges
}

// fileSet has versions of files.
type fileSet map[[2]string]bool

func (s fileSet) addPieces(one piece) {
	for _, f := range one.Files {
		s[[2]string{f.Key, f.Version}] = true
	}
}

func (s fileSet) hasPiece(one piece) bool {
	return slices.ContainsFunc(one.Files, func(f plannedFile) bool { return s[[2]string{f.Key, f.Version}] })
}

func (s fileSet) hasAny(l layout.Load) bool {
	return slices.ContainsFunc(l.Files, func(f layout.File) bool { return s[[2]string{f.Key, f.Version}] })
}

// addLoad reports whether any file was not there.
func (s fileSet) addLoad(l layout.Load) bool {
	before := len(s)
	for _, f := range l.Files {
		s[[2]string{f.Key, f.Version}] = true
	}
	return len(s) > before
}
