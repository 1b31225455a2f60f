package main

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tablehaul/tablehaul/integration/bystanders"
	"github.com/tablehaul/tablehaul/integration/scene"
)

// goalComesBack is the share of the rows a second before a fault that come in after it, at least.
const goalComesBack = 0.7

func printFaults(out io.Writer, server string, rows int, seen []faulted, quiet bystanders.Report) {
	fmt.Fprintf(out, "\n%s, a first load of %s rows beside other clients, a fault of %s when a third is there; their "+
		"p99 alone: %s\n", server, scene.Number(int64(rows)), faultTime, bystanders.Round(quiet.All.P99))
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{
		"fault", "seconds", "rows/s before", "during", "after", "longest transaction", "worker", "other clients' p99",
		"1205", "1213", processorHeader, "goals",
	})
	for i, x := range seen {
		verdict := "met"
		for _, text := range faults[i].missed(x, quiet) {
			if verdict == "met" {
				verdict = "MISSED: "
			}
			verdict += text + " "
		}
		t.AppendRow(table.Row{
			faults[i].name, fmt.Sprintf("%.1f", x.seconds),
			rowsText(x.rates[0]), rowsText(x.rates[1]), rowsText(x.rates[2]),
			fmt.Sprintf("%.2f s", x.longest), fmt.Sprintf("%.0f MiB", x.peakMiB), x.waits(),
			x.fared.Refused[1205], x.fared.Refused[1213], x.cpu, verdict,
		})
	}
	t.Render()
}

// waits is the other clients' p99, and that without a load where they feel the fault.
func (x faulted) waits() string {
	text := fmt.Sprint(bystanders.Round(x.fared.All.P99))
	if x.alone.All.Operations > 0 {
		text += fmt.Sprintf(" (%s without a load)", bystanders.Round(x.alone.All.P99))
	}
	return text
}

func rowsText(rate float64) string { return scene.Number(int64(rate)) }

// missed are the goals that a load has missed: rows come in during a fault, and after it as before; other clients feel
// no lock but those of transactions that were under way as it began, and at most goalSlower times what they feel
// alone, or alone with a fault that they feel themselves.
func (f fault) missed(x faulted, quiet bystanders.Report) (out []string) {
	if !f.lost && x.rates[1] == 0 {
		out = append(out, "nothing came in")
	}
	if x.rates[2] < goalComesBack*x.rates[0] {
		out = append(out, "it does not come back")
	}
	if x.fared.Locked() > 0 && !f.holds {
		out = append(out, "locks")
	}
	if float64(x.fared.All.P99) > goalSlower*float64(max(quiet.All.P99, x.alone.All.P99, 1)) {
		out = append(out, "p99")
	}
	return out
}
