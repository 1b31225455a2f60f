package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// scheduleVerb is a command that does one thing to the schedules of tables.
type scheduleVerb struct {
	verb, short string
	// done is the word in the output, such as "paused".
	done string
	do   func(ctx context.Context, s service, id, reason string) error
}

func (a *app) scheduleVerbCommand(v scheduleVerb) *cobra.Command {
	all, verify, deletes, reason := false, false, false, ""
	cmd := &cobra.Command{
		Use: v.verb + " TABLE…", Short: v.short, ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := tablesOrAll(args, all); err != nil {
				return err
			}
			kind := kindRuns
			switch {
			case verify:
				kind = kindVerify
			case deletes:
				kind = kindDeletes
			}
			return a.toSchedules(cmd.Context(), args, v, kind, reason)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every schedule that schedule apply has made")
	cmd.Flags().BoolVar(&verify, "verify", false, "the schedule of the table's comparisons, not that of its runs")
	cmd.Flags().BoolVar(&deletes, "deletes", false, "the schedule of the table's sweeps of deletes")
	cmd.MarkFlagsMutuallyExclusive("verify", "deletes")
	if v.verb != "trigger" {
		cmd.Flags().StringVar(&reason, "reason", "", "a note that status and the Web UI show")
	}
	a.outputFlag(cmd)
	return cmd
}

// toSchedules does v to the schedules of the tables that the arguments name: of all tables without arguments. A table
// may have left the configuration, and a name with a * selects among the tables that have a schedule.
func (a *app) toSchedules(ctx context.Context, args []string, v scheduleVerb, kind scheduleKind, reason string) error {
	sel, err := a.selectTables(nil, args, len(args) == 0)
	if err != nil {
		return err
	}
	c, err := a.config()
	if err != nil {
		return err
	}
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	names := sel.names
	if sel.all || len(sel.families) > 0 {
		all, err := tablesWithSchedule(ctx, s, kind)
		if err != nil {
			return a.fromTemporal(ctx, err)
		}
		if names = all; !sel.all {
			if names, err = sel.among(all); err != nil {
				return err
			}
		}
	}
	return a.eachSchedule(ctx, s, c, names, v, kind, reason)
}

// scheduleKind is what a schedule begins, named by the key of the configuration that makes the schedule.
type scheduleKind string

const (
	kindRuns    scheduleKind = "schedule"
	kindVerify  scheduleKind = "verify.every"
	kindDeletes scheduleKind = "deletes.every"
)

// kindOfDepth is the kind of a schedule that begins comparisons of a depth, remote.DepthDeletes, or, for "", runs.
func kindOfDepth(depth string) scheduleKind {
	switch depth {
	case "":
		return kindRuns
	case remote.DepthDeletes:
		return kindDeletes
	default:
		return kindVerify
	}
}

// scheduleID is the id of a table's schedule of a kind.
func (a *app) scheduleID(name string, kind scheduleKind) string {
	switch kind {
	case kindDeletes:
		return remote.DeletesScheduleID(a.taskQueue, name)
	case kindVerify:
		return remote.VerifyScheduleID(a.taskQueue, name)
	default:
		return remote.ScheduleID(a.taskQueue, name)
	}
}

// tablesWithSchedule returns the tables whose schedule of a kind was made by schedule apply.
func tablesWithSchedule(ctx context.Context, s service, kind scheduleKind) ([]string, error) {
	all, err := s.Schedules(ctx, false)
	var out []string
	for _, one := range all {
		if one.Ours && kind == kindOfDepth(one.Depth) {
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

// eachSchedule does v to the schedules of all tables. It checks all tables before it changes the first schedule, and
// goes on with the others after an error.
func (a *app) eachSchedule(
	ctx context.Context, s service, c *config.Config, names []string, v scheduleVerb, kind scheduleKind,
	reason string,
) error {
	for _, name := range names {
		if err := a.checkSchedule(ctx, s, c, name, kind); err != nil {
			return err
		}
	}
	each := tableErrors{app: a}
	for _, name := range names {
		id := a.scheduleID(name, kind)
		failed := v.do(ctx, s, id, reason)
		if err := each.take(ctx, name, failed); err != nil {
			return err
		}
		switch {
		case failed != nil:
		case a.json():
			a.printJSON(scheduleDone{name, id, v.done})
		case !a.quiet:
			fmt.Fprintf(a.stdout, "%s: %s\n", name, v.done)
		}
	}
	return each.err()
}

// checkSchedule refuses a table whose schedule was not made by schedule apply, and says which schedule it has instead.
func (a *app) checkSchedule(
	ctx context.Context, s service, c *config.Config, name string, kind scheduleKind,
) error {
	one, found, err := s.Schedule(ctx, a.scheduleID(name, kind))
	switch {
	case err != nil:
		return a.fromTemporal(ctx, err)
	case found && one.Ours:
		return nil
	case found:
		return exitf(exitUsage, "schedule apply did not make the schedule %s for this task queue: use temporal "+
			"schedule, or --task-queue", one.ID)
	}
	if _, err := a.tables(c, []string{name}); err != nil {
		return err // most likely a misspelt name
	}
	all, err := s.Schedules(ctx, false)
	if err != nil {
		return a.fromTemporal(ctx, err)
	}
	for _, other := range all {
		if other.Table == name && !other.Elsewhere && kind == kindOfDepth(other.Depth) {
			return exitf(exitUsage, "schedule apply did not make the schedule of %s: use temporal schedule … "+
				"--schedule-id %s", name, other.ID)
		}
	}
	return exitf(exitUsage, "%s has no schedule: set the key %s in the configuration, if it has none, then run "+
		"tablehaul schedule apply", name, kind)
}
