package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// overview is status without names: one line per table, and the problems.
type overview struct {
	service service
	config  *config.Config
	// meters measure the runs between two prints of --watch.
	meters map[string]*meter
	// names are the tables, as asked for at namesAt.
	names   []string
	namesAt time.Time
	// watched prints problems first, because the end of a long list may be off the screen.
	watched bool
}

// namesTTL is how long --watch uses a list of tables.
const namesTTL = time.Minute

func (o *overview) show(ctx context.Context, a *app) error {
	if o.names == nil || time.Since(o.namesAt) > namesTTL {
		names, err := a.knownTables(ctx, o.service, o.config)
		if err != nil {
			return a.fromTemporal(ctx, err)
		}
		o.names, o.namesAt = names, time.Now()
	}
	all, err := a.askTables(ctx, o.service, o.names, true)
	if err != nil {
		return err
	}
	o.addSchedules(ctx, a, all)
	switch {
	case a.json():
		for _, one := range all {
			a.printJSON(one)
		}
	case len(all) == 0:
		a.printNote("the configuration has no table, and no table has had a run")
	default:
		o.print(a, all)
	}
	for _, one := range all {
		if one.NoAnswer != "" {
			return &exitError{exitFailed, errors.New(one.NoAnswer)} // mostly the same for all
		}
	}
	return nil
}

// addSchedules adds the tables' schedules. Where Temporal does not return them, the status lacks them.
func (o *overview) addSchedules(ctx context.Context, a *app, all []tableStatus) {
	found, err := o.service.Schedules(ctx, true)
	if err != nil {
		a.printNote("the status lacks the schedules: %s", err)
		return
	}
	byTable := map[string]*remote.Schedule{}
	for i, one := range found {
		if known := byTable[one.Table]; one.Depth == "" && (known == nil || !known.Ours) {
			byTable[one.Table] = &found[i]
		}
	}
	for i := range all {
		all[i].Schedule = byTable[all[i].Table]
	}
}

func (o *overview) print(a *app, all []tableStatus) {
	t := newGrid("Table", "Now", "Last run", "Rows", "Lag", "Next")
	t.right("Rows", "Lag")
	for _, one := range all {
		m := o.meters[one.Table]
		if m == nil {
			m = &meter{}
			o.meters[one.Table] = m
		}
		if one.Run != nil {
			m.add(time.Now(), one.Run.RowsWritten)
		}
		last, rows := a.lastCells(one.State)
		t.add(one.Table, a.nowCell(one, m), last, rows, lagCell(one), nextCell(one))
	}
	if !o.watched {
		a.printGrid(t)
	}
	for _, one := range all {
		a.printProblems(one)
	}
	if o.watched {
		a.printGrid(t)
	}
}

// nowCell is what the table's run does, in a few words.
func (a *app) nowCell(one tableStatus, m *meter) string {
	switch {
	case one.NoAnswer != "":
		return a.paint(a.stdout, yellow, "no answer")
	case one.State == nil:
		return "never run"
	case one.Ended != "":
		return "idle, " + one.Ended
	case one.Run == nil && one.State.Lease != nil && one.State.Lease.Slice:
		return "being compared"
	case one.Run == nil && one.State.Lease != nil:
		return a.paint(a.stdout, yellow, "no answer")
	case one.Run == nil && one.State.HeldBack != "":
		return a.paint(a.stdout, yellow, "held back")
	case one.Run == nil:
		return "idle"
	}
	if w, ok := one.Run.Stalled(); ok {
		text := "waiting"
		if !w.Since.IsZero() {
			text += " " + age(w.Since)
		}
		return a.paint(a.stdout, yellow, text)
	}
	return shortProgress(one.Run.Status, m)
}

