package main

import (
	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/owner"
)

func (a *app) watermarkAdopt() *cobra.Command {
	cmd := &cobra.Command{
		Use: "adopt TABLE", Short: "Bind a table's watermark to the source and target that are there now",
		Long: "A watermark is of one source, one target, one cursor and one primary key. Where any of them has\n" +
			"changed, runs are refused with IdentityChanged. Adopt says that the target that is there now holds\n" +
			"every row of the source up to the watermark: the next run binds the watermark to what it finds.\n\n" +
			"Rows that the target lacks below the watermark never arrive by themselves. If in doubt, load the\n" +
			"table anew with tablehaul run TABLE --full. A target that another deployment keeps is taken over.\n" +
			"Adopt is refused while a run holds the table.\n\n" + exitHelp,
		Example:           "  tablehaul watermark adopt shop.orders",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, name, _, err := a.askOne(cmd.Context(), args)
			if err != nil {
				return err
			}
			defer s.Close()
			return a.changeWatermark(cmd.Context(), s, name, owner.SetRequest{Adopt: true})
		},
	}
	a.outputFlag(cmd)
	return cmd
}
