package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"
	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/table"
)

// preview is the preview of one table: either plan or failed is set.
type preview struct {
	table  string
	plan   *api.PlanTableResult
	failed *remote.FailedError
}

// previewsAtOnce bounds the previews at the same time. Each asks both servers.
const previewsAtOnce = 4

// previewAll previews the tables side by side, and prints them in the order of the arguments.
func (a *app) previewAll(ctx context.Context, c *config.Config, sel selection, f planFlags) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	names, err := a.expand(ctx, s, c, sel)
	if err != nil {
		return err
	}
	all := make([]preview, len(names))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(previewsAtOnce)
	for i, name := range names {
		group.Go(func() error {
			in := f.input
			in.Table = name
			all[i].table = name
			p, err := a.previewTable(inner, s, in)
			if errors.As(err, &all[i].failed) {
				return nil
			}
			all[i].plan = &p
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return a.fromTemporal(ctx, err)
	}
	a.printPlans(all, f)
	for _, one := range all {
		if one.bad(f.strict) {
			return &exitError{code: exitFailed}
		}
	}
	return nil
}

// bad reports whether the command must fail because of this table.
func (p preview) bad(strict bool) bool {
	if p.failed != nil || p.plan.Verdict != api.VerdictReady {
		return true
	}
	return strict && p.count(table.LevelWarn) > 0
}

func (p preview) count(level table.Level) int {
	n := 0
	for _, f := range p.plan.Findings {
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
			a.printJSON(one.plan)
		}
		return
	case len(all) == 1 || f.verbose:
		for _, one := range all {
			if one.failed == nil {
				a.printPlan(*one.plan)
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
		p := one.plan
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
		if one.count(table.LevelWarn)+one.count(table.LevelRefuse) > 0 {
			fmt.Fprintln(a.stdout, one.table)
		}
		for _, f := range one.plan.Findings {
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
	p := one.plan
	if p.Verdict != api.VerdictReady {
		return a.paint(a.stdout, red, p.Verdict)
	}
	if n := one.count(table.LevelWarn); n > 0 {
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
