package activities

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
)

// commandOfTable is a command in a remedy, up to the place of the table's name.
var commandOfTable = regexp.MustCompile(`(tablehaul [a-z -]+ )TABLE\b`)

// withName puts a table's name into the commands of a remedy.
func withName(remedy string, name table.Name) string {
	return commandOfTable.ReplaceAllStringFunc(remedy, func(command string) string {
		return strings.TrimSuffix(command, "TABLE") + human.Arg(name.String())
	})
}

// refusal is the first finding that forbids the run, with all others of its kind, or nil. The remedy of a single one
// is that of the failure.
func (p *planDraft) refusal() error {
	var texts []string
	var only table.Finding
	for _, f := range p.findings {
		if f.Level == table.LevelRefuse {
			only, texts = f, append(texts, findingText(f))
		}
	}
	if len(texts) == 0 {
		return nil
	}
	if p.ahead != nil && len(texts) == 1 {
		return p.watermarkAhead()
	}
	remedy := ""
	if len(texts) == 1 {
		remedy, only.Remedy = only.Remedy, ""
		texts[0] = findingText(only)
	}
	return failure.New(failure.UnsupportedTable,
		fmt.Sprintf("table %s cannot be synced safely: %s", p.settings.Table, strings.Join(texts, "; ")), remedy)
}

// watermarkAhead is the failure of a run whose watermark is ahead of the source. What the run saw of the
// source's clock goes with it: rows of meanwhile lie below the watermark, and when the clock is right
// again nothing else tells of them.
func (p *planDraft) watermarkAhead() error {
	what, remedy := aheadText(*p.ahead), aheadRemedy(p.settings.Table, *p.ahead)
	return temporal.NewApplicationErrorWithOptions(what+": "+remedy, failure.WatermarkAhead,
		temporal.ApplicationErrorOptions{
			NonRetryable: true, Details: []any{
				failure.Details{What: what, Remedy: remedy, ClockBack: p.clockBack, ClockUntil: p.clockUntil},
			},
		})
}

func findingText(f table.Finding) string {
	text := f.Text
	if f.Column != "" && !strings.Contains(text, f.Column) {
		text = f.Column + ": " + text
	}
	if f.Remedy != "" {
		text += " (" + f.Remedy + ")"
	}
	return text
}

// joinFindings joins what was found on both sides, the gravest first.
func (p *planDraft) joinFindings() {
	aboutGenerated := func(f table.Finding) bool { return f.Topic == table.TopicGenerated }
	if slices.ContainsFunc(p.target.Findings, aboutGenerated) { // they say which are computed there
		p.findings = slices.DeleteFunc(p.findings, aboutGenerated)
	}
	for _, f := range p.target.Findings {
		f.Remedy = withName(f.Remedy, p.settings.Table)
		if !slices.Contains(p.findings, f) { // both sides may find the same thing
			p.findings = append(p.findings, f)
		}
	}
	p.checkOverlap()
	slices.SortStableFunc(p.findings, func(a, b table.Finding) int { return levelOrder[a.Level] - levelOrder[b.Level] })
}

// levelOrder lists findings with the gravest first.
var levelOrder = map[table.Level]int{table.LevelRefuse: 0, table.LevelWarn: 1, table.LevelInfo: 2}

// lookupFailure translates an error of introspection: what is not there is the caller's to mend.
func lookupFailure(ctx context.Context, err error, at where) error {
	for known, remedy := range map[error]string{
		schema.ErrNotFound: "mend the name in the configuration, or GRANT SELECT on the table to the" +
			" connection's login",
		schema.ErrNotABaseTable: "name the table behind it",
		source.ErrNeedsProcess:  "",
		source.ErrReplica:       "",
	} {
		if errors.Is(err, known) {
			return at.permanent(failure.UnsupportedTable, err, remedy)
		}
	}
	return translate(ctx, err, at)
}
