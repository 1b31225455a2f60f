package activities

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/files"
	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// PutFilesAwayInput names a table of files.
type PutFilesAwayInput struct {
	Table string `json:"table"`
}

// PutFilesAwayResult says what was removed or moved.
type PutFilesAwayResult struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// Warning says which loads stay, and why; empty for none.
	Warning string `json:"warning,omitempty"`
}

// PutFilesAway does with the files of loads that are done, by the table's state, what files.after says. It comes after
// the run is finished, so that rows are on the target for good; what an earlier run has left is put away, too. A file
// that has changed since is left, and so is one that may be all that is left of a row in quarantine.
//
// The state names the files before the first of them goes: to runs they are gone from then on, as a whole. Repeating it
// goes on where it stopped. Where a run has begun meanwhile, that one puts away what is left.
func (a *Activities) PutFilesAway(ctx context.Context, in PutFilesAwayInput) (out PutFilesAwayResult, err error) {
	s, err := a.settings(in.Table)
	if err != nil || s.Files == nil || !s.Files.putsAway() {
		return out, err
	}
	at := where{doing: "put the files of " + in.Table + " away"}
	p := puttingAway{a: a, s: s, out: &out}
	if p.state, err = a.state(ctx, in.Table); err != nil {
		return out, err
	}
	if p.store, err = files.Open(s.Files.URL); err == nil {
		err = p.run(ctx)
	}
	logStep(ctx, "files", out.Files, "bytes", out.Bytes)
	if isBusy(err) {
		return out, nil
	}
	return out, translateFiles(ctx, err, at)
}

// putsAway reports whether files that are loaded do not stay where they are.
func (s *FileSettings) putsAway() bool { return s.After != "" && s.After != "keep" }

// movesTo is the prefix that files get which are loaded; "" for none.
func (s *FileSettings) movesTo() string {
	prefix, moves := strings.CutPrefix(s.After, "move:")
	if !moves {
		return ""
	}
	return strings.TrimSuffix(prefix, "/") + "/"
}

// puttingAway is one call of PutFilesAway.
type puttingAway struct {
	a     *Activities
	s     Settings
	store files.Store
	state owner.State
	// batch are the files that go next, and gone the loads below the floor that they are the last of.
	batch []files.Entry
	gone  owner.Loads
	// own are the keys of all files and markers that Discover has found of this table's loads.
	own map[string]bool
	out *PutFilesAwayResult
}

func (p *puttingAway) run(ctx context.Context) error {
	if err := p.goOn(ctx); err != nil {
		return err
	}
	found, _, err := p.s.Files.discover(ctx, p.store, p.state)
	if err != nil {
		return err
	}
	p.own = map[string]bool{}
	for _, l := range found.Loads {
		for _, f := range l.Files {
			p.own[f.Key] = true
		}
		if l.Marker != nil {
			p.own[l.Marker.Key] = true
		}
	}
	known, origin := p.state.Files, p.s.Files.origin()
	loads := slices.DeleteFunc(found.Loads, func(l layout.Load) bool {
		return known.StateOf(owner.LoadOf(l.ID, l.Version, l.Time)) != owner.LoadDone || known.Origin != origin
	})
	if loads, err = p.withoutAside(ctx, loads); err != nil {
		return err
	}
	for _, l := range loads {
		if err := p.putLoad(ctx, l); err != nil {
			return err
		}
	}
	if err := p.putBatch(ctx); err != nil || p.state.PutAway == nil {
		return err
	}
	return p.record(ctx, owner.PutAwayRequest{})
}

// goOn puts away what the state names: an earlier call has stopped in the middle of it.
func (p *puttingAway) goOn(ctx context.Context) error {
	named := p.state.PutAway.Of(p.s.Files.origin())
	if named == nil {
		return nil
	}
	var left []files.Entry
	err := p.store.List(ctx, "", func(e files.Entry) error {
		if named(fileRef(e)) {
			left = append(left, e)
		}
		return nil
	})
	if err != nil || len(left) == 0 {
		return err
	}
	if err := p.record(ctx, owner.PutAwayRequest{PutAway: p.state.PutAway}); err != nil { // after may have changed
		return err
	}
	return p.putFiles(ctx, left)
}

