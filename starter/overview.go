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

// overview is status without names: a line per table, and below them what needs attention.
type overview struct {
	service service
	config  *config.Config
	// meters measure runs between two looks of --watch.
	meters map[string]*meter
	// names are looked for anew once in a while: families need a worker for it.
	names []string
	asked time.Time
	// watched puts what needs attention first: the end of a long list may be off the screen.
	watched bool
}

// namesAge is how long a watched list of tables is believed.
const namesAge = time.Minute

func (o *overview) show(ctx context.Context, a *app) error {
	if o.names == nil || time.Since(o.asked) > namesAge {
		names, err := a.knownTables(ctx, o.service, o.config)
		if err != nil {
			return a.fromTemporal(ctx, err)
		}
		o.names, o.asked = names, time.Now()
	}
	all, err := a.askTables(ctx, o.service, o.names, true)
	if err != nil {
		return err
	}
	o.schedules(ctx, a, all)
	switch {
	case a.json():
		for _, one := range all {
			a.printJSON(one)
		}
	case len(all) == 0:
		a.note("no table is configured here, and none has had a run")
	default:
		o.print(a, all)
	}
	for _, one := range all {
		if one.NoAnswer != "" {
			return &exitError{exitFailed, errors.New(one.NoAnswer)} // the same for all of them, mostly
		}
	}
	return nil
}

// schedules adds the tables' schedules. Without them the rest is still worth showing.
func (o *overview) schedules(ctx context.Context, a *app, all []tableStatus) {
	found, err := o.service.Schedules(ctx, true)
	if err != nil {
		a.note("schedules are not shown: %s", err)
		return
	}
	by := map[string]*remote.Schedule{}
	for i, one := range found {
		if known := by[one.Table]; known == nil || !known.Ours {
			by[one.Table] = &found[i]
		}
	}
	for i := range all {
		all[i].Schedule = by[all[i].Table]
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
		a.printTrouble(one)
	}
	if o.watched {
		a.printGrid(t)
	}
}

// nowCell is what goes on, in a few words.
func (a *app) nowCell(one tableStatus, m *meter) string {
	switch {
	case one.NoAnswer != "":
		return a.paint(a.stdout, yellow, "no answer")
	case one.State == nil:
		return "never run"
	case one.Ended != "":
		return "idle, " + one.Ended
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

// shortProgress is the phase, and how far it is.
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

// lastCells are the last run's outcome and rows.
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
	switch s := one.Schedule; {
	case s == nil:
		return ""
	case s.Paused:
		return "paused"
	case s.Next.IsZero():
		return "never"
	default:
		return "in " + human.Duration(time.Until(s.Next).Truncate(time.Second))
	}
}

// lastFailure is the failure of the last run; nil where that did not fail.
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

// printTrouble says what waits or has failed, and what to do.
func (a *app) printTrouble(one tableStatus) {
	if one.State == nil {
		return
	}
	if one.Run != nil {
		for _, w := range one.Run.Waits {
			a.trouble(yellow, one.Table+" "+waitText(w, time.Now()), remedyOf(w.Type, one.Table))
		}
	} else if one.State.HeldBack != "" {
		a.trouble(yellow, one.Table+" held back: "+one.State.HeldBack, "")
	}
	if f := one.Failure; f != nil && one.Run == nil {
		a.trouble(red, one.Table+" failed: "+f.Type+": "+f.Message, f.Remedy)
	}
	if s := one.Schedule; s != nil && s.Paused {
		a.trouble(yellow, one.Table+" is paused: "+cmp.Or(s.Note, "its schedule starts nothing"), "tablehaul schedule resume "+one.Table)
	}
}

func (a *app) trouble(c colour, text, remedy string) {
	fmt.Fprintf(a.stdout, "%s\n", a.paint(a.stdout, c, text))
	if remedy != "" {
		fmt.Fprintf(a.stdout, "  → %s\n", remedy)
	}
}

// compact leaves out empty texts.
func compact(texts ...string) []string {
	var out []string
	for _, t := range texts {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}
