package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tablehaul/tablehaul/integration/scene"
)

// print shows the results that there are.
func (l *large) print() error {
	results, err := l.results()
	if err != nil {
		return err
	}
	t := largeTable(results)
	t.SetStyle(table.StyleLight)
	fmt.Fprintf(l.out, "\n%s\n", t.Render())
	for _, line := range largeGoals(results) {
		fmt.Fprintln(l.out, line)
	}
	say(l.out, "kept: %s (make bench-large-clean removes it)", l.kept)
	return nil
}

// renew writes the page, and README.md by it, once a tool has done a part. A page of another name is written alone.
func (l *large) renew() error {
	results, err := l.results()
	if err != nil || l.report == "" || !slices.ContainsFunc(results, func(r partResult) bool {
		return r.Part != part{what: partSource}.title()
	}) {
		return err
	}
	page := l.page(results)
	if err := os.WriteFile(l.report, []byte(page), 0o644); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	say(l.out, "written: %s", l.report)
	if l.report != largePage {
		return nil
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		return err
	}
	renewed, err := renewLarge(string(readme), page)
	if err != nil {
		return fmt.Errorf("README.md: %w", err)
	}
	return os.WriteFile("README.md", []byte(renewed), 0o644)
}

// renewLarge puts what the page has for README.md there.
func renewLarge(readme, page string) (string, error) {
	_, content, _, err := largeMarks.cut(page)
	if err != nil {
		return "", err
	}
	return largeMarks.renew(readme, content+largeLink)
}

// machinesOf names the machine of the parts, and each other one with the part that was the first on it.
func machinesOf(results []partResult) string {
	if len(results) == 0 {
		return "unknown"
	}
	text := results[0].Machine
	for i, r := range results {
		if i > 0 && r.Machine != results[i-1].Machine {
			text += fmt.Sprintf("; from %q on: %s", r.Part, r.Machine)
		}
	}
	return text
}

func serversOf(results []partResult) string {
	if len(results) == 0 {
		return "an unknown version"
	}
	name, _, _ := strings.Cut(results[len(results)-1].Servers, " from ")
	return name
}

func largeTable(results []partResult) table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{
		"", "version", "rows", "time", "rows/s", "longest transaction", "other clients' p99", "their 1205 and 1213",
		"peak memory", "staged", "processor", "both sides",
	})
	for _, r := range results {
		row := table.Row{r.Part, r.Version, scene.Number(r.Rows), duration(r.Seconds), scene.Number(r.rate())}
		switch {
		case r.Failure != "":
			row = append(row[:3], "", "", "", "", "", "", "", "", "failed: "+r.Failure)
		case r.P99 == [2]float64{}:
			row = append(row, "", "", "", "", "", "", "")
		default:
			memory := fmt.Sprintf("%d MiB", r.PeakMiB)
			if r.WorkerMiB > 0 {
				memory += fmt.Sprintf(" (worker %d)", r.WorkerMiB)
			}
			row = append(row, r.longestText(),
				fmt.Sprintf("%.1f / %.1f ms", r.P99[0], r.P99[1]), r.Locked, memory, fmt.Sprintf("%d MiB", r.StagedMiB),
				fmt.Sprintf("%.0f / %.0f / %.0f s", r.Processor[0], r.Processor[1], r.Processor[2]), r.Sides)
		}
		t.AppendRow(row)
	}
	return t
}

// duration is seconds up to two minutes, and minutes above.
func duration(seconds float64) string {
	if seconds < 120 {
		return fmt.Sprintf("%.1f s", seconds)
	}
	return fmt.Sprintf("%.1f min", seconds/60)
}
