package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
)

const (
	// maxRunLoads and maxRunFiles bound what one run loads; the next run goes on.
	maxRunLoads = 2000
	maxRunFiles = 20_000
	// maxKnownLoads bounds the loads that a state remembers one by one: 640 KB. The floor rises before, unless so many
	// have one time, or a load before them stays unloaded.
	maxKnownLoads = 20_000
	// settleMargin is how much longer a run waits for files to settle than the rule says.
	settleMargin = time.Minute
)

// chooseLoads chooses what to load: what is complete and not done. Without a cursor, a load that is older than one that
// is done would undo newer rows, and is refused.
func (p *planDraft) chooseLoads(ctx context.Context, in PlanRunInput) error {
	f := p.files
	if len(in.Only) > 0 {
		return p.chooseFiles(ctx, in)
	}
	p.noteLate(f.late())
	for _, l := range f.found.Loads {
		ref := owner.LoadOf(l.ID, l.Version, l.Time)
		state := f.known.StateOf(ref)
		switch {
		case state == owner.LoadDone:
			continue
		case state == owner.LoadBelow:
			continue
		case f.knowsTooMany():
			return p.refuseTooMany("give the files different times, or let a marker complete a folder of them")
		case (p.ordered() || p.settings.Replace != nil) && f.known.Newer(ref) && !in.Force:
			return p.refuseLate(l, state)
		case p.settings.Replace != nil:
			if err := p.checkWhole(ctx, l, in.Force); err != nil {
				return err
			}
		case l.Snapshot && p.settings.Cursor == "" && !in.Force && !p.holdsSnapshot(in.State, l.ID, ref):
			if err := p.checkSnapshot(ctx, l); err != nil {
				return err
			}
		}
		if len(f.loads) >= maxRunLoads || len(f.loads) > 0 && p.filesToLoad()+len(l.Files) > maxRunFiles {
			f.done.Unfinished, f.done.Through = true, ref.Time
			p.warnings = append(p.warnings, fmt.Sprintf("there is more to load than a run takes: %s now, the rest "+
				"with the next run", human.Count(len(f.loads), "load")))
			break
		}
		f.loads = append(f.loads, l)
		f.done.Loads = append(f.done.Loads, ref)
		f.done.Newest = &owner.LoadRef{ID: l.ID, Time: ref.Time}
	}
	p.noteReplaced()
	return p.waitForLoads(ctx)
}

// knowsTooMany reports whether the table's state has no place for more loads.
func (f *filesDraft) knowsTooMany() bool { return f.known != nil && len(f.known.Done) >= maxKnownLoads }

func (p *planDraft) refuseTooMany(remedy string) error {
	return filesRefused(remedy, "%s of %s are remembered one by one, and no more can be",
		human.Count(len(p.files.known.Done), "load"), p.settings.Table)
}

func (p *planDraft) filesToLoad() (n int) {
	for _, l := range p.files.loads {
		n += len(l.Files)
	}
	return n
}

// late are the loads that have arrived below the floor since the last run has looked: the loads there are others than
// then, and these came to their place later.
func (f *filesDraft) late() (out []string) {
	below := uint64(0)
	for _, l := range f.found.Loads {
		ref := owner.LoadOf(l.ID, l.Version, l.Time)
		if f.known.StateOf(ref) != owner.LoadBelow {
			continue
		}
		if below += ref.Sum(); arrived(l).After(f.known.LookedAt) {
			out = append(out, l.ID)
		}
	}
	f.done.Below = &below
	if f.known != nil && below == f.known.Below {
		return nil
	}
	return out
}

// noteLate says which loads are late. No run loads them.
func (p *planDraft) noteLate(late []string) {
	if len(late) == 0 {
		return
	}
	p.warnings = append(p.warnings, fmt.Sprintf("%s arrived more than a week late, and below what is known of "+
		"loads: not loaded: %s (load their files with tablehaul load %s FILE)", human.Count(len(late), "load"),
		human.Sample(late[:min(len(late), 3)], len(late)), human.Arg(p.settings.Table.String())))
}

// arrived is when the last file of a load was written, or came to its place.
func arrived(l layout.Load) time.Time {
	at := l.Completed
	if l.Marker != nil && l.Marker.Arrived().After(at) {
		at = l.Marker.Arrived()
	}
	for _, f := range l.Files {
		if f.Arrived().After(at) {
			at = f.Arrived()
		}
	}
	return at
}

func (p *planDraft) refuseLate(l layout.Load, state owner.LoadState) error {
	what := "was completed after"
	if state == owner.LoadChanged {
		what = "has changed since it was loaded, and is older than"
	}
	return p.refuseOlder(fmt.Sprintf("load %s of %s %s", l.ID, p.settings.Table, what), fmt.Sprintf(
		"`tablehaul load %s --force` loads it all the same; or remove the files", human.Arg(p.settings.Table.String())))
}

