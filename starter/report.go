package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/table"
)

// reportAll prints the outcomes. Several runs that are done become one table.
func (a *app) reportAll(results []outcome) {
	var done []outcome
	for _, r := range results {
		if r.Outcome == outcomeDone {
			done = append(done, r)
		}
	}
	if len(done) < 2 || a.json() || a.quiet {
		done = nil
	}
	a.printDone(done)
	for _, r := range results {
		if done == nil || r.Outcome != outcomeDone {
			a.report(r)
		}
	}
}

func (a *app) printDone(done []outcome) {
	if len(done) == 0 {
		return
	}
	t := newGrid("Table", "Mode", "Read", "Inserted", "Updated", "Unchanged", "Took")
	t.right("Read", "Inserted", "Updated", "Unchanged", "Took")
	for _, o := range done {
		r := o.Result
		t.add(o.Table, r.Mode, humanize.Comma(r.RowsExtracted), humanize.Comma(r.Inserted), humanize.Comma(r.Updated),
			humanize.Comma(r.Unchanged), human.Seconds(r.Seconds[api.PhaseTotal]))
	}
	a.printGrid(t)
	for _, o := range done {
		if text := quarantineText(o.Result.Quarantine); text != "" {
			fmt.Fprintf(a.stdout, "%s has %s\n", o.Table, text)
		}
		if o.Result.HeldBack != "" {
			fmt.Fprintf(a.stdout, "%s held back: %s\n", o.Table, o.Result.HeldBack)
		}
		a.printWarnings(*o.Result)
	}
}

// report prints the outcome of one table: a result to stdout, anything else to stderr.
func (a *app) report(o outcome) {
	if o.Outcome == outcomeLinked || a.web && o.Outcome == outcomeStarted {
		return
	}
	if a.json() {
		a.printJSON(o)
		return
	}
	if a.quiet && (o.Outcome == outcomeStarted || o.Outcome == outcomeSkipped || o.Outcome == outcomeDone) {
		return
	}
	switch o.Outcome {
	case outcomeStarted:
		fmt.Fprintf(a.stdout, "%s started: %s\n", o.Table, o.Execution)
	case outcomeStopped:
		fmt.Fprintf(a.stderr, "%s: stopped following; the run goes on (%s).\n", o.Table, o.Execution)
		fmt.Fprintf(a.stderr, "To follow it again: tablehaul status %s --follow\n", human.Arg(o.Table))
	case outcomeSkipped:
		fmt.Fprintf(a.stdout, "%s skipped: another run holds the table%s\n", o.Table, holderText(o))
	case outcomeDone:
		a.printResult(*o.Result)
	case outcomeBusy:
		if o.err != nil && o.Failure.Message == o.err.Error() {
			fmt.Fprintf(a.stderr, "%s\n  remedy: %s\n", o.err.Error(), remedyOf(failure.TableBusy, o.Table))
			return
		}
		printFailure(a.stderr, o.Table, o.Execution, o.Failure)
	case outcomeLost:
		fmt.Fprintf(a.stderr, "%s: %s\n", o.Table, o.err.Error())
		if o.WorkflowID != "" {
			fmt.Fprintf(a.stderr, "The run goes on when Temporal answers again (%s).\n", o.Execution)
		}
	default:
		printFailure(a.stderr, o.Table, o.Execution, o.err)
	}
}

func holderText(o outcome) string {
	if o.Result != nil && o.Result.HolderID != "" {
		return " (workflow " + o.Result.HolderID + ")"
	}
	return ""
}

// printJSON prints one object on one line.
func (a *app) printJSON(v any) {
	line, err := json.Marshal(v)
	if err != nil {
		fmt.Fprintf(a.stderr, "tablehaul: write JSON: %s\n", err.Error())
		return
	}
	fmt.Fprintf(a.stdout, "%s\n", line)
}

