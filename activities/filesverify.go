package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// A comparison of a table of files reads the files of the loads that are done, as far as they are still there, and
// looks for each of their rows on the target. Rows that the target has beside them are not looked at: they may be of
// files that are gone.

// planVerifyFiles is PlanVerify for a table of files.
func (a *Activities) planVerifyFiles(ctx context.Context, in PlanVerifyInput, s Settings) (PlanVerifyResult, error) {
	if in.Repair || in.Replay != "" || in.Deletes {
		return PlanVerifyResult{}, errNoSource(in.Table)
	}
	if in.Since || in.Depth == api.DepthSample {
		return PlanVerifyResult{}, failure.New(failure.UnsupportedTable, s.Table.String()+" is loaded from files: "+
			"they are compared as a whole", "compare it by depth digest or keys")
	}
	state, err := a.state(ctx, in.Table)
	if err != nil {
		return PlanVerifyResult{}, err
	}
	p, err := a.draftFiles(ctx, PlanRunInput{Table: in.Table, State: state, preview: true, compare: true}, s)
	if err != nil {
		return PlanVerifyResult{}, err
	}
	if err := p.filesComparable(in.Table); err != nil {
		return PlanVerifyResult{}, err
	}
	c := comparison{TargetInstance: p.dst.DB.Instance().Digest, FilesDone: filesMark(state)}
	if c.Layout, err = p.filesLayout(ctx, s.comparedDepth(in.Depth)); err != nil {
		return PlanVerifyResult{}, err
	}
	if err := p.cutFiles(ctx); err != nil {
		return PlanVerifyResult{}, err
	}
	c.SourceRanges = len(p.ranges)
	reads := p.files.reads()
	out := PlanVerifyResult{
		Target: p.settings.Target.String(), Run: in.Run, Depth: in.Depth, Ranges: len(p.ranges), StateID: state.ID,
		RangesInFlight: s.RangesInFlight, Priority: p.settings.Priority, Warnings: p.warnings, Files: &reads,
		Queue: a.deps.HostQueue, Visibility: a.visibility(ctx), KeysOnly: c.Layout.KeysOnly,
	}
	if in.DryRun {
		out.Estimate = p.estimateFiles(in, state)
		return out, nil
	}
	return out, a.stageComparison(ctx, p, state.ID, &c, &out)
}

// filesComparable refuses what cannot be compared: see comparable.
func (p *planDraft) filesComparable(tbl string) error {
	if err := p.comparable(tbl); err != nil {
		return err
	}
	if p.removes() {
		return failure.New(failure.UnsupportedTable, "runs of "+tbl+" delete rows that the files hold: nothing tells "+
			"a row that is missing on the target from one that was deleted", "compare the target with the source that "+
			"the files are of")
	}
	if len(p.files.loads) == 0 {
		return failure.New(failure.UnsupportedTable,
			"no file is there that runs of "+tbl+" have loaded: nothing can be compared",
			"run "+tbl+" to its end first, and keep its files (files.after: keep)")
	}
	return nil
}

// chooseDone chooses the loads that are done: what a comparison reads.
func (p *planDraft) chooseDone(state owner.State) {
	f, open := p.files, 0
	late := f.late()
	for _, l := range f.found.Loads {
		switch f.known.StateOf(owner.LoadOf(l.ID, l.Version, l.Time)) {
		case owner.LoadDone:
		case owner.LoadBelow:
			if slices.Contains(late, l.ID) {
				open++
				continue
			}
		default:
			open++
			continue
		}
		f.loads = append(f.loads, l)
	}
	if open > 0 {
		p.warnings = append(p.warnings, human.Count(open, "load")+" not loaded yet: not compared")
	}
	if p.ordered() && state.FailedRuns > 0 {
		p.warnings = append(p.warnings, "the last run failed: rows that it wrote differ from those of the loads that "+
			"are done")
	}
}

// filesLayout is layout for a table of files: what the files hold against the target's columns.
func (p *planDraft) filesLayout(ctx context.Context, depth string) (verify.Layout, error) {
	l := verify.Layout{
		Cursor: -1, Key: len(p.table.PrimaryKey), Versions: true, PlainZero: true,
		KeysOnly: p.settings.Write == table.WriteAppend,
	}
	dst, err := p.readTarget(ctx)
	if err != nil {
		return l, err
	}
	add := func(c table.Column) error {
		t := dst.Column(c.Name)
		if t == nil {
			return failure.New(failure.TableChanged, fmt.Sprintf("%s has no column %s any more", p.settings.Target,
				c.Name), "start it again")
		}
		if table.SameColumn(c.Name, p.settings.Cursor) {
			c.Nullable, l.Cursor = false, len(l.Columns)
		}
		l.Columns = append(l.Columns, verify.Column{Source: c, Target: t.Column})
		return nil
	}
	for _, name := range p.table.PrimaryKey {
		if err := add(p.target.Columns[table.Index(p.target.Columns, name)]); err != nil {
			return l, err
		}
	}
	for _, c := range p.target.Columns {
		isCursor := table.SameColumn(c.Name, p.settings.Cursor)
		if table.HasColumn(p.table.PrimaryKey, c.Name) || depth == api.DepthKeys && !isCursor {
			continue
		}
		if err := add(c); err != nil {
			return l, err
		}
	}
	if err := l.Prepare(); err != nil {
		return l, failure.New(failure.UnsupportedTable, fmt.Sprintf("%s cannot be compared: %s", p.settings.Table, err),
			"compare it by depth keys")
	}
	return l, nil
}

// estimateFiles says what a comparison would read.
func (p *planDraft) estimateFiles(in PlanVerifyInput, state owner.State) *api.VerifyEstimate {
	out := &api.VerifyEstimate{Bytes: p.files.reads().Bytes, Basis: api.BasisGuess}
	pace := guessedComparePace[in.Depth]
	if last := state.LastVerify; last != nil && last.SourceRows >= minPaceRows && last.Seconds > overhead {
		out.SourceRows, out.TargetRows, out.Basis = last.SourceRows, last.SourceRows, api.BasisEarlier
		pace = float64(last.SourceRows) / (last.Seconds - overhead)
	} else {
		out.SourceRows = out.Bytes / guessedRowBytes
		out.TargetRows = out.SourceRows
	}
	out.Seconds = overhead + float64(out.SourceRows)/pace
	return out
}

// guessedRowBytes is what a row takes in a file where nothing is known of it.
const guessedRowBytes = 100

// filesMark changes with the loads that are done, and with the files that a person has loaded by name.
func filesMark(s owner.State) string {
	if s.Files == nil {
		return ""
	}
	newest := ""
	if s.Files.Newest != nil {
		newest = s.Files.Newest.ID
	}
	text, err := json.Marshal([]owner.Loads{s.Files.Done, s.Files.Named})
	if err != nil {
		return "" // it never fails
	}
	return hash(append(text, newest...))
}
