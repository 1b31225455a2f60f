package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/table"
)

// maxProbedJSON is the size of a file of JSON, in bytes, up to which a preview looks for names in all of its rows.
const maxProbedJSON = 64 << 20

// probeFiles opens the first file of each format that is to be loaded, as ReadFiles will: what that would refuse before
// it has read a row is refused by the plan.
func (p *planDraft) probeFiles(ctx context.Context) error {
	seen := map[string]bool{}
	for _, l := range p.files.loads {
		for _, file := range l.Files {
			o := p.settings.formatOptions(file, p.files.found.Text)
			if seen[o.Format] {
				continue
			}
			seen[o.Format] = true
			if err := p.probeFile(ctx, file, o); err != nil {
				return translateFiles(ctx, err, p.filesAt())
			}
		}
	}
	return nil
}

// probePutAway finds out before the first write whether files can be put away, by the first one: else it would show
// when all rows are written, and again after each run. A preview only looks.
func (p *planDraft) probePutAway(ctx context.Context) error {
	s := p.settings.Files
	i := slices.IndexFunc(p.files.loads, func(l layout.Load) bool { return len(l.Files) > 0 })
	if !s.putsAway() || p.files.compare || i < 0 {
		return nil
	}
	first, to := p.files.loads[i].Files[0].Entry, ""
	if prefix := s.movesTo(); prefix != "" {
		to = prefix + first.Key
	}
	return translateFiles(ctx, p.files.store.CanPutAway(ctx, first, to, !p.preview), where{
		doing: "see whether the files of " + p.settings.Table.String() + " can be put away (after: " + s.After + ")",
	})
}

func (p *planDraft) probeFile(ctx context.Context, file layout.File, o format.Options) error {
	f, err := p.files.store.Open(ctx, file.Entry)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading
	plan := stagedPlan{
		Settings: p.settings, FilesText: p.files.found.Text, Columns: p.target.Columns, Removal: p.files.removal,
	}
	c := fileCopy{
		r: &openedRange{plan: plan}, store: p.files.store, want: plan.readOfFiles(), out: plan.Columns,
	}
	reader, _, err := c.open(ctx, f, plannedFile{File: file}, format.Position{})
	if err != nil {
		return err
	}
	if err := reader.Close(); err != nil || !p.preview || isJSON(file.Key, o) && file.Size > maxProbedJSON {
		return err
	}
	names, err := format.Names(ctx, f, file.Key, o)
	if err != nil {
		return err
	}
	return p.noteAbsent(file.Key, names, c.want)
}

// noteAbsent says in a preview which columns a file does not have: its rows get NULL there. One of columns.include may
// be misspelt.
func (p *planDraft) noteAbsent(file string, names []string, want []table.Column) error {
	matched, err := format.Match(file, names, want)
	if err != nil || len(matched.Missing) == 0 {
		return err
	}
	text := fmt.Sprintf("%s has no column %s: its rows get NULL there", file, strings.Join(matched.Missing, ", "))
	if len(matched.Extra) > 0 {
		slices.Sort(matched.Extra)
		text += "; it has " + strings.Join(matched.Extra, ", ") + ", which no column is named like"
	}
	p.findings = append(p.findings, table.Finding{
		Level: table.LevelWarn, Table: p.settings.Table.String(), Column: matched.Missing[0], Text: text,
		Remedy: "correct columns.include or the target's column, if it is misspelt",
	})
	return nil
}