// shortProgress is the phase of a run, and its progress.
func shortProgress(s api.Status, m *meter) string {
	text := s.Phase
	if all := total(s); all > 0 && s.RowsWritten > 0 {
		text += fmt.Sprintf(" %d%%", min(99, 100*s.RowsWritten/all))
	}
	if rate := m.rate(); rate >= 1 {
		text += ", " + humanize.Comma(int64(rate)) + "/s"
		if left := total(s) - s.RowsWritten; left > 0 {
			text += ", " + human.Seconds(float64(left)/rate) + " left"
		}
	}
	return text
}

// lastCells are the outcome and the rows of the last run.
func (a *app) lastCells(state *owner.State) (last, rows string) {
	if state == nil || len(state.LastRuns) == 0 {
		return "", ""
	}
	r := state.LastRuns[len(state.LastRuns)-1]
	return a.outcomeText(r.Outcome, r.Outcome+" "+age(r.Finished)+" ago"), humanize.Comma(r.Rows)
}

// outcomeText colours text by how a run ended.
func (a *app) outcomeText(outcome, text string) string {
	switch outcome {
	case owner.OutcomeDone:
		return a.paint(a.stdout, green, text)
	case owner.OutcomeFailed:
		return a.paint(a.stdout, red, text)
	default:
		return a.paint(a.stdout, yellow, text)
	}
}

func lagCell(one tableStatus) string {
	if one.LagSeconds == nil {
		return ""
	}
	return human.Seconds(math.Trunc(*one.LagSeconds))
}

func nextCell(one tableStatus) string {
	if one.Schedule == nil {
		return ""
	}
	return nextText(*one.Schedule)
}

// lastFailure is the failure of the last run; nil where that run did not fail.
func lastFailure(state owner.State) *remote.FailedError {
	if len(state.LastRuns) == 0 {
		return nil
	}
	r := state.LastRuns[len(state.LastRuns)-1]
	if r.Outcome != owner.OutcomeFailed {
		return nil
	}
	typ, message, found := strings.Cut(r.Failure, ": ")
	if !found {
		typ, message = failure.Unexpected, r.Failure
	}
	return &remote.FailedError{Type: typ, Message: message, Remedy: remedyOf(typ, state.Table)}
}

// printProblems prints what waits or has failed, and what to do.
func (a *app) printProblems(one tableStatus) {
	if one.State == nil {
		return
	}
	if one.Run != nil {
		for _, w := range one.Run.Waits {
			a.printProblem(yellow, one.Table+" "+waitText(w, time.Now()), remedyOf(w.Type, one.Table))
		}
	} else if one.State.HeldBack != "" {
		a.printProblem(yellow, one.Table+" held back: "+one.State.HeldBack, "")
	}
	if f := one.Failure; f != nil && one.Run == nil {
		a.printProblem(red, one.Table+" failed: "+f.Type+": "+f.Message, f.Remedy)
	}
	if text := quarantineText(one.State.Quarantine); text != "" {
		a.printProblem(yellow, one.Table+" has "+text, "docs/quarantine.md says what to do")
	}
	if d := one.State.LastSweep; d != nil && d.Held != "" || one.State.DeletesPaused {
		a.printProblem(yellow, one.Table+": deletes "+sweptText(one.State), "")
	}
	if v := one.State.LastVerify; v.IsOpen() {
		a.printProblem(yellow, one.Table+" was verified "+verifiedText(one.State), "")
	}
	if s := one.Schedule; s != nil && s.Paused {
		text := one.Table + " is paused: " + cmp.Or(s.Note, "its schedule starts no run")
		a.printProblem(yellow, text, "tablehaul schedule resume "+one.Table)
	}
}

func (a *app) printProblem(c colour, text, remedy string) {
	fmt.Fprintf(a.stdout, "%s\n", a.paint(a.stdout, c, text))
	if remedy != "" {
		fmt.Fprintf(a.stdout, "  → %s\n", remedy)
	}
}

// compact removes empty texts.
func compact(texts ...string) []string {
	var out []string
	for _, t := range texts {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}
