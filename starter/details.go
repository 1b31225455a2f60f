package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/table"
)

// shownRuns is how many of the last runs status prints for a named table.
const shownRuns = 10

// printDetails prints all that is known of each table.
func (a *app) printDetails(ctx context.Context, s service, c *config.Config, sel selection, strict bool) error {
	all, err := a.askComplete(ctx, s, c, sel)
	if err != nil {
		return err
	}
	for _, one := range all {
		if a.json() {
			a.printJSON(one)
			continue
		}
		fmt.Fprintf(a.stdout, "%s\n  watermark:  %s\n", one.Table, watermarkText(one.State))
		if one.State != nil && one.State.Files != nil {
			fmt.Fprintf(a.stdout, "  files:      %s\n", one.State.Files)
		}
		if one.State != nil && one.State.FirstLoad != nil && one.State.Lease == nil {
			fmt.Fprintf(a.stdout, "  goes on:    the next run goes on with the one that has not ended: %s\n",
				one.State.FirstLoad)
		}
		fmt.Fprintf(a.stdout, "  now:        %s\n", nowText(one))
		if one.State != nil && one.State.Identity != nil {
			fmt.Fprintf(a.stdout, "  holds for:  %s\n", one.State.Identity)
		}
		if one.LagSeconds != nil {
			fmt.Fprintf(a.stdout, "  lag:        %s\n", lagCell(one))
		}
		for _, sched := range []*remote.Schedule{one.Schedule, one.VerifySchedule, one.DeletesSchedule} {
			if sched != nil {
				next := nextText(*sched)
				if sched.Paused { // a note that stays from a resume says nothing of the next run
					next = strings.Join(compact(next, sched.Note), ": ")
				}
				fmt.Fprintf(a.stdout, "  schedule:   %s; next %s\n", sched.Text(), next)
			}
		}
		if one.State == nil {
			continue
		}
		if text := sweptText(one.State); text != "" {
			fmt.Fprintf(a.stdout, "  deletes:    %s\n", text)
		}
		if text := verifiedText(one.State); text != "" {
			fmt.Fprintf(a.stdout, "  verified:   %s\n", text)
		}
		if k := one.State.Kept; k != nil && k.Files > 0 {
			fmt.Fprintf(a.stdout, "  kept:       %s in staging, %s, counted %s ago\n", human.Count(k.Files, "file"),
				human.Size(k.Bytes), age(k.At))
		}
		a.printWaits(one.Run)
		if one.State.HeldBack != "" {
			fmt.Fprintf(a.stdout, "  held back:  %s%s\n", one.State.HeldBack, atLastRun(*one.State))
		}
		if text := quarantineText(one.State.Quarantine); text != "" {
			fmt.Fprintf(a.stdout, "  quarantine: %s\n", a.paint(a.stdout, yellow, text))
		}
		if link := a.webLink(one); link != "" && !a.quiet {
			fmt.Fprintf(a.stdout, "  Web UI:     %s\n", link)
		}
		a.printRuns(one.State.LastRuns, shownRuns)
		a.printDetailIssues(one)
	}
	return strictly(all, strict)
}

// askComplete asks for all that is known of the selected tables.
func (a *app) askComplete(ctx context.Context, s service, c *config.Config, sel selection) ([]tableStatus, error) {
	all, err := a.askKnown(ctx, s, c, sel)
	if err != nil {
		return nil, err
	}
	if err := a.addSchedules(ctx, s, all); err != nil {
		return nil, err
	}
	f, err := a.askFleet(ctx, s, c, fleet{})
	if err != nil {
		return nil, err
	}
	a.complete(ctx, s, c, f, all)
	return all, nil
}

