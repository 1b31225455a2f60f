package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// tableWarning is a line of warnings --output json.
type tableWarning struct {
	Table string `json:"table"`
	owner.Warning
}

func (a *app) warningsCommand() *cobra.Command {
	all := false
	cmd := &cobra.Command{
		Use: "warnings [TABLE…]", Short: "List the warnings of the last runs, and acknowledge them",
		Long: "Warnings lists what the last run of each table that was done has warned of. Equal warnings of\n" +
			"several tables are one. A run prints a warning when it is new; status counts those that are not\n" +
			"acknowledged.\n\n" + exitHelp,
		Example: "  tablehaul warnings\n  tablehaul warnings ack shop.orders",
		Args:    cobra.ArbitraryArgs, ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error { return a.listWarnings(cmd.Context(), args, all) },
	}
	cmd.Flags().BoolVar(&all, "all", false, "those that are acknowledged, too")
	a.outputFlag(cmd)
	cmd.AddCommand(a.warningsAckCommand())
	return cmd
}

func (a *app) warningsAckCommand() *cobra.Command {
	all := false
	cmd := &cobra.Command{
		Use: "ack TABLE…", Short: "Acknowledge the warnings of tables",
		Long: "Ack keeps that you have seen the warnings of the tables. A warning that goes away and comes back is\n" +
			"new again.\n\n" + exitHelp,
		Example:           "  tablehaul warnings ack shop.orders\n  tablehaul warnings ack --all",
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := tablesOrAll(args, all); err != nil {
				return err
			}
			return a.ackWarnings(cmd.Context(), args)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every table")
	a.outputFlag(cmd)
	return cmd
}

// listWarnings prints the warnings of the tables that the arguments name.
func (a *app) listWarnings(ctx context.Context, args []string, acked bool) error {
	s, all, err := a.askStates(ctx, a.configToShow, args)
	if err != nil {
		return err
	}
	defer s.Close()
	var order []string
	tables, first := map[string][]string{}, map[string]owner.Warning{}
	for _, one := range all {
		for _, w := range warningsOf(one, acked) {
			if a.json() {
				a.printJSON(tableWarning{one.Table, w})
				continue
			}
			text := strings.ReplaceAll(w.Text, one.Table, "TABLE")
			if tables[text] == nil {
				order, first[text] = append(order, text), w
			}
			tables[text] = append(tables[text], one.Table)
		}
	}
	for _, text := range order {
		names, w := tables[text], first[text]
		if len(names) == 1 {
			text = w.Text
		}
		fmt.Fprintf(a.stdout, "%s\n  since %s ago: %s\n", a.paint(a.stdout, yellow, text), age(w.Since),
			human.Sample(names, len(names)))
	}
	if len(order) == 0 && !a.json() {
		a.printNote("no warning that is not acknowledged")
	}
	return nil
}

// warningsOf are the warnings of a table.
func warningsOf(one tableStatus, acked bool) (out []owner.Warning) {
	if one.State == nil {
		return nil
	}
	for _, w := range one.State.Warnings {
		if acked || !w.Acked {
			out = append(out, w)
		}
	}
	return out
}

// ackWarnings acknowledges the warnings of the tables that the arguments name; of all tables without arguments.
func (a *app) ackWarnings(ctx context.Context, args []string) error {
	s, all, err := a.askStates(ctx, a.config, args)
	if err != nil {
		return err
	}
	defer s.Close()
	none, each := true, tableErrors{app: a}
	for _, one := range all {
		left := warningsOf(one, false)
		none = none && len(left) == 0
		if len(left) == 0 {
			continue
		}
		if _, failed := s.AckWarnings(ctx, one.Table); failed != nil {
			if err := each.take(ctx, one.Table, failed); err != nil {
				return err
			}
			continue
		}
		for _, w := range left {
			w.Acked = true
			if a.json() {
				a.printJSON(tableWarning{one.Table, w})
			}
		}
		if !a.json() && !a.quiet {
			fmt.Fprintf(a.stdout, "%s: %s acknowledged\n", one.Table, human.Count(len(left), "warning"))
		}
	}
	if none && !a.json() {
		a.printNote("no warning that is not acknowledged")
	}
	return each.err()
}

// printWarningsLeft counts the warnings that are not acknowledged.
func (a *app) printWarningsLeft(all []tableStatus) {
	warnings, tables := 0, 0
	for _, one := range all {
		if n := len(warningsOf(one, false)); n > 0 {
			warnings, tables = warnings+n, tables+1
		}
	}
	if warnings > 0 && !a.quiet {
		fmt.Fprintf(a.stdout, "%s of %s: tablehaul warnings\n", human.Count(warnings, "warning"),
			human.Count(tables, "table"))
	}
}
