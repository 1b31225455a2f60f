package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
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

// overviewFlags are those of status that select and arrange lines.
type overviewFlags struct {
	strict, problems bool
	// group is one of group….
	group string
}

// overview is status without names: one line per table, and the issues.
type overview struct {
	service  service
	config   *config.Config
	selected selection
	flags    overviewFlags
	// meters measure the runs between two prints of --watch.
	meters map[string]*meter
	// fleet is that of the last print, names are the tables as asked for at namesAt.
	fleet   fleet
	names   []string
	namesAt time.Time
	// watched prints problems first, because the end of a long list may be off the screen.
	watched bool
}

func (o *overview) show(ctx context.Context, a *app) error {
	all, err := o.ask(ctx, a)
	if err != nil {
		return err
	}
	asked := len(all)
	if o.flags.problems {
		all = slices.DeleteFunc(all, func(one tableStatus) bool {
			return len(one.problems()) == 0 && one.NoAnswer == ""
		})
	}
	switch {
	case a.json():
		for _, one := range all {
			a.printJSON(one)
		}
	case asked == 0:
		a.printNote("the configuration has no table, and no table has had a run")
	case len(all) == 0:
		a.printNote("%s, none with an issue", human.Count(asked, "table"))
	default:
		o.print(a, all)
	}
	for _, one := range all {
		if one.NoAnswer != "" {
			return &exitError{exitFailed, errors.New(one.NoAnswer)} // mostly the same for all
		}
	}
	return strictly(all, o.flags.strict)
}

// ask asks for everything that the overview shows.
func (o *overview) ask(ctx context.Context, a *app) ([]tableStatus, error) {
	var err error
	if o.fleet, err = a.askFleet(ctx, o.service, o.config, o.fleet); err != nil {
		return nil, err
	}
	if o.names == nil || time.Since(o.namesAt) > listTTL {
		if o.fleet.worker && o.fleet.listed == nil {
			a.noteUnlisted(o.config)
		}
		names := a.knownIn(o.config, o.fleet)
		if !o.selected.all {
			if names, err = o.selected.among(names); err != nil {
				return nil, err
			}
		}
		o.names, o.namesAt = names, time.Now()
	}
	all := make([]tableStatus, len(o.names))
	if o.fleet.worker {
		all, err = a.askTables(ctx, o.service, o.names, true)
	} else {
		for i, name := range o.names { // each question would wait for its time limit
			all[i] = tableStatus{Table: name, NoAnswer: a.noWorker().Error()}
		}
	}
	if err == nil {
		a.complete(ctx, o.service, o.config, o.fleet, all)
	}
	return all, err
}

// problems are the issues that the overview shows. That a table has had no run is in its line.
func (one tableStatus) problems() []issue {
	return slices.DeleteFunc(slices.Clone(one.Issues), func(m issue) bool { return m.Kind == issueNever })
}

// strictly is the error of status --strict.
func strictly(all []tableStatus, strict bool) error {
	for _, one := range all {
		if strict && slices.ContainsFunc(one.Issues, func(m issue) bool { return m.Strict }) {
			return &exitError{code: exitFailed}
		}
	}
	return nil
}

func (o *overview) print(a *app, all []tableStatus) {
	t := newGrid("Table", "Now", "Last run", "Rows", "Lag", "Next")
	t.right("Rows", "Lag")
	for _, one := range o.grouped(a, all) {
		if one.group != nil {
			t.add(a.groupCells(one.group)...)
			continue
		}
		m := o.meters[one.table.Table]
		if m == nil {
			m = &meter{}
			o.meters[one.table.Table] = m
		}
		if one.table.Run != nil {
			m.add(time.Now(), one.table.Run.RowsWritten)
		}
		last, rows := a.lastCells(one.table.State)
		t.add(one.table.Table, a.nowCell(*one.table, m), last, rows, a.lagCell(*one.table), nextCell(*one.table))
	}
	if !o.watched {
		a.printGrid(t)
	}
	a.printProblems(all)
	a.printWarningsLeft(all)
	if o.watched {
		a.printGrid(t)
	}
}

// nowCell is what the table's run does, in a few words.
func (a *app) nowCell(one tableStatus, m *meter) string {
	switch {
	case one.Queued != nil && one.noWorker:
		return a.paint(a.stdout, red, "waits for a worker")
	case one.NoAnswer != "":
		return a.paint(a.stdout, yellow, "no answer")
	case one.State == nil && one.Run == nil:
		return "never run"
	case one.Ended != "":
		return "idle, " + one.Ended
	case one.Run == nil && one.State.Lease != nil && one.State.Lease.Slice:
		return cmp.Or(one.besideText(), "being compared")
	case one.Run == nil && one.State.Lease != nil:
		return a.paint(a.stdout, yellow, "no answer")
	case one.Run == nil && one.Stale:
		return a.paint(a.stdout, red, "stale")
	case one.Run == nil && one.State.HeldBack != "":
		return a.paint(a.stdout, yellow, "held back")
	case one.Run == nil:
		return cmp.Or(one.besideText(), "idle")
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

// besideText is what goes on of a table beside its runs; empty where nothing does.
func (one tableStatus) besideText() string {
	switch {
	case one.Sweeping != nil:
		return "deletes are swept"
	case one.Comparing != nil:
		return "being compared"
	}
	return ""
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

// lagCell is the lag, red where the table is stale.
func (a *app) lagCell(one tableStatus) string {
	if one.Stale {
		return a.paint(a.stdout, red, lagCell(one))
	}
	return lagCell(one)
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
	if r.Remedy != "" {
		message = strings.TrimSuffix(message, ": "+r.Remedy)
	}
	return &remote.FailedError{Type: typ, Message: message, Remedy: cmp.Or(r.Remedy, remedyOf(typ, state.Table))}
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
