package main

import (
	"context"
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/verify"
)

func (a *app) deletesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "deletes",
		Short: "Rows that the source has deleted: look for them, and see to them",
	}
	cmd.AddCommand(a.deletesSweepCommand(), a.deletesApproveCommand(), a.deletesResumeCommand())
	return cmd
}

func (a *app) deletesSweepCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sweep TABLE…",
		Short: "Look for rows that are not at the source any more, and do what the table's deletes say",
		Long: "A sweep compares the keys of both sides by short pages. A row of the target whose key is not at\n" +
			"the source is looked at once more after the overlap and the grace. With mode hard it is then\n" +
			"deleted, after a last look at the source. It ends with exit code 5 where such rows are left on the\n" +
			"target.\n\n" + exitHelp,
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
			return a.sweepAll(cmd.Context(), c, sel, "")
		},
	}
	a.outputFlag(cmd)
	return cmd
}

func (a *app) deletesApproveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "approve TABLE RUN",
		Short: "Delete the rows that a sweep has listed and a guard has stopped, once",
		Long: "A sweep that finds more rows than maxShare allows, or an empty source, deletes none and names\n" +
			"its RUN. Approve acts on the list of that run, and on no other row: after the same last look at\n" +
			"the source, in the same small transactions. The other guards hold.\n\n" + exitHelp,
		Example: "  tablehaul deletes approve shop.orders 01a221b7-0d3c-7c1a-8a57-4cf1a4c1d5a0",
		Args:    cobra.ExactArgs(2), ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			sel, err := a.selectTables(c, args[:1], false)
			if err != nil {
				return err
			}
			return a.sweepAll(cmd.Context(), c, sel, args[1])
		},
	}
	a.outputFlag(cmd)
	return cmd
}

func (a *app) deletesResumeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "resume TABLE",
		Short: "Let sweeps delete rows of a table again, after an undo has paused that",
		Args:  cobra.ExactArgs(1), ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := a.oneTable(args[0])
			if err != nil {
				return err
			}
			s, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			if _, err := s.PauseDeletes(cmd.Context(), name, owner.PauseDeletesRequest{}); err != nil {
				return a.fromTemporal(cmd.Context(), err)
			}
			if !a.quiet {
				fmt.Fprintf(a.stdout, "%s: sweeps delete again\n", name)
			}
			return nil
		},
	}
}

// sweepAll sweeps tables side by side, and shows what came of it in the order of the arguments.
func (a *app) sweepAll(ctx context.Context, c *config.Config, sel selection, approve string) error {
	all, err := askAll(ctx, a, c, sel, func(s service) question[api.VerifyTableResult] {
		return a.comparisons(s, api.VerifyTableInput{Deletes: true, Approve: approve})
	})
	if err != nil {
		return err
	}
	return showEach(all, func(one answer[api.VerifyTableResult]) {
		a.printSwept(compared{one.table, one.result, one.failed})
	}, func(r *api.VerifyTableResult) bool { return r.Sweep != nil && r.Sweep.Left() > 0 })
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
	a.printLine("mode", "%s", r.Sweep.Mode)
	for _, kept := range []struct {
		key, text string
		rows      int64
	}{
		{"back", "at the source again by the last look", r.Sweep.Back},
		{"changed", "changed on the target since, and left to the next sweep", r.Sweep.Changed},
		{"gone", "not on the target any more", r.Sweep.Gone},
		{"referenced", "rows of other tables refer to them: sweep those tables first", r.Sweep.Referenced},
		{"waiting", "the table has no cursor: the next sweep deletes those that it finds too", r.Sweep.Waiting},
	} {
		if kept.rows > 0 {
			a.printLine(kept.key, "%s: %s", humanize.Comma(kept.rows), kept.text)
		}
	}
	a.printUndo(r)
	a.printLine("compared", "%s of %s, %s of %s", human.Count(r.SourceRows, "row"), r.Table,
		human.Count(r.TargetRows, "row"), r.Target)
	if r.Cursor != "" {
		a.printLine("up to", "%s %s", r.Cursor, r.AsOf)
	}
	if n := r.Verdicts[verify.Extra]; n > 0 {
		a.printLine(string(verify.Extra), "%s: %s", humanize.Comma(n), verdictTexts[verify.Extra])
	}
	if r.Differences != "" {
		a.printLine("keys", "%s in the worker's staging", r.Differences)
	}
	a.printLine("took", "%s, longest page %s", human.Seconds(r.Seconds), human.Seconds(r.LongestPage))
	for _, w := range r.Warnings {
		a.printLine("warning", "%s", w)
	}
}
