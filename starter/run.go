package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/remote"
)

type runFlags struct {
	all    bool
	noWait bool
	input  api.SyncTableInput
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run TABLE…",
		Short: "Bring tables up to date, and follow the runs",
		Long: "Run starts one run per table and follows them. Without a watermark a run is a first load;\n" +
			"later runs read what has changed. Ctrl-C stops following; the runs go on.\n\n" + exitHelp,
		Example: "  tablehaul run shop.orders\n  tablehaul run --all --if-busy skip --output json\n" +
			"  tablehaul run 'shop.log_*'\n" +
			"  tablehaul run shop.orders --from '2024-05-01 00:00:00' --to '2024-06-01 00:00:00'",
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkRun(cmd, f, args); err != nil {
				return err
			}
			c, err := a.config()
			if err != nil {
				return err
			}
			sel, err := a.selectTables(c, args, f.all)
			if err != nil {
				return err
			}
			return a.runAll(cmd.Context(), f, c, sel)
		},
	}
	fl := cmd.Flags()
	fl.BoolVar(&f.all, "all", false, "every table of the configuration")
	fl.BoolVar(&f.input.Full, "full", false, "read the whole table again, and set the watermark again")
	fl.StringVar(&f.input.From, "from", "", "backfill: read above this cursor value (exclusive); the watermark stays")
	fl.StringVar(&f.input.To, "to", "", "backfill: read up to this cursor value (inclusive); the watermark stays")
	fl.BoolVar(&f.noWait, "no-wait", false, "start the runs, and do not follow them")
	fl.StringVar(&f.input.IfBusy, "if-busy", api.IfBusyFail, "where another run holds the table: fail, wait or skip")
	completeFlag(cmd, "if-busy", api.IfBusyFail, api.IfBusyWait, api.IfBusySkip)
	cmd.MarkFlagsMutuallyExclusive("full", "from")
	cmd.MarkFlagsMutuallyExclusive("full", "to")
	a.webFlag(cmd)
	a.outputFlag(cmd)
	return cmd
}

// checkRun checks what cobra cannot.
func checkRun(cmd *cobra.Command, f runFlags, args []string) error {
	switch f.input.IfBusy {
	case api.IfBusyFail, api.IfBusyWait, api.IfBusySkip:
	default:
		return fmt.Errorf("--if-busy is %q: it is fail, wait or skip", f.input.IfBusy)
	}
	bounded := cmd.Flags().Changed("from") || cmd.Flags().Changed("to")
	switch {
	case bounded && (f.all || len(args) > 1 || len(args) == 1 && strings.Contains(args[0], "*")):
		return errors.New("--from and --to are values of one table's cursor: give one table")
	case bounded && f.input.From == "" && f.input.To == "":
		return errors.New("--from and --to are empty: give a cursor value")
	}
	return nil
}

// runAll starts and follows a run of each table, side by side. The workers decide how many run at the same time.
func (a *app) runAll(ctx context.Context, flags runFlags, c *config.Config, sel selection) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	names, err := a.expand(ctx, s, c, sel)
	if err != nil {
		return err
	}
	return a.runTables(ctx, s, flags, names)
}

// runTables is runAll of tables that are known by their names.
func (a *app) runTables(ctx context.Context, s service, flags runFlags, names []string) error {
	r := a.newRunner(ctx, s, names, !flags.noWait)
	defer r.follower.Close()
	if err := r.printList(); err != nil {
		return err
	}
	results := make([]outcome, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		group.Go(func() {
			in := flags.input
			in.Table = name
			results[i] = r.runTable(ctx, in, flags.noWait || a.web)
			r.display.finish(name, results[i].Outcome, results[i].rows())
		})
	}
	group.Wait()
	r.display.close()
	a.reportAll(results)
	return exitOf(results)
}

// runTable starts and follows a run, and returns its outcome.
func (r *runner) runTable(ctx context.Context, in api.SyncTableInput, noWait bool) outcome {
	e, err := r.start(ctx, in, noWait)
	var busy *remote.BusyError
	if errors.As(err, &busy) && in.IfBusy == api.IfBusySkip {
		skipped := api.SyncTableResult{Table: in.Table, Skipped: true, HolderID: busy.Holder.WorkflowID}
		return outcome{Table: in.Table, Outcome: outcomeSkipped, Result: &skipped}
	}
	if err == nil && !r.several {
		err = r.started(func(text string) { r.display.message(in.Table, text) }, e)
	}
	if errors.Is(err, errLinked) {
		return outcome{Table: in.Table, Outcome: outcomeLinked, Execution: e}
	}
	if err != nil {
		return r.failed(ctx, in.Table, e, err)
	}
	if noWait {
		return outcome{Table: in.Table, Outcome: outcomeStarted, Execution: e}
	}
	result, err := r.follow(ctx, in.Table, e)
	if err != nil {
		return r.failed(ctx, in.Table, e, err)
	}
	out := outcome{Table: in.Table, Outcome: outcomeDone, Execution: e, Result: &result}
	if result.Skipped {
		out.Outcome = outcomeSkipped
	}
	return out
}
