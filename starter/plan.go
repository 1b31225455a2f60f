package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
)

type planFlags struct {
	all, verbose, strict bool
}

func (a *app) planCommand() *cobra.Command {
	var in api.PlanTableInput
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan TABLE…|--all",
		Short: "Check tables, and say what a run would do; nothing is written",
		Long: "Plan does what a run does before its first write: it looks at both tables, chooses the window\n" +
			"and cuts the ranges. Rows, bytes, chunks and seconds are estimates. It ends with exit code 1 where a\n" +
			"run would be refused. Of several tables it shows a line each, and below them what is wrong.\n\n" + exitHelp,
		Example:           "  tablehaul plan shop.orders\n  tablehaul plan --all --strict\n  tablehaul plan 'shop.log_*' --output json",
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
			return a.planAll(cmd.Context(), c, sel, in, f)
		},
	}
	cmd.Flags().BoolVar(&f.all, "all", false, "every table that the configuration stands for")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "with several tables: show each in full")
	cmd.Flags().BoolVar(&f.strict, "strict", false, "exit code 1 for warnings too, for a check before a change is merged")
	cmd.Flags().BoolVar(&in.Full, "full", false, "as if run with --full")
	cmd.Flags().StringVar(&in.From, "from", "", "as if run with --from")
	cmd.Flags().StringVar(&in.To, "to", "", "as if run with --to")
	a.outputFlag(cmd)
	return cmd
}

// planOne waits for the preview, and says so when nobody works on it.
func (a *app) planOne(ctx context.Context, s service, in api.PlanTableInput) (api.PlanTableResult, error) {
	if there, err := s.HasWorker(ctx); err == nil && !there {
		fmt.Fprintf(a.stderr, "%s: %s\n", in.Table, a.noWorker().Error())
	}
	e, err := s.StartPlan(ctx, in)
	if err != nil {
		return api.PlanTableResult{}, err
	}
	printer := newWaitPrinter(func(text string) { fmt.Fprintf(a.stderr, "%s: %s\n", in.Table, text) })
	return await(ctx, a.interval(), func() (api.PlanTableResult, error) { return s.WaitPlan(ctx, e) }, func() {
		if steps, err := s.Pending(ctx, e); err == nil {
			printer.update(time.Now(), steps.Waits)
		}
	})
}
