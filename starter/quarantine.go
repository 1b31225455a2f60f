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
)

func (a *app) quarantineCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "Show rows that targets have refused, and try them again",
		Long: "With badRows: quarantine, a row that its target refuses is set aside, and the run goes on. These\n" +
			"commands count such rows, try them again, or close them. See docs/quarantine.md.\n\n" + exitHelp,
	}
	cmd.AddCommand(
		a.quarantineListCommand(), a.quarantineShowCommand(), a.quarantineRetryCommand(), a.quarantineDropCommand(),
	)
	return cmd
}

func (a *app) quarantineListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "list [TABLE…]",
		Short:             "Count the rows in quarantine, of every table that has any",
		Example:           "  tablehaul quarantine list\n  tablehaul quarantine list shop.orders --output json",
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, sel, err := a.tablesToShow(args)
			if err != nil {
				return err
			}
			return a.quarantineList(cmd.Context(), c, sel)
		},
	}
	a.outputFlag(cmd)
	return cmd
}

// quarantineLine is a line of the list.
type quarantineLine struct {
	Table string `json:"table"`
	api.Quarantine
}

func (a *app) quarantineList(ctx context.Context, c *config.Config, sel selection) error {
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
	t := newGrid("Table", "Rows", "Waiting", "Oldest", "First error")
	t.right("Rows", "Waiting", "Oldest")
	n := 0
	for _, one := range all {
		if one.State == nil || one.State.Quarantine.Rows() == 0 {
			continue
		}
		n++
		q := *one.State.Quarantine
		if a.json() {
			a.printJSON(quarantineLine{one.Table, q})
			continue
		}
		t.add(one.Table, humanize.Comma(q.Rows()), humanize.Comma(q.Waiting), age(q.Oldest), q.First)
	}
	switch {
	case a.json():
	case n == 0:
		a.printNote("no row is in quarantine")
	default:
		a.printGrid(t)
	}
	return nil
}

// quarantineText says what of a table is in quarantine; "" for nothing.
func quarantineText(q *api.Quarantine) string {
	if q.Rows() == 0 {
		return ""
	}
	text := human.Count(q.Rows(), "row") + " in quarantine"
	if q.Waiting > 0 {
		text += fmt.Sprintf(", %s of them waiting for rows that they refer to", humanize.Comma(q.Waiting))
	}
	if !q.Oldest.IsZero() {
		text += fmt.Sprintf(", the oldest for %s", age(q.Oldest))
	}
	if q.First != "" {
		text += ": " + q.First
	}
	return text
}

func (a *app) quarantineRetryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "retry TABLE…",
		Short: "Write rows in quarantine, as the source has them now",
		Long: "Retry reads the source's row of each key in quarantine as it is now, and writes that. A row that is\n" +
			"gone at the source closes its entry, and so does one that the target takes, or has in a newer\n" +
			"version. Runs of the table wait meanwhile.\n\n" + exitHelp,
		Example:           "  tablehaul quarantine retry shop.orders",
		Args:              cobra.MinimumNArgs(1),
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
			return a.quarantineRetry(cmd.Context(), c, sel)
		},
	}
	a.outputFlag(cmd)
	return cmd
}

func (a *app) quarantineRetry(ctx context.Context, c *config.Config, sel selection) error {
	all, err := askAll(ctx, a, c, sel, func(s service) question[api.RetryQuarantineResult] {
		return question[api.RetryQuarantineResult]{
			limit: 2, wait: s.WaitRetryQuarantine,
			start: func(ctx context.Context, table string) (remote.Execution, error) {
				return s.StartRetryQuarantine(ctx, api.RetryQuarantineInput{Table: table})
			},
		}
	})
	if err != nil {
		return err
	}
	return showEach(all, func(one answer[api.RetryQuarantineResult]) {
		switch r := one.result; {
		case one.failed != nil:
			id := api.RetryQuarantineID(a.taskQueue, one.table)
			printFailure(a.stderr, one.table, remote.Execution{WorkflowID: id}, one.failed)
		case a.json():
			a.printJSON(r)
		default:
			fmt.Fprintf(a.stdout, "%s: %s written, %s gone at the source, %s left\n", r.Table,
				humanize.Comma(r.Written), humanize.Comma(r.Gone), humanize.Comma(r.Left.Rows()))
			if r.Pending > 0 {
				fmt.Fprintf(a.stdout, "  %s changed since the last run, or newer than the replica that is the source: "+
					"left to later runs\n", human.Count(r.Pending, "row"))
			}
			if r.Left.First != "" {
				fmt.Fprintf(a.stdout, "  first:      %s\n", r.Left.First)
			}
		}
	}, func(*api.RetryQuarantineResult) bool { return false })
}

func (a *app) quarantineDropCommand() *cobra.Command {
	yes := false
	cmd := &cobra.Command{
		Use:   "drop TABLE [RUN]",
		Short: "Close entries without writing their rows",
		Long: "Drop closes all entries of a table, or those of one run. Their rows stay as they are on both sides:\n" +
			"the target lacks them, or has an older version. Before that it asks, unless --yes is given.\n\n" +
			exitHelp,
		Example:           "  tablehaul quarantine drop shop.orders --yes",
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := a.oneTable(args[0])
			if err != nil {
				return err
			}
			in := api.DropQuarantineInput{Table: name}
			if len(args) > 1 {
				in.Run = args[1]
			}
			question := "Close the entries of " + in.Table + "? Nothing names the rows then that the target lacks."
			if !yes && (a.json() || !a.confirm(question)) {
				return exitf(exitUsage, "nothing was dropped: --yes drops without asking")
			}
			return a.quarantineDrop(cmd.Context(), in)
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	a.outputFlag(cmd)
	return cmd
}

func (a *app) quarantineDrop(ctx context.Context, in api.DropQuarantineInput) error {
	id := api.DropQuarantineID(a.taskQueue, in.Table)
	r, err := askAlone(ctx, a, in.Table, id, func(s service) question[api.DropQuarantineResult] {
		return question[api.DropQuarantineResult]{
			start: func(ctx context.Context, _ string) (remote.Execution, error) {
				return s.StartDropQuarantine(ctx, in)
			},
			wait: s.WaitDropQuarantine,
		}
	})
	switch {
	case err != nil:
		return err
	case a.json():
		a.printJSON(r)
	default:
		fmt.Fprintf(a.stdout, "%s: %s dropped, %s left\n", r.Table, human.Count(r.Dropped, "row"),
			humanize.Comma(r.Left.Rows()))
	}
	return nil
}
