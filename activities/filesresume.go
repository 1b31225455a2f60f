package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A run of files that has not ended well is taken up by the next one, as a first load is: by its staged plan, the
// ranges that the state and the target both say are done, and the loads that it has frozen. The plan is staged again
// under the name of the new run, so that the steps go by the settings of now.

// frozenFiles are what a run of files loads, for the next run should this one not end well.
type frozenFiles struct {
	Loads []layout.Load   `json:"loads"`
	Done  owner.FilesDone `json:"done"`
	// Only and Force are those of PlanRunInput.
	Only  []string `json:"only,omitempty"`
	Force bool     `json:"force,omitempty"`
}

// unfinishedFiles is a run of files that is taken up.
type unfinishedFiles struct {
	run  string
	plan stagedPlan
	// done has a '1' for each range that is on the target.
	done string
}

// startOverError says why an unfinished run of files is not taken up.
type startOverError struct{ why string }

func (e *startOverError) Error() string { return e.why }

// recordOfFiles says what becomes of the state's record of an unfinished run.
type recordOfFiles int

const (
	_ recordOfFiles = iota // there is none
	// keepRecord leaves it for a later run.
	keepRecord
	// replaceRecord puts this run in its place.
	replaceRecord
)

// startsOver says that the unfinished run of files is not taken up.
func (p *planDraft) startsOver(why string) {
	p.warnings = append(p.warnings, "the unfinished run starts over: "+why)
	p.id.state.FirstLoad = nil
}

// takeUp takes up the unfinished run of files, if there is one and nothing speaks against it. Named files are loaded
// beside it where the cursor decides which row wins; else any other run makes it begin again, so that rows do not go
// back.
func (a *Activities) takeUp(ctx context.Context, in PlanRunInput, p *planDraft) error {
	f, old := p.files, p.id.state.FirstLoad
	if in.State.FirstLoad == nil || p.settings.Replace != nil {
		return nil
	}
	f.record = replaceRecord
	switch {
	case in.Full, old == nil: // identify has said why
		return nil
	case in.startOver != "":
		p.startsOver(in.startOver)
		return nil
	case f.done.Forget, f.done.KeepRuns != 0, p.targetLost, p.id.row != nil && p.id.row.Fence < old.Fence:
		p.startsOver("the target has lost rows")
		return nil
	}
	staged, _, err := a.readPlan(ctx, p.settings.Table, old.Run, old.PlanSum)
	switch {
	case unreadable(err) && in.preview && old.Queue != a.deps.HostQueue:
		f.resumes = old.String()
		return nil // the plan is on another host
	case unreadable(err):
		p.startsOver("its staged plan is lost")
		return nil
	case err != nil:
		return translate(ctx, err, where{doing: "read the plan of " + in.Table})
	case staged.Frozen != nil && !slices.Equal(staged.Frozen.Only, in.Only):
		if len(in.Only) > 0 && !p.ordered() {
			f.record = keepRecord
		} else {
			p.startsOver("this run is for other files")
		}
		return nil
	}
	if why := p.otherLoad(in, staged, old); why != "" {
		p.startsOver(why)
		return nil
	}
	u := unfinishedFiles{run: old.Run, plan: staged, done: p.doneOf(old.Done)}
	why, err := p.changedFiles(ctx, in, &u)
	switch {
	case err != nil:
		return err
	case why == "":
		p.goOn(&u)
	case len(in.Only) > 0 || !p.keepDone(&u):
		p.startsOver(why)
	default:
		p.warnings = append(p.warnings, why+": what is loaded of the unfinished run stays, and the rest is planned "+
			"again")
	}
	return nil
}

// otherLoad says why what is left of a plan is not what this run is to load; "" for nothing.
func (p *planDraft) otherLoad(in PlanRunInput, staged stagedPlan, old *owner.FirstLoad) string {
	switch {
	case staged.Frozen == nil || staged.Mode != api.ModeFiles || len(old.Done) != len(staged.Ranges) ||
		staged.StateID != in.State.ID:
		return "it was no run of these files"
	case in.Force && !staged.Frozen.Force:
		return "it was begun without force"
	}
	if keys := changedKeys(staged.Settings, p.settings); len(keys) > 0 {
		return "the configuration has changed since (" + strings.Join(keys, ", ") + ")"
	}
	return ""
}

