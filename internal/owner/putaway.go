package owner

import (
	"slices"
	"time"
)

// PutAway names files of loads that are done, which are being removed or moved. No run sees them any more. So the files
// of a load go all at once, by one update of the state, and what the store does one by one may stop and go on.
type PutAway struct {
	// Origin is that of Files.
	Origin string `json:"origin"`
	// Files are named by their keys and versions.
	Files Loads `json:"files"`
}

// Of returns what reports whether a file of this origin is among them; nil where there is none. p may be nil.
func (p *PutAway) Of(origin string) func(file Load) bool {
	if p == nil || p.Origin != origin {
		return nil
	}
	versions := map[uint64]uint64{}
	for _, f := range p.Files {
		versions[f.ID] = f.Version
	}
	return func(file Load) bool {
		version, named := versions[file.ID]
		return named && version == file.Version
	}
}

// PutAwayRequest names the files that go next, in place of those before, which are gone. It is refused with TableBusy
// where the state is not the one by which the files were chosen, or a run has the lease.
type PutAwayRequest struct {
	// StateID and Revision are those of the state by which the files were chosen.
	StateID  string `json:"stateId"`
	Revision int64  `json:"revision"`
	// PutAway is nil where no more files go.
	PutAway *PutAway `json:"putAway,omitempty"`
	// MovesTo is the folder that they are moved into, as State.MovedTo has it; empty where they are removed.
	MovesTo string `json:"movesTo,omitempty"`
	// Rest are loads with more files than one request names, as they are without these.
	Rest Loads `json:"rest,omitempty"`
	// Gone are loads below the floor all of whose files go: they need not be known any more.
	Gone Loads `json:"gone,omitempty"`
}

// Put does what the request says.
func (s *State) Put(req PutAwayRequest) {
	if s.PutAway = req.PutAway; s.PutAway != nil {
		s.FilesGone = true
		if req.MovesTo != "" && !slices.Contains(s.MovedTo, req.MovesTo) {
			s.MovedTo = append(slices.Clone(s.MovedTo), req.MovesTo)
		}
	}
	if s.Files == nil {
		return
	}
	f := *s.Files
	f.Done = slices.DeleteFunc(slices.Clone(f.Done), func(l Load) bool {
		return l.Time.Before(f.Floor) && req.Gone.find(l) >= 0
	})
	for i, l := range f.Done {
		if at := req.Rest.find(l); at >= 0 {
			f.Done[i].Version = req.Rest[at].Version
		}
	}
	s.Files = &f
}

// LoadFiles takes in what a run with this fence has loaded, which ended now.
func (s *State) LoadFiles(done FilesDone, fence int64, now time.Time) {
	s.Files = s.Files.With(done, fence, now)
	s.FilesGone = s.FilesGone && (done.PutsAway || len(done.Loads) == 0)
}

// Has reports whether a load is among them, in this version.
func (l Loads) Has(load Load) bool {
	at := l.find(load)
	return at >= 0 && l[at].Version == load.Version
}

// find is the place of a load, in any version; less than 0 for none.
func (l Loads) find(of Load) int {
	return slices.IndexFunc(l, func(one Load) bool { return one.ID == of.ID })
}
