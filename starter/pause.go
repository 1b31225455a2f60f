package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/remote"
)

func (a *app) pauseCommand() *cobra.Command {
	return a.pausingCommand(scheduleVerb{
		"pause", "Stop the schedules of tables: no run, comparison or sweep begins by itself", "paused",
		func(ctx context.Context, s service, id, reason string) error {
			return s.PauseSchedule(ctx, id, cmp.Or(reason, "paused by hand"))
		},
	}, "Pause stops every schedule of a table: that of its runs, of its comparisons and of its sweeps of deletes.\n"+
		"What goes on is not touched: tablehaul cancel TABLE ends it. A run by hand is possible as ever. The pause\n"+
		"ends with tablehaul resume TABLE, and not by schedule apply.")
}

func (a *app) resumeCommand() *cobra.Command {
	return a.pausingCommand(scheduleVerb{
		"resume", "End the pause of tables", "resumed",
		func(ctx context.Context, s service, id, reason string) error {
			return s.ResumeSchedule(ctx, id, cmp.Or(reason, "resumed by hand"))
		},
	}, "Resume ends the pause of every schedule of a table. Missed runs are not made up for: the next run reads\n"+
		"everything since the last one.")
}

// pausingCommand is a command that does v to every schedule of a table.
func (a *app) pausingCommand(v scheduleVerb, long string) *cobra.Command {
	all, reason := false, ""
	cmd := &cobra.Command{
		Use: v.verb + " TABLE…", Short: v.short, Long: long + "\n\n" + exitHelp, ValidArgsFunction: a.completeTables,
		Example: "  tablehaul " + v.verb + " shop.orders --reason 'index is built'\n" +
			"  tablehaul " + v.verb + " 'shop.log_*'",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, sel, err := a.tablesToChange(args, all)
			if err != nil {
				return err
			}
			return a.pauseOrResume(cmd.Context(), c, sel, v, reason)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every table with a schedule")
	cmd.Flags().StringVar(&reason, "reason", "", "a note that status and the Web UI show")
	a.outputFlag(cmd)
	return cmd
}

// pauseOrResume does v to every schedule of each selected table. It refuses a table without any before it changes the
// first one, and goes on with the others after an error.
func (a *app) pauseOrResume(ctx context.Context, c *config.Config, sel selection, v scheduleVerb, reason string) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	names := sel.names
	if sel.all || len(sel.families) > 0 {
		found, err := s.Schedules(ctx, true)
		if err != nil {
			return a.fromTemporal(ctx, err)
		}
		var scheduled []string
		for _, one := range found {
			if one.Ours {
				scheduled = append(scheduled, one.Table)
			}
		}
		if names = unique(scheduled); !sel.all {
			if names, err = sel.among(names); err != nil {
				return err
			}
		}
	}
	schedules, err := a.schedulesOf(ctx, s, c, names)
	if err != nil {
		return err
	}
	each := tableErrors{app: a}
	for i, name := range names {
		if err := each.take(ctx, name, a.toEach(ctx, s, name, schedules[i], v, reason)); err != nil {
			return err
		}
	}
	return each.err()
}

// schedulesOf returns the schedules of each table that schedule apply has made, as they are now: Temporal's list is a
// moment old. It refuses a table without any.
func (a *app) schedulesOf(
	ctx context.Context, s service, c *config.Config, names []string,
) ([][]remote.Schedule, error) {
	kinds := []scheduleKind{kindRuns, kindVerify, kindDeletes}
	var ids []string
	for _, name := range names {
		for _, kind := range kinds {
			ids = append(ids, a.scheduleID(name, kind))
		}
	}
	found, err := s.SchedulesByID(ctx, ids)
	if err != nil {
		return nil, a.fromTemporal(ctx, err)
	}
	out := make([][]remote.Schedule, len(names))
	for i, one := range found {
		if one != nil && one.Ours {
			out[i/len(kinds)] = append(out[i/len(kinds)], *one)
		}
	}
	for i, name := range names {
		if len(out[i]) == 0 {
			return nil, cmp.Or(a.checkSchedule(ctx, s, c, name, kindRuns), fmt.Errorf("%s has no schedule", name))
		}
	}
	return out, nil
}

// toEach does v to the schedules of one table, and prints it.
func (a *app) toEach(
	ctx context.Context, s service, name string, all []remote.Schedule, v scheduleVerb, reason string,
) error {
	var texts []string
	for _, one := range all {
		if err := v.do(ctx, s, one.ID, reason); err != nil {
			return err
		}
		if a.json() {
			a.printJSON(scheduleDone{name, one.ID, v.done})
		}
		texts = append(texts, one.Text())
	}
	if !a.json() && !a.quiet {
		fmt.Fprintf(a.stdout, "%s: %s (%s)\n", name, v.done, strings.Join(texts, "; "))
	}
	return nil
}
