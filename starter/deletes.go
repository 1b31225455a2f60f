package main

import (
	"context"
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/verify"
)

func (a *app) deletesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "deletes",
		Short: "Rows that the source has deleted: look for them, and see to them",
	}
	cmd.AddCommand(a.deletesSweepCommand())
	return cmd
}

func (a *app) deletesSweepCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sweep TABLE…",
		Short: "Look for rows that are not at the source any more, and do what the table's deletes say",
		Long: "A sweep compares the keys of both sides by short pages. A row of the target whose key is not at the\n" +
			"source is looked at once more after the overlap and the grace, and then counted. It ends with exit\n" +
			"code 5 where such rows are left on the target.\n\n" + exitHelp,
		Example: "  tablehaul deletes sweep shop.orders\n" +
			"  tablehaul deletes sweep 'shop.log_*' --output json",
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			sel, err := a.selectTables(c, args, false)
			if err != nil {
				return err
			}
			return a.sweepAll(cmd.Context(), c, sel)
		},
	}
	a.outputFlag(cmd)
	return cmd
}

// sweepAll sweeps tables side by side, and shows what came of it in the order of the arguments.
func (a *app) sweepAll(ctx context.Context, c *config.Config, sel selection) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	all, err := askEach(ctx, a, s, c, sel, question[api.VerifyTableResult]{
		limit: 2,
		start: func(ctx context.Context, table string) (remote.Execution, error) {
			return s.StartVerify(ctx, api.VerifyTableInput{Table: table, Deletes: true})
		},
		wait: s.WaitVerify,
	})
	if err != nil {
		return err
	}
	code := exitOK
	for _, one := range all {
		a.printSwept(compared{one.table, one.result, one.failed})
		switch {
		case one.failed != nil:
			code = exitFailed
		case code == exitOK && one.result.Sweep != nil && one.result.Sweep.Deleted < one.result.Sweep.Found:
			code = exitDiffers
		}
	}
	if code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

func (a *app) printSwept(one compared) {
	r := one.Receipt
	switch {
	case a.json():
		a.printJSON(one)
		return
	case one.Failure != nil:
		printFailure(a.stderr, one.Table, remote.Execution{WorkflowID: api.SweepTableID(a.taskQueue, one.Table)},
			one.Failure)
		return
	case r.Sweep == nil:
		return
	}
	fmt.Fprintf(a.stdout, "%s: %s not at the source any more, %s deleted\n", r.Table,
		human.Count(r.Sweep.Found, "row"), humanize.Comma(r.Sweep.Deleted))
	line := func(key, format string, args ...any) {
		fmt.Fprintf(a.stdout, "  %-10s %s\n", key, fmt.Sprintf(format, args...))
	}
	line("mode", "%s", r.Sweep.Mode)
	line("compared", "%s of %s, %s of %s", human.Count(r.SourceRows, "row"), r.Table,
		human.Count(r.TargetRows, "row"), r.Target)
	if r.Cursor != "" {
		line("up to", "%s %s", r.Cursor, r.AsOf)
	}
	if n := r.Verdicts[verify.Extra]; n > 0 {
		line(string(verify.Extra), "%s: %s", humanize.Comma(n), verdictTexts[verify.Extra])
	}
	if r.Differences != "" {
		line("keys", "%s in the worker's staging", r.Differences)
	}
	line("took", "%s, longest page %s", human.Seconds(r.Seconds), human.Seconds(r.LongestPage))
	for _, w := range r.Warnings {
		line("warning", "%s", w)
	}
}
