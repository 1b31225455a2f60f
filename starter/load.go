package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
)

func (a *app) loadCommand() *cobra.Command {
	f := runFlags{}
	cmd := &cobra.Command{
		Use:   "load TABLE [FILE…]",
		Short: "Load files into a table that has files: in the configuration",
		Long: "Load starts a run of a table that is loaded from files, and follows it. Without names it loads what " +
			"is\n" +
			"complete and not loaded yet, as run does. With names it loads these files, complete or not, loaded " +
			"before\n" +
			"or not. A name is what comes after the table's files.url. Without a cursor, files that are older than " +
			"what\n" +
			"is loaded are refused, since their rows would undo newer ones; --force loads them all the " +
			"same.\n\n" + exitHelp,
		Example: "  tablehaul load lake.orders\n  tablehaul load lake.orders 2024/05/01/orders.parquet --force",
		Args:    cobra.MinimumNArgs(1),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return a.completeTables(cmd, args, word)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.load(cmd.Context(), f, args[0], args[1:])
		},
	}
	fl := cmd.Flags()
	fl.BoolVar(&f.input.Force, "force", false, "load files also where their rows could undo newer ones")
	fl.BoolVar(&f.noWait, "no-wait", false, "start the run, and do not follow it")
	fl.StringVar(&f.input.IfBusy, "if-busy", api.IfBusyFail, "where another run holds the table: fail, wait or skip")
	completeFlag(cmd, "if-busy", api.IfBusyFail, api.IfBusyWait, api.IfBusySkip)
	a.outputFlag(cmd)
	return cmd
}

// load starts and follows a run that loads the named files; none: what is complete.
func (a *app) load(ctx context.Context, f runFlags, name string, names []string) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	sel, err := a.selectTables(c, []string{name}, false)
	if err != nil {
		return err
	}
	if err := checkLoads(c, name); err != nil {
		return err
	}
	f.input.Files = names
	return a.runAll(ctx, f, c, sel)
}

// checkLoads refuses a table that has a source server.
func checkLoads(c *config.Config, name string) error {
	for _, t := range c.Tables() {
		if t.Name.String() == name && t.Files == nil {
			return exitf(exitUsage, "%s is read from a server, and not loaded from files: use tablehaul run "+
				"%s", name, human.Arg(name))
		}
	}
	if strings.Contains(name, "*") {
		return exitf(exitUsage, "%s is a family: a table of files has a name of its own", name)
	}
	return nil
}
