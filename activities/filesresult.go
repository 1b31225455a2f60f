package activities

import (
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// FilesPlan is what a run loads of a table of files, as far as histories may know it.
type FilesPlan struct {
	// Done is what the table's state remembers when the run is done.
	Done owner.FilesDone `json:"done"`
	api.FilesRead
	// Snapshots are those of the loads whose rows have no order against what the target has: see layout.Load.
	Snapshots owner.Loads `json:"snapshots,omitempty"`
	// LostLoads are loads of earlier runs that this one loads again, as far as they are there.
	LostLoads *owner.LostLoads `json:"lostLoads,omitempty"`
	// PutsAway says that files are removed or moved when the run is done.
	PutsAway bool `json:"putsAway,omitempty"`
}

// filesResult adds to a plan what it loads.
func (p *planDraft) filesResult(in PlanRunInput, out *PlanRunResult) {
	f := p.files
	if f == nil {
		return
	}
	out.Resumable = p.resumable(in)
	if f.before != nil {
		out.TakenFrom = f.before.run
	}
	if done := f.doneBefore(); len(done) <= len(p.ranges) {
		out.Done = done + out.Done[len(done):]
	}
	out.Files = &FilesPlan{
		Done: f.done, FilesRead: f.reads(), PutsAway: p.settings.Files.putsAway(), LostLoads: p.lostLoads(in),
		Snapshots: f.snapshots(),
	}
}

// snapshots are the loads that are dumps.
func (f *filesDraft) snapshots() (out owner.Loads) {
	for _, l := range slices.Concat(f.kept, f.loads) {
		if l.Snapshot {
			out = append(out, owner.LoadOf(l.ID, l.Version, l.Time))
		}
	}
	return out
}

// doneBefore has a '1' for each of the first ranges that is loaded by an earlier run; "" where none is taken up.
func (f *filesDraft) doneBefore() string {
	if f.unfinished != nil {
		return f.unfinished.done
	}
	return strings.Repeat("1", len(f.keptRanges))
}

// reads counts what is loaded.
func (f *filesDraft) reads() api.FilesRead {
	out := api.FilesRead{Loads: len(f.kept) + len(f.loads), Ignored: f.found.Ignored}
	for _, l := range slices.Concat(f.kept, f.loads) {
		for _, file := range l.Files {
			out.Files++
			out.Bytes += file.Size
		}
	}
	return out
}

// resumable reports whether the state is to keep what is done of this run: it has several ranges, or changes what the
// state says of earlier runs, or its own rows would stop a run that begins again (see checkSnapshot).
func (p *planDraft) resumable(in PlanRunInput) bool {
	f := p.files
	switch {
	case p.mode != api.ModeFiles || f.record == keepRecord:
		return false
	case f.record == replaceRecord, len(p.ranges) > 1:
		return true
	}
	snapshot := p.settings.Cursor == "" && len(f.snapshots()) > 0
	return len(p.ranges) > 0 && (snapshot || p.lostLoads(in) != nil)
}

// lostLoads says which loads of earlier runs this one loads again; nil for none.
func (p *planDraft) lostLoads(in PlanRunInput) *owner.LostLoads {
	switch done := p.files.done; {
	case in.State.Files == nil:
		return nil
	case done.Forget:
		return &owner.LostLoads{}
	case done.KeepRuns != 0:
		return &owner.LostLoads{KeepRuns: done.KeepRuns}
	}
	return nil
}

// frozen is what a later run has to know of this one.
func (p *planDraft) frozen(in PlanRunInput) *frozenFiles {
	if !p.resumable(in) {
		return nil
	}
	return &frozenFiles{
		Loads: slices.Concat(p.files.kept, p.files.loads), Done: p.files.done, Only: in.Only, Force: in.Force,
	}
}
