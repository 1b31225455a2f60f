package main

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/table"
)

// printPlan prints one preview in full.
func (a *app) printPlan(p api.PlanTableResult) {
	verdict := a.paint(a.stdout, green, p.Verdict)
	if p.Verdict != api.VerdictReady {
		verdict = a.paint(a.stdout, red, p.Verdict)
	}
	fmt.Fprintf(a.stdout, "%s → %s: %s\n", p.Table, p.Target, verdict)
	switch p.Mode {
	case "":
	case api.ModeFiles:
		fmt.Fprintf(a.stdout, "  mode:       files: each run loads what is complete and not loaded yet\n")
		if p.Resumes != "" {
			fmt.Fprintf(a.stdout, "  goes on:    with the run that has not ended: %s\n", p.Resumes)
		}
		if p.Files != nil {
			fmt.Fprintf(a.stdout, "  loads:      %s\n", filesText(p.Files))
			fmt.Fprintf(a.stdout, "  columns:    %s\n", strings.Join(p.FileColumns, ", "))
		}
	case api.ModeWhole:
		fmt.Fprintf(a.stdout, "  mode:       whole: the table has no cursor, so every run reads all of it\n")
	default:
		fmt.Fprintf(a.stdout, "  mode:       %s\n  window:     %s\n", p.Mode, windowText(p.Window))
		fmt.Fprintf(a.stdout, "  watermark:  %s\n", orNone(p.Watermark))
	}
	if p.Mode == api.ModeFiles {
		a.printPlanRest(p)
		return
	}
	rows := "about " + human.Count(p.RowsEstimate, "row")
	if p.RowsEstimate == 0 { // InnoDB has no statistics of the table yet
		rows = "no estimate of its rows yet"
	}
	fmt.Fprintf(a.stdout, "  table:      %s, %s\n", rows, human.Size(p.BytesEstimate))
	if p.Verdict == api.VerdictReady {
		fmt.Fprintf(a.stdout, "  reads:      %s\n", readsText(p.Reads))
	}
	if p.Ranges > 0 {
		fmt.Fprintf(a.stdout, "  ranges:     %s\n", humanize.Comma(int64(p.Ranges)))
		index := p.Index
		if index == "" {
			index = "none: every run scans the whole table"
		}
		fmt.Fprintf(a.stdout, "  index:      %s\n", index)
	}
	a.printPlanRest(p)
}

// printPlanRest prints what a preview says of the target.
func (a *app) printPlanRest(p api.PlanTableResult) {
	if id := p.Identity; id.Target != "" {
		if id.Source != "" {
			fmt.Fprintf(a.stdout, "  source:     %s\n", id.Source)
		}
		fmt.Fprintf(a.stdout, "  target:     %s\n  state row:  %s\n", id.Target,
			a.wrap(id.Row, 14))
	}
	a.printMapping(p)
	if p.Write != "" {
		fmt.Fprintf(a.stdout, "  a row:      %s\n", a.wrap(p.Write, 14))
	}
	if p.Deletes != "" {
		fmt.Fprintf(a.stdout, "  deletes:    %s\n", a.wrap(p.Deletes, 14))
	}
	if p.HeldBack != "" {
		fmt.Fprintf(a.stdout, "  held back:  %s\n", a.wrap(p.HeldBack, 14))
	}
	a.printStatements(p)
	for _, f := range p.Findings {
		a.printFinding(f)
	}
}

// readsText is what the run would read, and how long that would take.
func readsText(r api.Estimate) string {
	if !r.Known {
		return "the server has no estimate"
	}
	if r.Rows == 0 {
		return "nothing new, according to the index"
	}
	return fmt.Sprintf("about %s, %s, in %s; about %s, %s", human.Count(r.Rows, "row"), human.Size(r.Bytes),
		human.Count(r.Chunks, "chunk"), human.Seconds(r.Seconds), basisTexts[r.Basis])
}

// basisTexts say what an estimate of the duration is based on.
var basisTexts = map[string]string{
	api.BasisEarlier: "at the speed of earlier runs", api.BasisGuess: "a guess until a run has read thousands of rows",
}

// printMapping prints the filter, and where each column of the target comes from.
func (a *app) printMapping(p api.PlanTableResult) {
	if p.Where != "" {
		fmt.Fprintf(a.stdout, "  where:      %s\n", p.Where)
	}
	if len(p.Columns) == 0 {
		return
	}
	g := newGrid("Source", "Target", "Type", "")
	for _, c := range p.Columns {
		g.add(c.Source, orNone(c.Target), c.Type, c.How)
	}
	fmt.Fprintln(a.stdout, "  columns:")
	for line := range strings.SplitSeq(g.table(), "\n") {
		fmt.Fprintf(a.stdout, "   %s\n", line)
	}
}

// printStatements prints the DDL for the target.
func (a *app) printStatements(p api.PlanTableResult) {
	if p.Verdict != api.VerdictReady || len(p.Statements) == 0 {
		return // no statement would run
	}
	fmt.Fprintf(a.stdout, "  would run on the target:\n")
	for _, statement := range p.Statements {
		for line := range strings.SplitSeq(statement, "\n") {
			fmt.Fprintf(a.stdout, "  %s\n", a.paint(a.stdout, green, "+ "+line))
		}
	}
}

// printFinding prints one finding, and its remedy below it.
func (a *app) printFinding(f table.Finding) {
	text := f.Text
	if f.Column != "" && !strings.Contains(text, f.Column) {
		text = f.Column + ": " + text
	}
	if f.Topic != "" {
		text = string(f.Topic) + ": " + text
	}
	level := fmt.Sprintf("%-12s", f.Level+":")
	if c := levelColours[f.Level]; c != "" {
		level = a.paint(a.stdout, c, level)
	}
	fmt.Fprintf(a.stdout, "  %s%s\n", level, a.wrap(text, 14))
	if f.Remedy != "" {
		fmt.Fprintf(a.stdout, "  %-12s→ %s\n", "", a.wrap(f.Remedy, 16))
	}
}

var levelColours = map[table.Level]colour{table.LevelRefuse: red, table.LevelWarn: yellow}
