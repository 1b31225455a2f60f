package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
)

func (a *app) retryCommand() *cobra.Command {
	f := runFlags{input: api.SyncTableInput{IfBusy: api.IfBusySkip}}
	cmd := &cobra.Command{
		Use: "retry TABLE…", Short: "Run the tables again whose last run failed",
		Long: "Retry starts a run of each named table whose last run has failed, was cancelled or was terminated,\n" +
			"and follows it as run does. It leaves out the other tables, and says so. A first load, or a run of\n" +
			"files, goes on with the ranges that are missing.\n\n" + exitHelp,
		Example:           "  tablehaul retry shop.orders\n  tablehaul retry --all --no-wait",
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, sel, err := a.tablesToChange(args, f.all)
			if err != nil {
				return err
			}
			return a.retryAll(cmd.Context(), f, c, sel)
		},
	}
	cmd.Flags().BoolVar(&f.all, "all", false, "every table whose last run failed")
	cmd.Flags().BoolVar(&f.noWait, "no-wait", false, "start the runs, and do not follow them")
	a.outputFlag(cmd)
	return cmd
}

// retryAll runs those of the selected tables whose last run has not ended well.
func (a *app) retryAll(ctx context.Context, f runFlags, c *config.Config, sel selection) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	names, err := a.known(ctx, s, c, sel)
	if err != nil {
		return err
	}
	all, err := a.askTables(ctx, s, names, false)
	if err != nil {
		return err
	}
	var failed []string
	for _, one := range all {
		if err := a.checkKnown(c, one); err != nil {
			return err
		}
		switch why := notToRetry(one); {
		case why == "":
			failed = append(failed, one.Table)
		case slices.Contains(sel.names, one.Table) && !a.json() && !a.quiet:
			fmt.Fprintf(a.stdout, "%s: %s\n", one.Table, why)
		}
	}
	if len(failed) == 0 {
		a.printNote("no table to run again: no last run has failed")
		return nil
	}
	return a.runTables(ctx, s, f, failed)
}

// notToRetry says why a table is not run again; "" where it is.
func notToRetry(one tableStatus) string {
	switch {
	case one.Ended != "":
		return ""
	case one.Run != nil:
		return "a run goes on"
	case one.State == nil || len(one.State.LastRuns) == 0:
		return "it has had no run: tablehaul run " + human.Arg(one.Table)
	case one.State.LastRuns[len(one.State.LastRuns)-1].Outcome == owner.OutcomeDone:
		return "its last run ended well"
	}
	return ""
}
