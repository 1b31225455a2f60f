package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// tableRun is a line of history --output json.
type tableRun struct {
	Table string `json:"table"`
	owner.RunRecord
}

func (a *app) historyCommand() *cobra.Command {
	limit, failed, plot := 0, false, false
	cmd := &cobra.Command{
		Use: "history TABLE…", Short: "List the last runs of tables: windows, rows, durations, failures",
		Long: "History lists the last 50 runs of a table, newest first, from its state workflow. The Web UI has the\n" +
			"steps of each run, for as long as Temporal keeps them.\n\n" +
			"With --plot it draws a column per run: rows, seconds, and how far the target was behind before the run\n" +
			"ended. --output csv is a line per run for a spreadsheet.\n\n" + exitHelp,
		Example: "  tablehaul history shop.orders --failed\n  tablehaul history shop.orders --plot\n" +
			"  tablehaul history 'shop.*' --output csv",
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 1 {
				return fmt.Errorf("--limit is %d: the minimum is 1", limit)
			}
			c, sel, err := a.tablesToShow(args)
			if err != nil {
				return err
			}
			s, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			all, err := a.askKnown(cmd.Context(), s, c, sel)
			if err != nil {
				return err
			}
			if a.web {
				return a.printWebLinks(all)
			}
			if a.output == outputCSV {
				return a.printHistoryCSV(all, limit, failed)
			}
			for _, one := range all {
				a.printHistory(one, runsOf(one, limit, failed), plot, len(all) > 1)
			}
			return nil
		},
	}
	cmd.Flags().IntVarP(&limit, "limit", "n", 50, "the maximum number of runs")
	cmd.Flags().BoolVar(&failed, "failed", false, "only failed runs")
	cmd.Flags().BoolVar(&plot, "plot", false, "charts of rows, seconds and lag instead of the list")
	a.webFlag(cmd)
	a.outputFlag(cmd, outputCSV)
	return cmd
}

func (a *app) printHistory(one tableStatus, runs []owner.RunRecord, plot, several bool) {
	switch {
	case a.json():
		for _, r := range slices.Backward(runs) {
			a.printJSON(tableRun{one.Table, r})
		}
		return
	case len(runs) == 0:
		a.printNote("%s: no such run is recorded", one.Table)
		return
	case plot:
		a.printPlot(one, runs)
		return
	case several:
		fmt.Fprintln(a.stdout, one.Table)
	}
	a.printRuns(runs, len(runs))
}

// printRuns lists the last runs, newest first. Failures follow below, where there is room for their texts.
func (a *app) printRuns(runs []owner.RunRecord, limit int) {
	if len(runs) == 0 {
		return
	}
	t := newGrid("Finished (UTC)", "Mode", "Outcome", "Rows", "Took", "Window")
	t.right("Rows", "Took")
	type cause struct{ at, text string }
	var causes []cause
	for _, r := range slices.Backward(runs[max(0, len(runs)-limit):]) {
		at := r.Finished.UTC().Format("2006-01-02 15:04:05")
		outcome := r.Outcome
		if typ, _, ok := strings.Cut(r.Failure, ":"); ok {
			outcome += ": " + typ
		}
		if r.NewerOnTarget > 0 {
			outcome += fmt.Sprintf(", %s newer on the target", humanize.Comma(r.NewerOnTarget))
		}
		if r.Existing > 0 {
			outcome += fmt.Sprintf(", %s existing", humanize.Comma(r.Existing))
		}
		t.add(at, r.Mode, a.outcomeText(r.Outcome, outcome), humanize.Comma(r.Rows), human.Seconds(r.Seconds),
			windowCell(r.Window))
		if r.Failure != "" && (len(causes) == 0 || causes[len(causes)-1].text != r.Failure) {
			causes = append(causes, cause{at, r.Failure})
		}
	}
	a.printGrid(t)
	const shown = 3
	for _, c := range causes[:min(shown, len(causes))] {
		fmt.Fprintf(a.stdout, "  %s  %s\n", c.at, c.text)
	}
}
