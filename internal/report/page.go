package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/tablehaul/tablehaul/internal/human"
)

// Page is everything that the page shows.
type Page struct {
	// At is when it was asked for, Queue the task queue of the workers.
	At     time.Time
	Queue  string
	Tables []Table
}

// Table is one table of the page.
type Table struct {
	Name, Target string
	// Now is what its run does, Next when the next one begins; both in a few words.
	Now, Next string
	// Lag and StaleAfter are durations; nil where they are not known, or the table is never stale.
	Lag, StaleAfter *time.Duration
	Watermark       string
	// Issues are what is wrong with it, the most serious first.
	Issues []Issue
	// Runs are the last ones, the oldest first.
	Runs   []Run
	Verify *Verify
	// Deletes is what the last sweep did, Quarantine what is in quarantine; "" for neither.
	Deletes, Quarantine string
}

// Issue is one thing that is wrong with a table. Text follows the table's name.
type Issue struct {
	Text, Remedy string
	// Serious says that the target does not follow the source.
	Serious bool
}

// Run is a run that has ended.
type Run struct {
	Finished              time.Time
	Mode, Outcome, Window string
	Rows                  int64
	Took                  time.Duration
	Failure               string
}

// Outcomes of a run that the page colours; all others are drawn like OutcomeDone.
const (
	OutcomeDone   = "done"
	OutcomeFailed = "failed"
)

// Verify is the last comparison of both sides.
type Verify struct {
	At         time.Time
	Depth      string
	Partial    bool
	SourceRows int64
	Pending    int64
	// Differing are the keys that differ, by verdict; those of zero keys are left out.
	Differing []Count
	Took      time.Duration
}

// Count is a number with a name.
type Count struct {
	Name string
	N    int64
}

//go:embed page.gohtml
var source string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"comma": humanize.Comma, "utc": utc, "ago": ago, "duration": human.Duration, "lag": lagOf, "spark": spark,
	"chart": chartOf, "reverse": lastFirst,
}).Parse(source))

// Write draws the page. Every text is escaped: names and messages may hold any character.
func Write(w io.Writer, p Page) error {
	if err := page.Execute(w, p); err != nil {
		return fmt.Errorf("draw the report: %w", err)
	}
	return nil
}

func utc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// ago is how long before at a moment was.
func ago(at, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return human.Duration(max(0, at.Sub(t)).Truncate(time.Second)) + " ago"
}

// shownRuns is how many runs of a table are listed.
const shownRuns = 10

// lastFirst are the last runs, the newest first.
func lastFirst(runs []Run) []Run {
	out := slices.Clone(runs[max(0, len(runs)-shownRuns):])
	slices.Reverse(out)
	return out
}

// Levels of a table, which are classes of the style sheet.
const (
	levelGood  = "good"
	levelWarn  = "warn"
	levelBad   = "bad"
	levelNever = "never"
)

// Level is how bad it is: "good", "warn", "bad", or "never" without any run.
func (t Table) Level() string {
	switch {
	case slices.ContainsFunc(t.Issues, func(i Issue) bool { return i.Serious }):
		return levelBad
	case len(t.Runs) == 0 && t.Watermark == "":
		return levelNever
	case len(t.Issues) > 0:
		return levelWarn
	}
	return levelGood
}

// Last is the last run; nil before the first one has ended.
func (t Table) Last() *Run {
	if len(t.Runs) == 0 {
		return nil
	}
	return &t.Runs[len(t.Runs)-1]
}

// Tile is a number at the top of the page.
type Tile struct{ Value, Name, Level string }

// Tiles sum up all tables.
func (p Page) Tiles() []Tile {
	levels := map[string]int{}
	var differing, rows int64
	for _, t := range p.Tables {
		levels[t.Level()]++
		if t.Verify != nil {
			for _, c := range t.Verify.Differing {
				differing += c.N
			}
		}
		for _, r := range t.Runs {
			if p.At.Sub(r.Finished) <= 24*time.Hour {
				rows += r.Rows
			}
		}
	}
	level := func(n int64, level string) string {
		if n == 0 {
			return ""
		}
		return level
	}
	tables := "tables"
	if len(p.Tables) == 1 {
		tables = "table"
	}
	return []Tile{
		{humanize.Comma(int64(len(p.Tables))), tables, ""},
		{humanize.Comma(int64(levels[levelGood])), "in order", level(int64(levels[levelGood]), levelGood)},
		{humanize.Comma(int64(levels[levelWarn])), "with a notice", level(int64(levels[levelWarn]), levelWarn)},
		{humanize.Comma(int64(levels[levelBad])), "failed or stale", level(int64(levels[levelBad]), levelBad)},
		{humanize.Comma(int64(levels[levelNever])), "never run", ""},
		{humanize.Comma(differing), "keys differ", level(differing, levelBad)},
		{humanize.Comma(rows), "rows in 24 hours, as far as recorded", ""},
	}
}

// Problems are the tables with issues, the most serious first.
func (p Page) Problems() []Table {
	var out []Table
	for _, level := range []string{levelBad, levelWarn, levelNever} {
		for _, t := range p.Tables {
			if t.Level() == level && len(t.Issues) > 0 {
				out = append(out, t)
			}
		}
	}
	return out
}

// Compared are the tables that were compared.
func (p Page) Compared() []Table {
	return slices.DeleteFunc(slices.Clone(p.Tables), func(t Table) bool { return t.Verify == nil })
}