// withoutAside leaves out loads that have rows in quarantine which could not be converted: quarantine keeps no value of
// them. Where other hosts have rows in quarantine, nothing here tells which these are.
func (p *puttingAway) withoutAside(ctx context.Context, loads []layout.Load) ([]layout.Load, error) {
	if len(loads) == 0 || p.s.Files.movesTo() != "" {
		return loads, nil
	}
	aside, err := p.a.filesAside(ctx, p.s.Table)
	if err != nil {
		return nil, err
	}
	elsewhere, all := len(p.state.Quarantine.Elsewhere(p.a.deps.HostQueue)) > 0, len(loads)
	loads = slices.DeleteFunc(loads, func(l layout.Load) bool {
		return elsewhere || slices.ContainsFunc(l.Files, func(f layout.File) bool { return aside[f.Key] })
	})
	if n := all - len(loads); n > 0 {
		p.out.Warning = fmt.Sprintf("%s where the files are, which may be all that is left of rows in quarantine: "+
			"load these rows from a corrected file, then tablehaul quarantine drop %s",
			human.Clause(n, "load", "stays", "stay"), human.Arg(p.s.Table.String()))
	}
	return loads, nil
}

// putLoad adds the files of a load to the batch, and puts batches away that are full.
func (p *puttingAway) putLoad(ctx context.Context, l layout.Load) error {
	most, list := p.a.deps.Sizes.FilesAway, l.Files
	if len(p.batch)+len(list) > most {
		if err := p.putBatch(ctx); err != nil {
			return err
		}
	}
	for ; len(list) > most; list = list[most:] {
		p.add(list[:most])
		if err := p.putBatch(ctx, owner.LoadOf(l.ID, layout.Version(list[most:]), l.Time)); err != nil {
			return err
		}
	}
	p.add(list)
	switch needed, err := p.marksMore(ctx, l); {
	case err != nil:
		return err
	case l.Marker != nil && !needed:
		p.batch = append(p.batch, *l.Marker)
	}
	if ref := owner.LoadOf(l.ID, l.Version, l.Time); ref.Time.Before(p.state.Files.Floor) {
		p.gone = append(p.gone, ref)
	}
	return nil
}

// marksMore reports whether a load's marker may still be needed: its folder has files that are of no load of this
// table, and may be another table's. Hidden files, and files that this table has moved there, do not count.
func (p *puttingAway) marksMore(ctx context.Context, l layout.Load) (more bool, err error) {
	if l.Marker == nil || !l.OfFolder {
		return false, nil
	}
	moved := p.s.Files.moved(p.state)
	folder := l.Marker.Key[:strings.LastIndexByte(l.Marker.Key, '/')+1]
	err = p.store.List(ctx, folder, func(e files.Entry) error {
		name := path.Base(e.Key)
		if p.own[e.Key] || moved.has(e.Key) || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
			return nil
		}
		more = true
		return files.ErrEnough
	})
	if errors.Is(err, files.ErrEnough) {
		err = nil
	}
	return more, err
}

func (p *puttingAway) add(list []layout.File) {
	for _, f := range list {
		p.batch = append(p.batch, f.Entry)
	}
}

// putBatch lets the state name the files of the batch, and puts them away then. rest is what is left of a load of which
// they are a part.
func (p *puttingAway) putBatch(ctx context.Context, rest ...owner.Load) error {
	if len(p.batch) == 0 {
		return nil
	}
	list, away := p.batch, owner.PutAway{Origin: p.s.Files.origin()}
	for _, e := range list {
		away.Files = append(away.Files, fileRef(e))
	}
	if err := p.record(ctx, owner.PutAwayRequest{PutAway: &away, Rest: rest, Gone: p.gone}); err != nil {
		return err
	}
	p.batch, p.gone = nil, nil
	return p.putFiles(ctx, list)
}

// record lets the state name the files that go next, and where they go.
func (p *puttingAway) record(ctx context.Context, req owner.PutAwayRequest) error {
	req.StateID, req.Revision = p.state.ID, p.state.Revision
	if to := p.s.Files.movesTo(); to != "" && req.PutAway != nil {
		req.MovesTo = p.s.Files.placeOf(to)
	}
	var now owner.State
	err := p.a.update(ctx, p.s.Table.String(), owner.UpdatePutFilesAway, req, &now)
	if err == nil {
		p.state = now
	}
	return err
}

// putFiles removes or moves files. One that is another version by now is not what the state names, and stays.
func (p *puttingAway) putFiles(ctx context.Context, list []files.Entry) error {
	for _, e := range list {
		var err error
		if to := p.s.Files.movesTo(); to != "" {
			err = p.store.Move(ctx, e, to+e.Key)
		} else {
			err = p.store.Remove(ctx, e)
		}
		if errors.Is(err, files.ErrChanged) {
			continue
		}
		if err != nil {
			return err
		}
		p.out.Files++
		p.out.Bytes += e.Size
	}
	return nil
}
