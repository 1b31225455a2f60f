package main

import (
	"context"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/verify"
)

func (a *app) undoCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "undo TABLE [RUN]",
		Short: "Take back what a repair, a sweep of deletes or a swap has done",
		Long: "Undo writes rows of the target back as they were before a repair or a sweep of deletes, and deletes\n" +
			"those that were not there. RUN is what the receipt names. It touches only rows that still are what was\n" +
			"left there, byte for byte; rows that have changed since stay, and are counted. The table's deletes are\n" +
			"paused until they are resumed: the next sweep would delete again what comes back.\n\n" +
			"Without RUN, it undoes the last swap of a table with write: replace, while the former table is kept:\n" +
			"that one has the target's name again, the one that took its place is dropped, and the watermark is\n" +
			"what it was before. Pause the table's schedule first: its next run replaces the target again.\n\n" +
			exitHelp,
		Example: "  tablehaul undo shop.orders 01a221b7-0d3c-7c1a-8a57-4cf1a4c1d5a0 --dry-run\n" +
			"  tablehaul undo shop.customers",
		Args: cobra.RangeArgs(1, 2), ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := a.oneTable(args[0])
			if err != nil {
				return err
			}
			in := api.UndoTableInput{Table: name, DryRun: dryRun}
			if len(args) > 1 {
				in.Run = args[1]
			}
			return a.undo(cmd.Context(), in)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be taken back, and write nothing")
	a.webFlag(cmd)
	a.outputFlag(cmd)
	return cmd
}

func (a *app) undo(ctx context.Context, in api.UndoTableInput) error {
	id := api.UndoTableID(a.taskQueue, in.Table)
	r, err := askAlone(ctx, a, in.Table, id, func(s service) question[api.UndoTableResult] {
		return question[api.UndoTableResult]{
			start: func(ctx context.Context, _ string) (remote.Execution, error) { return s.StartUndo(ctx, in) },
			wait:  s.WaitUndo,
		}
	})
	if err != nil {
		return err
	}
	if a.json() {
		a.printJSON(r)
		return nil
	}
	if r.Swap != nil {
		a.printUndoneSwap(r)
		return nil
	}
	done := "are as they were before"
	if r.DryRun {
		done = "would be written back"
	}
	fmt.Fprintf(a.stdout, "%s: %s of %s %s\n", r.Table, human.Count(r.Restored, "row"), r.Target, done)
	if r.Changed > 0 {
		a.printLine("changed", "%s: not what was left there, and not touched", human.Count(r.Changed, "row"))
	}
	if r.DeletesPaused {
		a.printLine("deletes", "paused; tablehaul deletes resume %s lets sweeps delete again", human.Arg(r.Table))
	}
	return nil
}

// printUndoneSwap prints what the undo of a swap did.
func (a *app) printUndoneSwap(r api.UndoTableResult) {
	at := r.Swap.At.Format("2006-01-02 15:04:05 MST")
	if r.DryRun {
		fmt.Fprintf(a.stdout, "%s: %s would be the table again that it was before the swap of %s; it is kept for %s\n",
			r.Table, r.Target, at, human.Duration(time.Duration(r.Swap.KeptSeconds)*time.Second))
		return
	}
	fmt.Fprintf(a.stdout, "%s: %s is the table again that it was before the swap of %s; the other one is dropped\n",
		r.Table, r.Target, at)
	watermark := r.Swap.Watermark
	if watermark == "" {
		watermark = "none, as before that swap"
	}
	a.printLine("watermark", "%s", watermark)
	a.printLine("next", "tablehaul run %s loads the table again", human.Arg(r.Table))
}

// leftTexts say why a repair has left keys, by what they are now.
var leftTexts = map[verify.Verdict]string{
	verify.Missing:   "not written",
	verify.Stale:     "not written",
	verify.Silent:    "not written",
	verify.Respelled: "not written",
	verify.Newer:     "newer on the target; --overwrite-newer writes over them",
	verify.Deleted:   "not at the source any more; a repair deletes no row",
	verify.Extra:     "not at the source, and not known to have come from there",
	verify.Pending:   "changed since; the next run brings them",
	verify.Settled:   "on neither side any more",
}

// printRepair prints what a repair did.
func (a *app) printRepair(r *api.VerifyTableResult) {
	for _, v := range verify.Differences() {
		if n := r.Repaired[v]; n > 0 {
			a.printLine("repaired", "%s %s", humanize.Comma(n), v)
		}
	}
	for _, v := range append(verify.Differences(), verify.Pending, verify.Settled) {
		if n := r.Left[v]; n > 0 {
			a.printLine("left", "%s %s: %s", humanize.Comma(n), v, leftTexts[v])
		}
	}
	a.printUndo(r)
}

// printUndo prints what takes back what a repair or a sweep did.
func (a *app) printUndo(r *api.VerifyTableResult) {
	for _, run := range r.Undo {
		a.printLine("undo", "tablehaul undo %s %s", human.Arg(r.Table), run)
	}
}
