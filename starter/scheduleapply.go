package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/table"
)

func (a *app) scheduleApply() *cobra.Command {
	var dryRun, yes bool
	cmd := &cobra.Command{
		Use:   "apply [TABLE…]",
		Short: "Make Temporal Schedules match the configuration",
		Long: "Apply prints what it would create, change, pause and delete. Then it asks, and does it. A table's\n" +
			"key schedule says when it runs: an interval (5m), or a cron expression\n" +
			"(0 3 * * * Europe/Berlin); its keys verify.every and deletes.every say in the same way when it is\n" +
			"compared, and when its deletes are swept. With names, apply compares the schedules of these tables\n" +
			"only. A schedule that was paused by hand stays paused.\n\n" +
			"Apply changes only schedules that it has made: their ids begin with " + remote.SchedulePrefix +
			", their memos\n" +
			"name the table, and they start runs on the same task queue.\n\n" + exitHelp,
		Example:           "  tablehaul schedule apply --dry-run\n  tablehaul schedule apply --yes",
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			if c == nil {
				return exitf(exitUsage, "schedules come from the configuration, and %s does not exist: name the file "+
					"with --config", defaultConfig)
			}
			a.printConfigWarnings(c)
			sel, err := a.selectTables(c, args, len(args) == 0)
			if err != nil {
				return err
			}
			s, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			changes, err := a.changes(cmd.Context(), s, c, sel)
			if err != nil {
				return err
			}
			return a.applyChanges(cmd.Context(), s, changes, dryRun, yes)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the changes, and make none")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	a.outputFlag(cmd)
	return cmd
}

// changes compares the configuration with the schedules.
func (a *app) changes(ctx context.Context, s service, c *config.Config, sel selection) ([]remote.Change, error) {
	names, err := a.scheduledTables(ctx, s, c, sel)
	if err != nil {
		return nil, err
	}
	tables := map[string]config.Table{}
	var wanted []remote.ScheduleSpec
	for _, name := range names {
		n, err := table.ParseName(name)
		if err != nil {
			return nil, &exitError{exitUsage, err}
		}
		t, err := c.Table(n)
		if err != nil {
			return nil, &exitError{exitUsage, err}
		}
		tables[name] = t
		wanted = append(wanted, remote.SpecsOf(t)...)
	}
	all, err := s.Schedules(ctx, false)
	if err != nil {
		return nil, a.fromTemporal(ctx, err)
	}
	have, err := a.currentSchedules(ctx, s, wanted)
	if err != nil {
		return nil, err
	}
	remote.KeepPauses(wanted, have)
	var out []remote.Change
	for i, want := range wanted {
		switch current := have[i]; {
		case !want.When.None():
			out = append(out, remote.Changes(a.taskQueue, want, current)...)
		case current != nil:
			out = append(out, remote.Deletion(*current))
		}
	}
	for _, one := range all {
		switch t, mine := tables[one.Table]; {
		case one.Ours && !mine && sel.all:
			out = append(out, remote.Deletion(one))
		case !one.Ours && !one.Elsewhere && mine && one.Depth == "" && !t.Schedule.None():
			a.printNote("%s also has the schedule %s, which schedule apply did not make: both start runs", one.Table,
				one.ID)
		}
	}
	slices.SortStableFunc(out, func(x, y remote.Change) int { return cmp.Compare(x.Table, y.Table) })
	return out, nil
}

// scheduledTables returns the tables whose schedules to compare. It needs no worker where no family has a schedule.
func (a *app) scheduledTables(ctx context.Context, s service, c *config.Config, sel selection) ([]string, error) {
	families := len(sel.families) > 0
	for _, p := range c.Patterns() {
		t := p.Settings()
		scheduled := !t.Schedule.None() || !t.Verify.Every.None() || t.Deletes.Mode != config.DeletesOff
		families = families || sel.all && scheduled
	}
	if families {
		return a.expand(ctx, s, c, sel)
	}
	names := slices.Clone(sel.names)
	if sel.all {
		names = append(names, configured(c)...)
	}
	return names, a.compareWithWorker(ctx, s, c, selection{all: true}, names)
}

// currentSchedules returns the schedules as they are now, in the order of the specs and nil where there is none,
// because Temporal's list is a moment old.
func (a *app) currentSchedules(
	ctx context.Context, s service, wanted []remote.ScheduleSpec,
) ([]*remote.Schedule, error) {
	ids := make([]string, len(wanted))
	for i, want := range wanted {
		ids[i] = want.ID(a.taskQueue)
	}
	found, err := s.SchedulesByID(ctx, ids)
	if err != nil {
		return nil, a.fromTemporal(ctx, err)
	}
	for i, one := range found {
		if one != nil && !one.Ours {
			return nil, exitf(exitFailed, "schedule apply did not make the schedule %s for the task queue %q: "+
				"delete it, or remove the key %s of %s",
				one.ID, a.taskQueue, kindOfDepth(wanted[i].Depth), wanted[i].Table)
		}
	}
	return found, nil
}

// applyChanges prints the changes, asks, and makes them. After a change that fails it goes on with the others.
func (a *app) applyChanges(ctx context.Context, s service, changes []remote.Change, dryRun, yes bool) error {
	todo := 0
	for _, c := range changes {
		if c.Action != remote.ChangeNone {
			todo++
		}
	}
	if !a.json() {
		a.printChanges(changes, todo)
	}
	if todo > 0 && !dryRun && !yes {
		if err := a.confirmChanges(todo); err != nil {
			return err
		}
	}
	failed := 0
	for i := range changes {
		c := &changes[i]
		if c.Action != remote.ChangeNone && !dryRun {
			if err := a.applyChange(ctx, s, *c); err != nil {
				failed++
				c.Error = err.Error()
				fmt.Fprintf(a.stderr, "%s: %s the schedule: %s\n", c.Table, c.Action, err.Error())
			} else {
				c.Applied = true
			}
		}
		if a.json() {
			a.printJSON(*c)
		}
	}
	switch {
	case failed > 0:
		return exitf(exitFailed, "%d of %d changes failed: run the command again", failed, todo)
	case todo > 0 && !dryRun && !a.json() && !a.quiet:
		fmt.Fprintf(a.stdout, "%s applied. tablehaul status shows the next runs.\n", human.Count(todo, "change"))
	}
	return nil
}

// confirmChanges asks whether to apply the changes. Its error says that the answer is no.
func (a *app) confirmChanges(todo int) error {
	switch {
	case a.json() || !terminal(a.stdin):
		return exitf(exitUsage, "nothing was changed: give --yes to apply the changes, or --dry-run to print them only")
	case !a.confirm(fmt.Sprintf("Apply %s?", human.Count(todo, "change"))):
		return exitf(exitFailed, "nothing was changed")
	}
	return nil
}

// applyChange makes one change.
func (a *app) applyChange(ctx context.Context, s service, c remote.Change) error {
	switch c.Action {
	case remote.ChangeCreate:
		return s.CreateSchedule(ctx, c.Want)
	case remote.ChangeUpdate:
		return s.UpdateSchedule(ctx, c.Want)
	case remote.ChangePause:
		return s.PauseSchedule(ctx, c.ID, remote.PausedByFile)
	case remote.ChangeResume:
		return s.ResumeSchedule(ctx, c.ID, remote.ResumedByFile)
	default:
		return s.DeleteSchedule(ctx, c.ID)
	}
}

// marks begin the lines of the changes.
var marks = map[string]struct {
	mark   string
	colour colour
}{
	remote.ChangeCreate: {"+", green},
	remote.ChangeUpdate: {"~", yellow},
	remote.ChangePause:  {"~", yellow},
	remote.ChangeResume: {"~", yellow},
	remote.ChangeDelete: {"-", red},
}

func (a *app) printChanges(changes []remote.Change, todo int) {
	width := 0
	for _, c := range changes {
		width = max(width, len(c.Table))
	}
	if wide := terminalWidth(a.stdout); wide > 0 && width > wide/2 {
		width = 0
	}
	for _, c := range changes {
		if c.Action == remote.ChangeNone {
			continue
		}
		text := c.To
		switch c.Action {
		case remote.ChangeDelete:
			text = c.From + " (no longer in the configuration)"
		case remote.ChangeUpdate, remote.ChangePause, remote.ChangeResume:
			text = c.From + " → " + c.To
		}
		line := fmt.Sprintf("%s %-*s  %s", marks[c.Action].mark, width, c.Table, text)
		fmt.Fprintln(a.stdout, a.paint(a.stdout, marks[c.Action].colour, line))
	}
	if same := len(changes) - todo; !a.quiet && (same > 0 || todo == 0) {
		fmt.Fprintf(a.stdout, "  %s as configured\n", human.Count(same, "schedule"))
	}
}

// confirm asks on the terminal. Without a terminal the answer is no.
func (a *app) confirm(question string) bool {
	if !terminal(a.stdin) {
		return false
	}
	fmt.Fprintf(a.stderr, "%s [y/N] ", question)
	answer, err := bufio.NewReader(a.stdin).ReadString('\n')
	if err != nil {
		return false
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}
