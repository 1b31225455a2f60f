package main

import (
	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/owner"
)

func (a *app) watermarkAdopt() *cobra.Command {
	cmd := &cobra.Command{
		Use: "adopt TABLE…", Short: "Bind watermarks to the present sources and targets",
		Long: "A watermark holds for one source, target, cursor, key and write mode, and for one where, columns and\n" +
			"maskKey. Where one of them has changed, runs fail with IdentityChanged. With adopt you say that the\n" +
			"present target holds every row of the source up to the watermark. The next run binds the watermark to\n" +
			"what it finds.\n\n" +
			"Rows that the target lacks below the watermark never arrive later. In doubt, load the table again\n" +
			"with tablehaul run TABLE --full. Adopt also takes over a target that another deployment writes.\n" +
			"Adopt is refused while a run holds the table.\n\n" + exitHelp,
		Example:           "  tablehaul watermark adopt shop.orders",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, all, err := a.askStates(cmd.Context(), a.config, args)
			if err != nil {
				return err
			}
			defer s.Close()
			for _, one := range all {
				if err := a.changeWatermark(cmd.Context(), s, one.Table, owner.SetRequest{Adopt: true}); err != nil {
					return err
				}
			}
			return nil
		},
	}
	a.outputFlag(cmd)
	return cmd
}