// addSchedules adds the schedules of each kind as they are now.
func (a *app) addSchedules(ctx context.Context, s service, all []tableStatus) error {
	var ids []string
	var into []**remote.Schedule
	for i := range all {
		one := &all[i]
		ids = append(ids, a.scheduleID(one.Table, kindRuns), a.scheduleID(one.Table, kindVerify),
			a.scheduleID(one.Table, kindDeletes))
		into = append(into, &one.Schedule, &one.VerifySchedule, &one.DeletesSchedule)
	}
	found, err := s.SchedulesByID(ctx, ids)
	if err != nil {
		return a.fromTemporal(ctx, err)
	}
	for i, one := range found {
		if one != nil && !one.Elsewhere {
			*into[i] = one
		}
	}
	return nil
}

// printWaits prints what the steps of a run wait for.
func (a *app) printWaits(run *remote.Progress) {
	if run == nil {
		return
	}
	for _, w := range run.Waits {
		if w.Step != "" { // the state says what holds the window back
			fmt.Fprintf(a.stdout, "  %s\n", a.paint(a.stdout, yellow, waitText(w, time.Now())))
		}
	}
}

// windowCell is a window in a column; nothing for an empty one.
func windowCell(w table.Window) string {
	if w.Lo == w.Hi {
		return ""
	}
	return w.String()
}

// verifiedText is what the table's last comparison found, and "" before the first one.
func verifiedText(state *owner.State) string {
	if state == nil || state.LastVerify == nil {
		return ""
	}
	v := state.LastVerify
	text := age(v.At) + " ago: "
	if n := v.DifferingEarlier(); n > 0 {
		found := "equal"
		if v.Differs {
			found = human.Clause(v.Differing(), "row", "differs", "differ")
		}
		return fmt.Sprintf("%s%s, in a part of what is compared; %s differed %s ago: tablehaul verify %s looks at all",
			text, found, human.Count(n, "row"), age(v.EarlierAt), human.Arg(state.Table))
	}
	if v.Differs {
		return text + human.Clause(v.Differing(), "row", "differs", "differ") + ": " + verifyRemedy(state.Table)
	}
	return text + "equal"
}

// sweptText is what the table's last sweep of deletes did, and whether they are paused; "" before the first one.
func sweptText(state *owner.State) string {
	switch {
	case state == nil:
		return ""
	case state.DeletesPaused:
		return "paused, since " + state.DeletesPausedReason + "; tablehaul deletes resume " + human.Arg(state.Table)
	case state.LastSweep == nil:
		return ""
	}
	d := state.LastSweep
	if d.Held != "" {
		return age(d.At) + " ago a guard stopped the sweep: " + d.Held
	}
	return fmt.Sprintf("%s ago: %s found, %s deleted (%s)", age(d.At), human.Count(d.Found, "row"),
		humanize.Comma(d.Deleted), d.Mode)
}

// verifyRemedy is how to see what differs.
func verifyRemedy(tbl string) string { return "tablehaul verify show " + human.Arg(tbl) }

// watermarkText is the watermark of a state, which may be nil.
func watermarkText(state *owner.State) string {
	if state == nil {
		return "none"
	}
	if state.Files != nil {
		return "none: the table is loaded from files"
	}
	return orNone(state.Watermark)
}

// nowText says what the table's run does, or why none runs.
func nowText(one tableStatus) string {
	switch {
	case one.State == nil:
		return "never run"
	case one.Ended != "":
		return "idle; the last run was " + one.Ended + ", and the next run takes over"
	case one.Run != nil:
		text := progressText(*one.Run, &meter{})
		if one.Run.Mode == api.ModeFill {
			text = "columns of old rows are filled; " + text
		}
		if w, ok := one.Run.Stalled(); ok {
			text = strings.TrimPrefix(text+"; ", "; ") + waitCell(w, time.Now())
		}
		return text
	case one.Sweeping != nil:
		return "deletes are swept by " + one.Sweeping.String()
	case one.Comparing != nil:
		return "being compared by " + one.Comparing.String()
	case one.State.Lease != nil && one.State.Lease.Slice:
		return "being compared by workflow " + one.State.Lease.WorkflowID
	case one.State.Lease != nil:
		return "held by workflow " + one.State.Lease.WorkflowID + ", which does not answer"
	case one.State.HeldBack != "":
		return "idle; held back"
	default:
		return "idle"
	}
}
