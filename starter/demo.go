package main

import (
	"github.com/spf13/cobra"
)

// demoFlags are those of `tablehaul demo`.
type demoFlags struct {
	rows    int
	noShell bool
	clean   bool
}

// minDemoRows are enough for what the demo changes and spoils.
const minDemoRows = 10_000

func (a *app) demoCommand() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show Tablehaul on two private databases, with nothing to set up",
		Long: "Demo starts two database servers, Temporal and a worker, all of them private: on 127.0.0.1, below\n" +
			"folders for temporary files, with passwords of their own. It fills a table, copies it, changes it,\n" +
			"kills the target in the middle of a run, spoils rows by hand, finds and repairs them. It prints each\n" +
			"command that it runs. On a terminal it then opens a shell in which the commands go on to work. All of\n" +
			"it goes when the shell ends.\n\n" +
			"It needs tablehaul-standalone beside this program or on PATH, and a server to start: mysqld, mariadbd\n" +
			"(on Debian and Ubuntu: apt install mariadb-server-core), or a Docker engine.\n\n" + exitHelp,
		Example: "  tablehaul demo\n  tablehaul demo --rows 1000000\n  tablehaul demo --clean",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.rows < minDemoRows {
				return exitf(exitUsage, "--rows is %d: it is %d or more", f.rows, minDemoRows)
			}
			return a.demo(cmd.Context(), f)
		},
	}
	fl := cmd.Flags()
	fl.IntVar(&f.rows, "rows", 200_000, "rows of the table, at least 10,000")
	fl.BoolVar(&f.noShell, "no-shell", false, "end after the last step, also on a terminal")
	fl.BoolVar(&f.clean, "clean", false, "remove what a demo has left that was killed, and start none")
	return cmd
}
