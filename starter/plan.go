package main

import (
	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
)

type planFlags struct {
	all, verbose, strict bool
	input                api.PlanTableInput
}

func (a *app) planCommand() *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan TABLE…|--all",
		Short: "Check tables, and show what a run would do; it writes nothing",
		Long: "Plan does what a run does before its first write: it checks both tables, chooses the window and\n" +
			"cuts the ranges. Rows, bytes, chunks and seconds are estimates. The exit code is 1 where a run would\n" +
			"be refused. Of several tables it prints one line each, and below them what is wrong.\n\n" + exitHelp,
		Example: "  tablehaul plan shop.orders\n  tablehaul plan --all --strict\n" +
			"  tablehaul plan 'shop.log_*' --output json",
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			sel, err := a.selectTables(c, args, f.all)
			if err != nil {
				return err
			}
			return a.previewAll(cmd.Context(), c, sel, f)
		},
	}
	cmd.Flags().BoolVar(&f.all, "all", false, "every table of the configuration")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "show each of several tables in full")
	cmd.Flags().BoolVar(&f.strict, "strict", false, "exit code 1 for warnings too")
	cmd.Flags().BoolVar(&f.input.Full, "full", false, "preview a run with --full")
	cmd.Flags().StringVar(&f.input.From, "from", "", "preview a run with --from")
	cmd.Flags().StringVar(&f.input.To, "to", "", "preview a run with --to")
	a.webFlag(cmd)
	a.outputFlag(cmd)
	return cmd
}
