package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/remote"
)

func (a *app) statusCommand() *cobra.Command {
	follow, watch, f := false, time.Duration(0), overviewFlags{}
	cmd := &cobra.Command{
		Use:   "status [TABLE…]",
		Short: "Show how fresh every table is, what runs, and what is wrong",
		Long: "Status prints one line for every table that is configured or has had a run. Below them it " +
			"prints what\n" +
			"waits or has failed, and what to do. Lag is the age of the latest moment of the source up to which\n" +
			"the target holds everything. With names, it prints the watermark and the last runs too; a name\n" +
			"with a * selects lines. On a terminal, tables without an issue share a line where there are more than\n" +
			"40.\n\n" +
			"With --strict it exits with 1 where a table has failed, is stale, waits for a worker, or has a step\n" +
			"that waits for 15 minutes.\n\n" + exitHelp,
		Example: "  tablehaul status\n  tablehaul status --watch\n  tablehaul status shop.orders --follow\n" +
			"  tablehaul status --problems --strict",
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, sel, err := a.tablesToShow(args)
			if err != nil {
				return err
			}
			switch {
			case !slices.Contains([]string{groupAuto, groupAlways, groupNever}, f.group):
				return fmt.Errorf("--group is %q: it is auto, always or never", f.group)
			case follow && sel.all:
				return errors.New("--follow needs the names of tables")
			case watch < 0 || watch > 0 && watch < minWatch:
				return fmt.Errorf("--watch is %s: the minimum is %s", watch, minWatch)
			}
			s, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			if follow {
				return a.followAgain(cmd.Context(), s, c, sel)
			}
			o := &overview{
				service: s, config: c, selected: sel, meters: map[string]*meter{}, watched: watch > 0, flags: f,
			}
			if a.web {
				return a.printStatusLinks(cmd.Context(), s, c, sel)
			}
			show := o.show
			if len(sel.names) > 0 && len(sel.families) == 0 && !f.problems {
				show = func(ctx context.Context, a *app) error { return a.printDetails(ctx, s, c, sel, f.strict) }
			}
			if watch > 0 {
				return a.watch(cmd.Context(), watch, show)
			}
			return show(cmd.Context(), a)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "follow the runs that go on, as run does")
	cmd.Flags().DurationVarP(&watch, "watch", "w", 0, "print the status again at this interval, until Ctrl-C")
	cmd.Flags().Lookup("watch").NoOptDefVal = "2s"
	cmd.MarkFlagsMutuallyExclusive("follow", "watch")
	cmd.Flags().BoolVar(&f.strict, "strict", false, "exit with 1 where a table has failed, is stale or waits long")
	cmd.Flags().BoolVar(&f.problems, "problems", false, "only tables with an issue")
	cmd.Flags().StringVar(&f.group, "group", groupAuto, "group tables without an issue: auto, always or never")
	completeFlag(cmd, "group", groupAuto, groupAlways, groupNever)
	a.webFlag(cmd)
	a.outputFlag(cmd)
	return cmd
}

// followAgain follows the runs that hold the tables.
func (a *app) followAgain(ctx context.Context, s service, c *config.Config, sel selection) error {
	names, err := a.known(ctx, s, c, sel)
	if err != nil {
		return err
	}
	results := make([]outcome, 0, len(names))
	held := map[string]remote.Execution{}
	for _, name := range names {
		state, _, err := s.State(ctx, name)
		if err != nil {
			return a.fromTemporal(ctx, a.explainSilence(ctx, s, err))
		}
		if l := state.Lease; l != nil && !l.Slice {
			held[name] = remote.Execution{WorkflowID: l.WorkflowID, RunID: l.RunID}
		}
	}
	r := a.newRunner(ctx, s, names, true)
	defer r.follower.Close()
	ended := make(chan outcome)
	for name, e := range held {
		go func() { ended <- r.followOne(ctx, name, e) }()
	}
	for range held {
		results = append(results, <-ended)
	}
	for _, name := range names {
		if _, ok := held[name]; !ok {
			r.display.finish(name, "idle", 0)
		}
	}
	r.display.close()
	for _, name := range names {
		if _, ok := held[name]; !ok && !a.json() {
			fmt.Fprintf(a.stdout, "%s: no run goes on\n", name)
		}
	}
	for _, o := range results {
		a.report(o)
	}
	return exitOf(results)
}

func (r *runner) followOne(ctx context.Context, name string, e remote.Execution) outcome {
	result, err := r.follow(ctx, name, e)
	out := outcome{Table: name, Outcome: outcomeDone, Execution: e, Result: &result}
	if err != nil {
		out = r.failed(ctx, name, e, err)
	}
	r.display.finish(name, out.Outcome, out.rows())
	return out
}
