package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/files"
	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// filesDraft is what a planDraft has of a table of files, in place of a source.
type filesDraft struct {
	store files.Store
	found layout.Found
	// known is what was loaded, as far as the target still has it.
	known *owner.Files
	done  owner.FilesDone
	// loads are those to load, the oldest first.
	loads []layout.Load
	// skip are packed numbers of rows that do not count, by load and file: see settleVersions.
	skip map[string][]byte
	// removal is set where rows of the files are deletes.
	removal *removal
	// holdEmpty says that a load without rows is not to empty the target.
	holdEmpty bool
	// names are those that the files have for columns, by the target's names.
	names map[string]string
	// rangeBytes is the least size of a range.
	rangeBytes int64
	// compare says that a comparison follows, and no run.
	compare bool
	// before is the run that this one goes on with, nil for none: all of it is frozen where unfinished is set, too;
	// else these loads and ranges of it are kept, and the others are planned again.
	before, unfinished *unfinishedFiles
	kept               []layout.Load
	keptRanges         []piece
	// resumes says how far that is; "" for none.
	resumes string
	// record is what becomes of the state's record of an unfinished run, where this one takes none up.
	record recordOfFiles
}

// draftFiles is draft for a table that is loaded from files: what is complete and not loaded yet takes the place of the
// window.
func (a *Activities) draftFiles(ctx context.Context, in PlanRunInput, s Settings) (*planDraft, error) {
	p, err := a.tryDraftFiles(ctx, in, s)
	if over := new(startOverError); errors.As(err, &over) {
		in.startOver = over.why
		return a.tryDraftFiles(ctx, in, s)
	}
	return p, err
}

// tryDraftFiles fails with a startOverError where the unfinished run cannot be taken up.
func (a *Activities) tryDraftFiles(ctx context.Context, in PlanRunInput, s Settings) (*planDraft, error) {
	if len(in.Only) > 0 && in.Full {
		return nil, invalidInput("full and files together", "full loads all files again: give one or the other")
	}
	if in.From != "" || in.To != "" {
		return nil, invalidInput("from/to for table "+in.Table+", which is loaded from files",
			"name the files: tablehaul load TABLE FILE…")
	}
	own := *s.Files
	s.Files = &own
	p := &planDraft{settings: s, preview: in.preview, mode: api.ModeFiles}
	p.files = &filesDraft{
		names: map[string]string{}, skip: map[string][]byte{}, rangeBytes: a.deps.Sizes.FilesRange,
		compare: in.compare,
	}
	p.files.done = owner.FilesDone{
		Origin: own.origin(), LookedAt: time.Now().UTC(), PutsAway: own.putsAway(),
	}
	var err error
	if p.dst, err = a.deps.Target(ctx, s.TargetConnection); err != nil {
		return nil, translate(ctx, err, targetAt(s))
	}
	if p.files.store, err = files.Open(own.URL); err != nil {
		return nil, translateFiles(ctx, err, p.filesAt())
	}
	var moved []string
	if p.files.found, moved, err = own.discover(ctx, p.files.store, in.State); err != nil {
		return nil, translateFiles(ctx, err, p.filesAt())
	}
	if w := p.files.found.Watermark; w != nil && in.preview && !in.compare {
		p.findings = append(p.findings, table.Finding{
			Level: table.LevelInfo, Table: in.Table, Column: w.Column,
			Text: fmt.Sprintf("the maker of the files has read its source up to %s %s", w.Column, w.Value),
		})
	}
	if in.preview && !in.compare {
		p.noteMoved(moved)
	}
	if err := a.draftFilesTarget(ctx, in, p); err != nil || p.id.changed != "" {
		return p, err
	}
	for _, f := range p.findings {
		if f.Level == table.LevelWarn {
			p.warnings = append(p.warnings, findingText(f))
		}
	}
	return p, nil
}

func (p *planDraft) filesAt() where {
	return where{doing: "look at the files of " + p.settings.Table.String()}
}