// printResult prints what a run did.
func (a *app) printResult(r api.SyncTableResult) {
	about := ""
	if r.Approximate {
		about = "about "
	}
	total := seconds(r.Seconds[api.PhaseTotal])
	done := a.paint(a.stdout, green, "done")
	fmt.Fprintf(a.stdout, "%s → %s %s: %s in %s\n", r.Table, r.Target, done, r.Mode, human.Duration(total))
	rate := ""
	if total > time.Second && r.RowsExtracted >= 1000 { // a smaller run takes as long without rows
		rate = fmt.Sprintf(" (%s rows/s)", humanize.Comma(int64(float64(r.RowsExtracted)/total.Seconds())))
	}
	fmt.Fprintf(a.stdout, "  rows:       %s read%s; %s%s inserted, %s updated, %s unchanged\n",
		humanize.Comma(r.RowsExtracted), rate, about,
		humanize.Comma(r.Inserted), humanize.Comma(r.Updated), humanize.Comma(r.Unchanged))
	if r.Existing > 0 {
		fmt.Fprintf(a.stdout, "  kept:       %s of the same key on the target, among the unchanged (write: append)\n",
			human.Count(r.Existing, "row"))
	}
	if r.NewerOnTarget > 0 {
		remedy := ""
		if r.Mode != api.ModeFirstLoad && r.Files == nil {
			remedy = ": tablehaul run " + human.Arg(r.Table) + " --full makes them equal"
		}
		fmt.Fprintf(a.stdout, "  kept:       %s newer on the target, among the unchanged%s\n",
			human.Count(r.NewerOnTarget, "row"), remedy)
	}
	if r.Removed > 0 {
		fmt.Fprintf(a.stdout, "  deleted:    %s that the files mark as deleted\n", human.Count(r.Removed, "row"))
	}
	if r.Quarantined > 0 {
		fmt.Fprintf(a.stdout, "  set aside:  %s that the target refuses\n", human.Count(r.Quarantined, "row"))
	}
	if text := quarantineText(r.Quarantine); text != "" {
		fmt.Fprintf(a.stdout, "  quarantine: %s\n", text)
	}
	if r.Chunks > 0 {
		a.printFiles(r)
	}
	switch {
	case r.Files != nil:
		fmt.Fprintf(a.stdout, "  loaded:     %s\n", filesText(r.Files))
	case r.Mode == api.ModeWhole:
		fmt.Fprintf(a.stdout, "  watermark:  none: the table has no cursor, every run reads it whole\n")
	default:
		fmt.Fprintf(a.stdout, "  window:     %s\n  watermark:  %s\n", windowText(r.Window), orNone(r.Watermark))
	}
	if r.HeldBack != "" {
		fmt.Fprintf(a.stdout, "  held back:  %s\n", r.HeldBack)
	}
	a.printWarnings(r)
}

func (a *app) printWarnings(r api.SyncTableResult) {
	for _, text := range r.Warnings {
		if !slices.Contains(r.KnownWarnings, text) {
			fmt.Fprintf(a.stderr, "%s: %s: %s\n", r.Table, a.paint(a.stderr, yellow, "warning"), text)
		}
	}
	if n := len(r.KnownWarnings); n > 0 && !a.quiet {
		fmt.Fprintf(a.stderr, "%s: %s as before: tablehaul warnings %s\n", r.Table, human.Count(n, "warning"),
			human.Arg(r.Table))
	}
}

// windowText is a window, or says that it is empty.
func windowText(w table.Window) string {
	if w.Lo == w.Hi && w.Lo != "" {
		return "empty: nothing above the watermark can be read yet"
	}
	return w.String()
}

func (a *app) printFiles(r api.SyncTableResult) {
	fmt.Fprintf(a.stdout, "  staged:     %s in %s\n", human.Size(r.StagedBytes), human.Count(r.Parts, "part"))
	fmt.Fprintf(a.stdout, "  chunks:     %s, the longest transaction %s\n", humanize.Comma(r.Chunks),
		human.Seconds(r.LongestTransaction))
}
