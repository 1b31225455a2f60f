package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/files"
	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// chooseFiles takes the files that a person has named, loaded before or not, complete or not. What a run would find
// under the same name counts as done afterwards; for all other files the state does not change. So it refuses where the
// target lacks what was loaded: it would hold rows again, and nothing would show what else it has lost.
func (p *planDraft) chooseFiles(ctx context.Context, in PlanRunInput) error {
	f, s := p.files, p.settings
	if s.Replace != nil {
		return invalidInput("files of table "+in.Table+", whose target is replaced by whole loads",
			"leave the files out")
	}
	if lost := f.done.Forget || f.done.KeepRuns != 0 && p.ordered(); lost && in.State.Files != nil {
		return invalidInput("files of table "+in.Table+", whose target has lost what was loaded",
			"start once without files: what it has lost is then loaded again, as far as the files are there")
	}
	if f.knowsTooMany() {
		return p.refuseTooMany("tablehaul run " + human.Arg(s.Table.String()) +
			" loads what is left, after which the oldest need not be remembered")
	}
	runs := map[string]bool{}
	for _, l := range f.found.Loads {
		runs[l.ID] = len(l.Files) == 1 && l.Files[0].Key == l.ID
	}
	for _, name := range in.Only {
		l, err := p.namedLoad(ctx, name)
		if err != nil {
			return err
		}
		ref := owner.LoadOf(l.ID, l.Version, l.Time)
		if p.ordered() && f.known.Newer(ref) && !in.Force {
			return p.refuseOlder(l.ID+" is older than", fmt.Sprintf(
				"`tablehaul load %s %s --force` loads it all the same", human.Arg(s.Table.String()), human.Arg(l.ID)))
		}
		f.loads = append(f.loads, l)
		if !runs[l.ID] {
			f.done.Named = append(f.done.Named, ref)
		} else {
			f.done.Loads = append(f.done.Loads, ref)
			f.done.Newest = &owner.LoadRef{ID: l.ID, Time: ref.Time}
		}
	}
	f.done.Unfinished, f.done.Through = f.left()
	if f.known != nil {
		f.done.LookedAt = f.known.LookedAt // what came late is for the next run to report
	}
	p.heldBack = p.waitingText()
	return nil
}

// left reports whether a run without names would load anything else, and the time of the oldest such load.
func (f *filesDraft) left() (bool, time.Time) {
	for _, l := range f.found.Loads {
		ref := owner.LoadOf(l.ID, l.Version, l.Time)
		state := f.known.StateOf(ref)
		chosen := slices.ContainsFunc(f.done.Loads, func(o owner.Load) bool { return o.ID == ref.ID })
		if (state == owner.LoadNew || state == owner.LoadChanged) && !chosen {
			return true, ref.Time
		}
	}
	return false, time.Time{}
}

// namedLoad is a file that a person has named, as a load of its own.
func (p *planDraft) namedLoad(ctx context.Context, name string) (layout.Load, error) {
	key := strings.TrimPrefix(strings.TrimPrefix(name, p.settings.Files.URL), "/")
	if err := layout.CheckName(key); err != nil {
		return layout.Load{}, translateFiles(ctx, err, p.filesAt())
	}
	e, err := p.files.store.Stat(ctx, key)
	if errors.Is(err, files.ErrNotFound) {
		return layout.Load{}, invalidInput("there is no file "+key, "write its name below files.url")
	}
	if err != nil {
		return layout.Load{}, translateFiles(ctx, err, p.filesAt())
	}
	file := layout.File{Entry: e}
	file.Format, file.Compression = format.SuffixFormat(key)
	return layout.Load{ID: key, Version: e.Version, Time: e.Modified, Files: []layout.File{file}}, nil
}
