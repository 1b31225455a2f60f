package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
)

func (a *app) scheduleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schedule",
		Short: "Make Temporal Schedules match the configuration, and look after them",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.scheduleApply(), a.scheduleList(),
		a.scheduleVerb("pause", "Let a table's schedule start nothing", "paused", func(ctx context.Context, s service, id, reason string) error {
			return s.PauseSchedule(ctx, id, cmp.Or(reason, "paused by hand"))
		}),
		a.scheduleVerb("resume", "Let a paused schedule go on", "resumed", func(ctx context.Context, s service, id, reason string) error {
			return s.ResumeSchedule(ctx, id, cmp.Or(reason, "resumed by hand"))
		}),
		a.scheduleVerb("trigger", "Start the schedule's run now", "triggered", func(ctx context.Context, s service, id, _ string) error {
			return s.TriggerSchedule(ctx, id)
		}))
	return cmd
}

func (a *app) scheduleList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the schedules that start runs, those made by hand too",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			all, err := s.Schedules(cmd.Context(), false)
			if err != nil {
				return a.fromTemporal(cmd.Context(), err)
			}
			slices.SortStableFunc(all, func(x, y remote.Schedule) int { return cmp.Compare(x.Table, y.Table) })
			a.printSchedules(all)
			return nil
		},
	}
	a.outputFlag(cmd)
	return cmd
}

func (a *app) printSchedules(all []remote.Schedule) {
	if a.json() {
		for _, one := range all {
			a.printJSON(one)
		}
		return
	}
	if len(all) == 0 {
		a.note("there is no schedule: give tables a schedule: in the configuration, then tablehaul schedule apply")
		return
	}
	t := newGrid("Table", "When", "Next", "Last", "Notes")
	for _, one := range all {
		t.add(cmp.Or(one.Table, one.ID), one.Text(), nextText(one), agoText(one.Last), scheduleNotes(one))
	}
	a.printGrid(t)
}

// nextText is when a schedule begins its next run.
func nextText(s remote.Schedule) string {
	switch {
	case s.Paused:
		return "paused"
	case s.Next.IsZero():
		return "never"
	default:
		return "in " + human.Duration(time.Until(s.Next).Truncate(time.Second))
	}
}

func agoText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return age(t) + " ago"
}

// scheduleNotes is what else there is to know.
func scheduleNotes(s remote.Schedule) string {
	var out []string
	if s.Paused && s.Note != "" {
		out = append(out, s.Note)
	}
	switch {
	case !s.Ours:
		out = append(out, "not ours: "+s.ID)
	case s.Unexpected != "":
		out = append(out, "changed elsewhere: "+s.Unexpected)
	}
	return strings.Join(out, "; ")
}

// scheduleVerb is a command that does one thing to the schedules of tables.
func (a *app) scheduleVerb(verb, short, done string, do func(ctx context.Context, s service, id, reason string) error) *cobra.Command {
	all, reason := false, ""
	cmd := &cobra.Command{
		Use: verb + " TABLE…", Short: short, ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := tablesOrAll(args, all); err != nil {
				return err
			}
			names, err := a.tables(nil, args) // a schedule may outlive its table in the file
			if err != nil {
				return err
			}
			c, err := a.config()
			if err != nil {
				return err
			}
			s, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			if all {
				if names, err = ownScheduled(cmd.Context(), s); err != nil {
					return a.fromTemporal(cmd.Context(), err)
				}
			}
			return a.eachSchedule(cmd.Context(), s, c, names, func(id string) error { return do(cmd.Context(), s, id, reason) }, done)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every schedule that schedule apply has made")
	if verb != "trigger" {
		cmd.Flags().StringVar(&reason, "reason", "", "what status and the Web UI show beside it")
	}
	a.outputFlag(cmd)
	return cmd
}

// ownScheduled are the tables with a schedule of ours.
func ownScheduled(ctx context.Context, s service) ([]string, error) {
	all, err := s.Schedules(ctx, false)
	var out []string
	for _, one := range all {
		if one.Ours {
			out = append(out, one.Table)
		}
	}
	return out, err
}

// scheduleDone is a line of --output json.
type scheduleDone struct {
	Table string `json:"table"`
	ID    string `json:"scheduleId"`
	Done  string `json:"done"`
}

// eachSchedule checks all before it changes one.
func (a *app) eachSchedule(ctx context.Context, s service, c *config.Config, names []string, do func(id string) error, done string) error {
	for _, name := range names {
		if err := a.ownSchedule(ctx, s, c, name); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := do(remote.ScheduleID(a.taskQueue, name)); err != nil {
			return a.fromTemporal(ctx, fmt.Errorf("%s: %w", name, err))
		}
		if a.json() {
			a.printJSON(scheduleDone{name, remote.ScheduleID(a.taskQueue, name), done})
		} else if !a.quiet {
			fmt.Fprintf(a.stdout, "%s: %s\n", name, done)
		}
	}
	return nil
}

// ownSchedule refuses a table that has no schedule of ours, and says what there is instead.
func (a *app) ownSchedule(ctx context.Context, s service, c *config.Config, name string) error {
	one, found, err := s.Schedule(ctx, remote.ScheduleID(a.taskQueue, name))
	switch {
	case err != nil:
		return a.fromTemporal(ctx, err)
	case found && one.Ours:
		return nil
	case found:
		return &exitError{exitUsage, fmt.Errorf("the schedule %s is not ours, or belongs to workers of another task queue: use temporal schedule, or --task-queue", one.ID)}
	}
	if _, err := a.tables(c, []string{name}); err != nil {
		return err // misspelt, most likely
	}
	all, err := s.Schedules(ctx, false)
	if err != nil {
		return a.fromTemporal(ctx, err)
	}
	for _, other := range all {
		if other.Table == name {
			return &exitError{exitUsage, fmt.Errorf("%s has a schedule that was made elsewhere: use temporal schedule … --schedule-id %s", name, other.ID)}
		}
	}
	return &exitError{exitUsage, fmt.Errorf("%s has no schedule: give it a schedule: in the configuration, then tablehaul schedule apply", name)}
}
