package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tablehaul/tablehaul/integration/scene"
)

// show prints each contest beside the first one.
func show(out io.Writer, version string, rows int, contests []*contest) {
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetTitle("first load of %s rows, %s", scene.Number(int64(rows)), version)
	t.AppendHeader(table.Row{"staging", "seconds, median", "range", "of the first"})
	for _, c := range contests {
		t.AppendRow(table.Row{
			c.name, fmt.Sprintf("%.1f", c.median()), fmt.Sprintf("%.1f–%.1f", slices.Min(c.seconds),
				slices.Max(c.seconds)),
			fmt.Sprintf("%.2f ×", c.median()/contests[0].median()),
		})
	}
	t.Render()
}

func (c *contest) median() float64 { return slices.Sorted(slices.Values(c.seconds))[len(c.seconds)/2] }