// refuseOlder refuses what is older than a load that is done: what says which, and force how to load it nevertheless.
func (p *planDraft) refuseOlder(what, force string) error {
	newest := p.files.known.Newest
	if p.settings.Cursor != "" {
		return filesRefused(force, "%s %s, which is loaded: nothing of rows that are deleted is left to compare with, "+
			"and its rows would bring them back", what, newest)
	}
	return filesRefused("set a cursor, by which the newest row wins; or "+force, "%s %s, which is loaded: without a "+
		"cursor its rows would undo newer ones", what, newest)
}

// holdsSnapshot reports whether the rows of the target are those of this dump: an unfinished run has begun to write it,
// or it is the last that is done. The target is the one that the state speaks of, and has lost nothing since.
func (p *planDraft) holdsSnapshot(s owner.State, id string, ref owner.Load) bool {
	was, now, row := s.Identity, p.id.now, p.id.row
	switch {
	case was == nil || was.Cursor != "" || was.Target.Table != now.Target.Table: // a cursor keeps rows of others
		return false
	case row == nil && (was.Target.Row || !was.Target.Server.Same(now.Target.Server)):
		return false
	case row != nil && (row.Run < was.Target.Run || s.FirstLoad != nil && row.Fence < s.FirstLoad.Fence):
		return false
	case s.FirstLoad != nil:
		return s.FirstLoad.Snapshots.Has(ref)
	}
	known := s.Files
	return known != nil && known.Newest != nil && known.Newest.ID == id && known.StateOf(ref) == owner.LoadDone
}

// checkSnapshot refuses a snapshot where the target has rows and no cursor says which of both are newer.
func (p *planDraft) checkSnapshot(ctx context.Context, l layout.Load) error {
	rows, err := p.filesTargetHasRows(ctx)
	if err != nil || !rows {
		return err
	}
	return filesRefused(fmt.Sprintf("set a cursor, by which the newest row wins; or empty the target; or "+
		"`tablehaul load %s --force` loads it all the same", human.Arg(p.settings.Table.String())),
		"%s is a dump of %s, and the target %s has rows: without a cursor nothing says which are newer", l.ID,
		l.Time.UTC().Format(time.DateTime), p.settings.Target)
}

// noteReplaced says that rows stay which a load that is the whole table lacks.
func (p *planDraft) noteReplaced() {
	i := slices.IndexFunc(p.files.loads, func(l layout.Load) bool { return l.Replaces })
	if i < 0 || p.settings.Replace != nil {
		return
	}
	what := "is the whole table: rows of the target that it lacks stay"
	if p.files.loads[i].Emptied {
		what = "has emptied the table: the target's rows stay"
	}
	p.warnings = append(p.warnings, fmt.Sprintf("load %s %s (write: replace gives the target what the load has)",
		p.files.loads[i].ID, what))
}

// waitForLoads says what is not complete yet. A run that has nothing to load waits for the first load, and for files
// that only have to settle; it ends otherwise, and the next one looks again.
func (p *planDraft) waitForLoads(ctx context.Context) error {
	f := p.files
	waiting := p.waitingText()
	p.freshAt = f.freshAt()
	if len(f.loads) == 0 && waiting == "" && (f.known == nil || f.known.Newest == nil) {
		p.warnings = append(p.warnings, p.settings.Files.nothingThere())
	}
	if len(f.loads) > 0 || waiting == "" {
		p.heldBack, p.nothing = waiting, len(f.loads) == 0
		return nil
	}
	settle, settles := strings.CutPrefix(p.settings.Files.Complete, "settled:")
	d, err := time.ParseDuration(settle)
	soon := settles && err == nil && age(ctx) < 2*d+settleMargin
	if p.preview || f.known != nil && !soon {
		p.heldBack, p.nothing = waiting, true
		return nil
	}
	return filesIncomplete("no files of " + p.settings.Table.String() + " are complete yet: " + waiting)
}

// freshAt is the moment up to which the target holds what the files hold, when the loads are done: now, or when the
// oldest of what is not loaded was written; the zero time before a first load. A folder in which nothing new arrives
// leaves nothing behind.
func (f *filesDraft) freshAt() time.Time {
	if len(f.loads) == 0 && (f.known == nil || f.known.Newest == nil) {
		return time.Time{}
	}
	at := f.done.LookedAt
	if f.done.Unfinished {
		at = f.loads[len(f.loads)-1].Time
	}
	for _, w := range f.found.Waiting {
		if !f.has(w) && !w.Since.IsZero() && w.Since.Before(at) {
			at = w.Since
		}
	}
	return at
}
