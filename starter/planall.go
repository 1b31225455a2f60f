package main

import (
	"context"
	"fmt"

	"github.com/dustin/go-humanize"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/table"
)

// preview is the preview of one table.
type preview = answer[api.PlanTableResult]

// previews asks for previews of runs. in says which runs; its table is that of each.
func previews(s service, in api.PlanTableInput) question[api.PlanTableResult] {
	return question[api.PlanTableResult]{
		limit: 4,
		start: func(ctx context.Context, table string) (remote.Execution, error) {
			one := in
			one.Table = table
			return s.StartPlan(ctx, one)
		},
		wait: s.WaitPlan,
	}
}

// previewAll previews the tables side by side, and prints them in the order of the arguments.
func (a *app) previewAll(ctx context.Context, c *config.Config, sel selection, f planFlags) error {
	all, err := askAll(ctx, a, c, sel, func(s service) question[api.PlanTableResult] { return previews(s, f.input) })
	if err != nil {
		return err
	}
	a.printPlans(all, f)
	for _, one := range all {
		if bad(one, f.strict) {
			return &exitError{code: exitFailed}
		}
	}
	return nil
}

// bad reports whether the command must fail because of this table.
func bad(p preview, strict bool) bool {
	if p.failed != nil || p.result.Verdict != api.VerdictReady {
		return true
	}
	return strict && count(p, table.LevelWarn) > 0
}

func count(p preview, level table.Level) int {
	n := 0
	for _, f := range p.result.Findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

func (a *app) printPlans(all []preview, f planFlags) {
	switch {
	case a.json():
		for _, one := range all {
			if one.failed != nil {
				a.printJSON(outcome{Table: one.table, Outcome: outcomeFailed, Failure: one.failed})
				continue
			}
			a.printJSON(one.result)
		}
		return
	case len(all) == 1 || f.verbose:
		for _, one := range all {
			if one.failed == nil {
				a.printPlan(*one.result)
			}
		}
	default:
		a.printPlanTable(all)
	}
	for _, one := range all {
		if one.failed != nil {
			e := remote.Execution{WorkflowID: api.PlanTableID(a.taskQueue, one.table)}
			printFailure(a.stderr, one.table, e, one.failed)
		}
	}
}

// printPlanTable prints one line per table, and below them the warnings and refusals.
func (a *app) printPlanTable(all []preview) {
	t := newGrid("Table", "Verdict", "Mode", "Rows", "Bytes", "Chunks", "Takes", "Target")
	t.right("Rows", "Bytes", "Chunks", "Takes")
	ready := 0
	for _, one := range all {
		if one.failed != nil {
			t.add(one.table, a.paint(a.stdout, red, "failed"), "", "", "", "", "", "")
			continue
		}
		p := one.result
		if p.Verdict == api.VerdictReady {
			ready++
		}
		rows, size, chunks, takes := estimateCells(*p)
		t.add(p.Table, a.verdictText(one), p.Mode, rows, size, chunks, takes, targetCell(*p))
	}
	a.printGrid(t)
	for _, one := range all {
		if one.failed != nil {
			continue
		}
		if count(one, table.LevelWarn)+count(one, table.LevelRefuse) > 0 {
			fmt.Fprintln(a.stdout, one.table)
		}
		for _, f := range one.result.Findings {
			if f.Level != table.LevelInfo {
				a.printFinding(f)
			}
		}
	}
	if !a.quiet {
		fmt.Fprintf(a.stdout, "%d of %s ready. To see one in full: tablehaul plan TABLE\n",
			ready, human.Count(len(all), "table"))
	}
}

// verdictText is the verdict, or the number of warnings of a table that is ready.
func (a *app) verdictText(one preview) string {
	p := one.result
	if p.Verdict != api.VerdictReady {
		return a.paint(a.stdout, red, p.Verdict)
	}
	if n := count(one, table.LevelWarn); n > 0 {
		return a.paint(a.stdout, yellow, human.Count(n, "warning"))
	}
	return a.paint(a.stdout, green, p.Verdict)
}

// estimateCells are what the run would read, and how long it would take. They are empty where the run would be refused,
// and a question mark where the server has no estimate.
func estimateCells(p api.PlanTableResult) (rows, bytes, chunks, takes string) {
	switch r := p.Reads; {
	case p.Verdict != api.VerdictReady:
		return "", "", "", ""
	case !r.Known:
		return "?", "?", "?", "?"
	default:
		return humanize.Comma(r.Rows), human.Size(r.Bytes), humanize.Comma(r.Chunks), human.Seconds(r.Seconds)
	}
}

// targetCell says what the run would do to the target table.
func targetCell(p api.PlanTableResult) string {
	switch {
	case p.Verdict != api.VerdictReady:
		return ""
	case p.Creates:
		return "created"
	case len(p.Statements) > 0:
		return "widened"
	default:
		return "exists"
	}
}