// draftFilesTarget looks at the target, chooses what to load, and compares the columns of the files with it.
func (a *Activities) draftFilesTarget(ctx context.Context, in PlanRunInput, p *planDraft) error {
	err := p.readFilesTarget(ctx)
	if err != nil || table.Findings(p.findings).Refused() {
		return err
	}
	if p.targetLost, err = p.hasLostTarget(ctx, in.State); err != nil {
		return translate(ctx, err, targetAt(p.settings))
	}
	if err := p.identify(ctx, in, a.keeper(ctx, in.Table)); err != nil || p.id.changed != "" {
		return err
	}
	p.knownLoads(in)
	if in.compare {
		p.chooseDone(in.State)
	} else if err := a.takeUp(ctx, in, p); err != nil {
		return err
	} else if p.files.unfinished == nil {
		if err := p.chooseLoads(ctx, in); err != nil {
			return err
		}
		p.addKept()
	}
	if err := p.chooseFileColumns(ctx); err != nil {
		return err
	}
	p.checkMerge()
	if table.Findings(p.findings).Refused() {
		return nil
	}
	if p.ordered() {
		p.settings.ChunksInFlight, p.settings.FarChunksInFlight, p.settings.RangesInFlight = 1, 1, 1
	}
	if err := p.compareFilesTarget(ctx); err != nil || table.Findings(p.findings).Refused() {
		return err
	}
	if err := p.replaceByLoad(ctx, in); err != nil || table.Findings(p.findings).Refused() {
		return err
	}
	if err := p.planRemoval(ctx); err != nil || table.Findings(p.findings).Refused() {
		return err
	}
	if p.files.before != nil {
		if err := p.sameColumns(); err != nil {
			return err
		}
	}
	if p.files.unfinished != nil {
		return nil // its versions are settled, and the files of what is done may be gone
	}
	if err := p.probeFiles(ctx); err != nil {
		return err
	}
	if err := p.probePutAway(ctx); err != nil {
		return err
	}
	return p.settleVersions(ctx, in)
}

// readFilesTarget reads the target's structure, with the key by which rows are matched. Where the target is missing, it
// is the one to create.
func (p *planDraft) readFilesTarget(ctx context.Context) error {
	dst, err := schema.Read(ctx, p.dst.DB, p.settings.Target)
	if errors.Is(err, schema.ErrNotFound) {
		p.target.Create = true
		return p.describeFilesTarget()
	}
	if err != nil {
		return lookupFailure(ctx, err, targetAt(p.settings))
	}
	p.findings = append(p.findings, p.settings.keyFindings(dst)...)
	p.table = p.settings.keyed(dst)
	return nil
}

// filesTargetHasRows reports whether the target is there and has a row.
func (p *planDraft) filesTargetHasRows(ctx context.Context) (bool, error) {
	if p.target.Create {
		return false, nil
	}
	rows, _, err := p.hasOwnRows(ctx)
	return rows, translate(ctx, err, targetAt(p.settings))
}

// previewFiles adds to a preview what the run would load.
func (p *planDraft) previewFiles(ctx context.Context, out *api.PlanTableResult) error {
	out.Resumes = p.files.resumes
	if u := p.files.unfinished; u != nil {
		p.ranges = u.plan.Ranges
	} else if err := p.cut(ctx); err != nil {
		return err
	}
	reads := p.files.reads()
	out.Ranges, out.Files, out.Reads = len(p.ranges), &reads, api.Estimate{Bytes: reads.Bytes, Basis: api.BasisGuess}
	columns := p.target.Columns
	if p.files.removal != nil {
		columns = columns[:len(columns)-1] // the last is the moment of a delete
	}
	for _, c := range columns {
		out.FileColumns = append(out.FileColumns, c.Name)
	}
	return nil
}

// waitingText says what the maker of the files is not done with; empty for nothing.
func (p *planDraft) waitingText() string {
	var why []string
	for _, w := range p.files.found.Waiting {
		if p.files.has(w) {
			continue
		}
		why = append(why, w.Why)
	}
	const shown = 3
	if n := len(why); n > shown {
		why = append(why[:shown], fmt.Sprintf("and %s more", human.Count(n-shown, "load")))
	}
	return strings.Join(why, "; ")
}

// has reports whether what waits is loaded already: the load itself, or each of its files by name.
func (f *filesDraft) has(w layout.Wait) bool {
	if f.known.Knows(w.ID) {
		return true
	}
	return len(w.Files) > 0 && !slices.ContainsFunc(w.Files, func(file layout.File) bool {
		ref := fileRef(file.Entry)
		return !f.known.WasNamed(ref) &&
			!slices.ContainsFunc(f.done.Named, func(n owner.Load) bool { return n.ID == ref.ID })
	})
}

// findFilesColumn is the finding for a column that the files have to have.
func (p *planDraft) refuseFiles(column, text, remedy string) {
	p.findings = append(p.findings, table.Finding{
		Level: table.LevelRefuse, Table: p.settings.Table.String(), Column: column, Text: text, Remedy: remedy,
	})
}

// errNoSource refuses what asks the source of a table, where it has none.
func errNoSource(tbl string) error {
	return failure.New(failure.UnsupportedTable, tbl+" is loaded from files: it has no source that could be asked",
		"load files again: tablehaul load "+human.Arg(tbl)+" FILE")
}

// withColumns is a table with these of its columns only, in the table's order.
func withColumns(t *schema.Table, names []string) *schema.Table {
	out := *t
	out.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c schema.Column) bool {
		return !table.HasColumn(names, c.Name)
	})
	return &out
}
