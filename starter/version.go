package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/buildinfo"
)

func (a *app) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := buildinfo.Read()
			if a.json() {
				a.printJSON(v)
				return nil
			}
			fmt.Fprintf(a.stdout, "tablehaul %s\n", v)
			return nil
		},
	}
	a.outputFlag(cmd)
	return cmd
}