// changedKeys are the keys of the configuration whose change makes a run of files load other rows, or otherwise.
func changedKeys(was, now Settings) (keys []string) {
	for _, s := range []*Settings{&was, &now} {
		files := *s.Files
		files.After = ""
		s.Files = &files
	}
	for _, k := range []struct {
		name     string
		was, now any
	}{
		{"target", []any{was.TargetConnection, was.Target}, []any{now.TargetConnection, now.Target}},
		{"files", was.Files, now.Files},
		{"cursor", was.Cursor, now.Cursor},
		{"key", was.Key, now.Key},
		{"write", was.Write.OrUpsert(), now.Write.OrUpsert()},
		{"uniqueConflicts", was.UniqueConflicts, now.UniqueConflicts},
		{"deletes", was.Deletes, now.Deletes},
	} {
		a, errA := json.Marshal(k.was)
		b, errB := json.Marshal(k.now)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			keys = append(keys, k.name)
		}
	}
	return keys
}

// doneOf are the ranges of an unfinished run that both the state and the target say are done; where rows are written in
// order, those before the first that is not.
func (p *planDraft) doneOf(done string) string {
	if p.id.row != nil {
		done = bothDone(done, p.id.row.Done)
	}
	if i := strings.IndexByte(done, '0'); i >= 0 && p.ordered() {
		done = done[:i] + strings.Repeat("0", len(done)-i)
	}
	return done
}

// changedFiles says which load that is not done is not there any more as it was; "" for none. A load of which nothing
// is left to read may have changed: its version is remembered, and the next run finds another one.
func (p *planDraft) changedFiles(ctx context.Context, in PlanRunInput, u *unfinishedFiles) (string, error) {
	there := map[string]string{}
	for _, l := range p.files.found.Loads {
		there[l.ID] = l.Version
	}
	open := fileSet{}
	for i, one := range u.plan.Ranges {
		if u.done[i] != '1' {
			open.addPieces(one)
		}
	}
	for _, l := range u.plan.Frozen.Loads {
		if !open.hasAny(l) {
			continue
		}
		if len(in.Only) > 0 {
			named, err := p.namedLoad(ctx, l.ID)
			if err != nil {
				return "", err
			}
			there[l.ID] = named.Version
		}
		if there[l.ID] != l.Version {
			return fmt.Sprintf("load %s has changed since, or is gone", l.ID), nil
		}
	}
	return "", nil
}

// goOn makes the run one that loads what is left of another.
func (p *planDraft) goOn(u *unfinishedFiles) {
	f, frozen := p.files, u.plan.Frozen
	f.unfinished, f.before, f.loads, f.done = u, u, frozen.Loads, frozen.Done
	f.resumes = (&owner.FirstLoad{Done: u.done}).String()
	f.done.Forget, f.done.KeepRuns = false, 0 // the state has forgotten them since
	f.done.PutsAway = p.settings.Files.putsAway()
	p.heldBack, p.freshAt = p.waitingText(), u.plan.FreshAt
	p.noteReplaced()
}

// sameColumns fails with a startOverError where the files have other columns on the target than those of what is done.
func (p *planDraft) sameColumns() error {
	was := p.files.before.plan
	same := slices.EqualFunc(was.Columns, p.target.Columns, func(a, b table.Column) bool {
		return table.SameColumn(a.Name, b.Name) && a.SourceName() == b.SourceName()
	})
	if same && slices.EqualFunc(was.Key, p.table.PrimaryKey, table.SameColumn) {
		return nil
	}
	return &startOverError{"the columns to load have changed since"}
}

// resumeFiles is resume for a run of files: takeUp has decided.
func (a *Activities) resumeFiles(
	ctx context.Context, in PlanRunInput, p *planDraft,
) (PlanRunResult, bool, error) {
	u := p.files.unfinished
	if u == nil {
		if old := in.State.FirstLoad; old != nil && p.files.record == replaceRecord && p.files.before == nil {
			a.forgetPlan(ctx, in.Table, old.Run)
		}
		return PlanRunResult{}, false, nil
	}
	p.ranges = u.plan.Ranges
	out := p.result(in)
	sum, err := a.writePlan(ctx, in.Run, a.staged(ctx, in, p))
	out.PlanSum = sum
	return out, true, translate(ctx, err, where{doing: "stage the plan of " + in.Table})
}
