package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
)

func (a *app) backfillCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "backfill TABLE COLUMN…",
		Short: "Fill columns of old rows that the target got later",
		Long: "A column that was added holds its default or NULL in rows that were there before, since no run\n" +
			"reads them again. Backfill reads the rows up to the watermark, and writes the columns' values where\n" +
			"the target still has the version that was read, by its cursor. Runs may go on meanwhile, and win.\n\n" +
			"It can be started again at any time: what is filled counts as equal.\n\n" + exitHelp,
		Example: "  tablehaul backfill shop.orders discount\n  tablehaul backfill shop.orders discount note --dry-run",
		Args:    cobra.MinimumNArgs(2), ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := a.oneTable(args[0])
			if err != nil {
				return err
			}
			return a.backfill(cmd.Context(), api.FillColumnsInput{Table: name, Columns: args[1:], DryRun: dryRun})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "count the rows, and write nothing")
	a.webFlag(cmd)
	a.outputFlag(cmd)
	return cmd
}

func (a *app) backfill(ctx context.Context, in api.FillColumnsInput) error {
	id := api.FillColumnsID(a.taskQueue, in.Table)
	r, err := askAlone(ctx, a, in.Table, id, func(s service) question[api.FillColumnsResult] {
		return question[api.FillColumnsResult]{
			start: func(ctx context.Context, _ string) (remote.Execution, error) { return s.StartFill(ctx, in) },
			wait:  s.WaitFill,
		}
	})
	if err != nil {
		return err
	}
	if a.json() {
		a.printJSON(r)
		return nil
	}
	done := "filled"
	if r.DryRun {
		done = "would be filled"
	}
	fmt.Fprintf(a.stdout, "%s: %s of %s %s: %s\n", r.Table, human.Count(r.Filled, "row"), r.Target, done,
		strings.Join(r.Columns, ", "))
	a.printLine("read", "%s up to %s %s", human.Count(r.Rows, "row"), r.Cursor, r.Through)
	if r.Equal > 0 {
		a.printLine("equal", "%s had the values before", humanize.Comma(r.Equal))
	}
	if r.Newer > 0 {
		a.printLine("newer", "%s were another version than was read: runs bring them", humanize.Comma(r.Newer))
	}
	if r.Missing > 0 {
		a.printLine("missing", "%s not on the target: tablehaul verify %s says why", human.Count(r.Missing, "row"),
			r.Table)
	}
	for _, w := range r.Warnings {
		a.printLine("warning", "%s", w)
	}
	return nil
}
