package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
)

func (a *app) scheduleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schedule",
		Short: "Make Temporal Schedules match the configuration, and control them",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.scheduleApply(), a.scheduleList(),
		a.scheduleVerbCommand(scheduleVerb{
			"pause", "Stop a table's schedule from starting runs", "paused",
			func(ctx context.Context, s service, id, reason string) error {
				return s.PauseSchedule(ctx, id, cmp.Or(reason, "paused by hand"))
			},
		}),
		a.scheduleVerbCommand(scheduleVerb{
			"resume", "End the pause of a schedule", "resumed",
			func(ctx context.Context, s service, id, reason string) error {
				return s.ResumeSchedule(ctx, id, cmp.Or(reason, "resumed by hand"))
			},
		}),
		a.scheduleVerbCommand(scheduleVerb{
			"trigger", "Start the schedule's run now", "triggered",
			func(ctx context.Context, s service, id, _ string) error { return s.TriggerSchedule(ctx, id) },
		}))
	return cmd
}

func (a *app) scheduleList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the schedules that start runs, including those made by hand",
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
		a.printNote("there is no schedule: set the key schedule in the configuration, then run tablehaul " +
			"schedule apply")
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

// agoText says how long ago t was; empty for the zero time.
func agoText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return age(t) + " ago"
}

// scheduleNotes says what is special about a schedule.
func scheduleNotes(s remote.Schedule) string {
	var out []string
	if s.Paused && s.Note != "" {
		out = append(out, s.Note)
	}
	switch {
	case s.Elsewhere:
		out = append(out, "of another task queue: "+s.ID)
	case !s.Ours:
		out = append(out, "not made by schedule apply: "+s.ID)
	case s.Unexpected != "":
		out = append(out, "changed by hand: "+s.Unexpected)
	}
	return strings.Join(out, "; ")
}
