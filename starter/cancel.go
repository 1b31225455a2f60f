package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// What cancel did to a table.
const (
	cancelDone      = "cancelled"
	cancelRequested = "requested"
	cancelIdle      = "idle"
)

// cancelled is a line of --output json.
type cancelled struct {
	Table string `json:"table"`
	// Done is cancelled, requested (the run has not ended yet), or idle (none goes on).
	Done string `json:"done"`
	remote.Execution
}

// cancelFlags are those of cancel.
type cancelFlags struct{ all, verify, deletes, noWait bool }

func (a *app) cancelCommand() *cobra.Command {
	var f cancelFlags
	cmd := &cobra.Command{
		Use: "cancel TABLE…", Short: "End the runs of tables that go on",
		Long: "Cancel asks the run that holds a table to end, and waits until it has. The chunk that is being\n" +
			"written is committed or rolled back as a whole, the watermark stays, and the next run goes on from\n" +
			"there; a first load, or a run of files, goes on with the ranges that are missing. The table's schedule\n" +
			"starts its next run as ever: tablehaul pause TABLE keeps it from that.\n\n" + exitHelp,
		Example:           "  tablehaul cancel shop.orders\n  tablehaul cancel 'shop.log_*' --no-wait",
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, sel, err := a.tablesToChange(args, f.all)
			if err != nil {
				return err
			}
			return a.cancelAll(cmd.Context(), c, sel, f)
		},
	}
	cmd.Flags().BoolVar(&f.all, "all", false, "every table")
	cmd.Flags().BoolVar(&f.verify, "verify", false, "the tables' comparisons, not their runs")
	cmd.Flags().BoolVar(&f.deletes, "deletes", false, "the tables' sweeps of deletes, not their runs")
	cmd.Flags().BoolVar(&f.noWait, "no-wait", false, "do not wait until the runs have ended")
	cmd.MarkFlagsMutuallyExclusive("verify", "deletes")
	a.outputFlag(cmd)
	return cmd
}

// cancelAll cancels what goes on of each table: it asks all of them first, then waits for their ends. After an error of
// one table it goes on with the others.
func (a *app) cancelAll(ctx context.Context, c *config.Config, sel selection, f cancelFlags) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	names, err := a.known(ctx, s, c, sel)
	if err != nil {
		return err
	}
	worker, err := s.HasWorker(ctx)
	if err != nil {
		return a.fromTemporal(ctx, err)
	}
	now, err := s.Going(ctx) // a schedule's workflow has the time in its id, and its run may not hold the table yet
	if err != nil {
		return a.fromTemporal(ctx, err)
	}
	going := now.Runs
	switch {
	case f.verify:
		going = now.Comparisons
	case f.deletes:
		going = now.Sweeps
	}
	all, each := make([]cancelled, 0, len(names)), tableErrors{app: a}
	for _, name := range names {
		one, failed := a.cancelTable(ctx, s, c, name, f, worker)
		if e, ok := going[name]; ok && failed == nil && one.Done == cancelIdle {
			one, failed = a.cancelOne(ctx, s, name, e)
		}
		if err := each.take(ctx, name, failed); err != nil {
			return err
		}
		if failed == nil {
			all = append(all, one)
		}
	}
	if !worker && !f.noWait {
		f.noWait = true
		a.printNote("%s; what was cancelled ends when one runs", a.noWorker())
	}
	busy := func(one cancelled) bool { return one.Done != cancelIdle }
	if !slices.ContainsFunc(all, busy) && each.code == exitOK && len(sel.names) == 0 && !a.json() {
		a.printNote("nothing goes on of these tables")
	}
	for i := range all {
		if all[i].Done == cancelRequested && !f.noWait {
			if err := each.take(ctx, all[i].Table, a.awaitEnd(ctx, s, &all[i])); err != nil {
				return err
			}
		}
		a.printCancelled(all[i], sel)
	}
	return each.err()
}

// cancelTable asks what goes on of a table to end.
func (a *app) cancelTable(
	ctx context.Context, s service, c *config.Config, name string, f cancelFlags, worker bool,
) (cancelled, error) {
	e := remote.Execution{WorkflowID: api.SyncTableID(a.taskQueue, name)}
	switch {
	case f.verify:
		e.WorkflowID = api.VerifyTableID(a.taskQueue, name)
	case f.deletes:
		e.WorkflowID = api.SweepTableID(a.taskQueue, name)
	case worker: // a run with another workflow id holds the table, maybe
		one, err := a.askTable(ctx, s, name)
		if err == nil {
			err = a.checkKnown(c, one)
		}
		if err != nil {
			return cancelled{}, err
		}
		if one.State != nil && one.State.Lease != nil && !one.State.Lease.Slice && one.Ended == "" {
			e = remote.Execution{WorkflowID: one.State.Lease.WorkflowID, RunID: one.State.Lease.RunID}
		}
	}
	return a.cancelOne(ctx, s, name, e)
}

// cancelOne asks a workflow of a table to end.
func (a *app) cancelOne(ctx context.Context, s service, name string, e remote.Execution) (cancelled, error) {
	out := cancelled{Table: name, Done: cancelIdle}
	e, found, err := s.Cancel(ctx, e)
	if err != nil {
		return out, a.fromTemporal(ctx, err)
	}
	if found {
		out.Done, out.Execution = cancelRequested, e
	}
	return out, nil
}

// awaitEnd waits until a cancelled run has ended. One that has ended in another way meanwhile counts as cancelled only
// where it says so.
func (a *app) awaitEnd(ctx context.Context, s service, one *cancelled) error {
	for {
		steps, err := s.Pending(ctx, one.Execution)
		switch {
		case ctx.Err() != nil:
			return exitf(exitStopped, "stopped waiting; %s ends all the same", one.Execution)
		case err != nil:
			return a.fromTemporal(ctx, err)
		case steps.Closed != "":
			return a.howEnded(ctx, s, one)
		}
		if clock.Sleep(ctx, a.interval()) != nil {
			continue
		}
	}
}

// howEnded asks how a run has ended that was to be cancelled.
func (a *app) howEnded(ctx context.Context, s service, one *cancelled) error {
	_, err := s.Wait(ctx, one.Execution)
	var failed *remote.FailedError
	switch {
	case errors.As(err, &failed) && failed.Type == failure.EndCancelled:
		one.Done = cancelDone
	case errors.As(err, &failed):
		one.Done = outcomeFailed
	case err != nil:
		return a.fromTemporal(ctx, err)
	default:
		one.Done = outcomeDone
	}
	return nil
}

func (a *app) printCancelled(one cancelled, sel selection) {
	if a.json() {
		a.printJSON(one)
		return
	}
	text := map[string]string{
		cancelDone:      "cancelled; the watermark stays, and the next run goes on from there",
		cancelRequested: "the cancel is requested: " + one.Execution.String(),
		cancelIdle:      "nothing goes on",
		outcomeDone:     "the run had ended well before the cancel reached it",
		outcomeFailed:   "the run had failed before the cancel reached it",
	}[one.Done]
	if a.quiet || one.Done == cancelIdle && len(sel.names) == 0 {
		return // of many tables only those that were cancelled
	}
	fmt.Fprintf(a.stdout, "%s: %s\n", one.Table, text)
}
