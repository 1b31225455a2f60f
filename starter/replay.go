package main

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
)

func (a *app) replayCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replay TABLE [RUN|FOLDER]",
		Short: "Load the rows of an earlier run again, as the source has them now",
		Long: "Replay takes the keys of all rows that a run has staged, and compares the rows that both sides have\n" +
			"under them. Those that differ are written as the source has them now, under the table's lease; rows\n" +
			"that are newer on the target, and rows that the source has deleted since, stay as they are. RUN is the\n" +
			"run's id, as `tablehaul history` prints it, or the folder of its kept files; without it, the newest is\n" +
			"replayed. staging.keep says how long the files of runs stay. `tablehaul undo` takes a replay back.\n\n" +
			exitHelp,
		Example: "  tablehaul replay shop.orders\n" +
			"  tablehaul replay shop.orders 01a221b7-0d3c-7c1a-8a57-4cf1a4c1d5a0",
		Args: cobra.RangeArgs(1, 2), ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			sel, err := a.selectTables(c, args[:1], false)
			if err != nil {
				return err
			}
			in := api.VerifyTableInput{Depth: api.DepthDigest, Replay: "last", Repair: true}
			if len(args) > 1 {
				in.Replay = cmp.Or(args[1], in.Replay)
			}
			return a.verifyAll(cmd.Context(), c, sel, in)
		},
	}
	a.webFlag(cmd)
	a.outputFlag(cmd)
	return cmd
}
