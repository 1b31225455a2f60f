package main

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// chartFile is the chart's path from the repository's root, as README links to it. infileChart is that of the pass with
// local_infile ON.
const (
	chartFile   = "docs/images/peers.svg"
	infileChart = "docs/images/peers-local-infile.svg"
)

// Sizes of the chart, in pixels.
const (
	chartWidth = 860
	nameWidth  = 300
	figureRoom = 75 // for the figure behind a bar
	barHeight  = 16
	rowHeight  = 28
	headHeight = 64
)

// chartStyle has colours for light and for dark pages. The chart has a ground of its own, so that its texts can be
// read on a page of any colour.
const chartStyle = `<style>
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #1f2328 }
.head { font-weight: 600 } .unit { fill: #59636e } .ours { font-weight: 700 }
.ground { fill: #ffffff; stroke: #d1d9e0 } .bar { fill: #8c959f } .bar.ours { fill: #0969da }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .unit { fill: #9198a1 } .ground { fill: #0d1117; stroke: #3d444d }
.bar { fill: #6e7681 } .bar.ours { fill: #4493f8 }
}
</style>
`

// panel is one column of bars.
type panel struct {
	head, unit string
	value      func(figures) float64
	text       func(figures) string
}

// chart draws the page's figures: a row for each tool, a column for each of first load, changes and the longest
// transaction of all, and of the other clients' p99.
func (p page) chart(tools []figures) string {
	panels := []panel{
		{
			"First load", p.rows + " rows, seconds", func(f figures) float64 { return f.seconds[0] },
			func(f figures) string { return secondsText(f.seconds[0]) },
		},
		{
			p.changes + " changes", "slowest shape, seconds", slowestChanges,
			func(f figures) string { return secondsText(slowestChanges(f)) },
		},
		{"Longest transaction", "on the target, seconds", longestOf, func(f figures) string {
			if longestOf(f) == 0 {
				return "–"
			}
			return fmt.Sprintf("%.2f s", longestOf(f))
		}},
		{
			"Other clients", "p99 on the target", func(f figures) float64 { return f.p99 },
			func(f figures) string { return latencyText(f.p99) },
		},
	}
	rows, panelWidth := shown(tools), (chartWidth-nameWidth)/len(panels)
	barRoom := float64(panelWidth - figureRoom)
	height := headHeight + len(rows)*rowHeight + 12
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" role="img">
<title>First load, changes, longest transaction and p99 of other clients for each tool, %[3]s; shorter is better</title>
`, chartWidth, height, p.date)
	b.WriteString(chartStyle)
	fmt.Fprintf(&b, `<rect class="ground" x="0.5" y="0.5" width="%d" height="%d" rx="6"/>`+"\n", chartWidth-1, height-1)
	text(&b, 16, 26, "head", "Shorter is better")
	text(&b, 16, 46, "unit", p.date)
	for i, col := range panels {
		x := nameWidth + i*panelWidth
		text(&b, x, 26, "head", col.head)
		text(&b, x, 46, "unit", col.unit)
		longest := 0.0
		for _, f := range rows {
			longest = max(longest, col.value(f))
		}
		for n, f := range rows {
			y := headHeight + n*rowHeight
			width := max(1, barRoom*col.value(f)/max(longest, 0.01))
			fmt.Fprintf(&b, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d"/>`+"\n",
				classes("bar", f), x, y, width, barHeight)
			text(&b, x+int(width)+6, y+13, classes("", f), col.text(f))
		}
	}
	for n, f := range rows {
		text(&b, 16, headHeight+n*rowHeight+13, classes("", f), title(f.name))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// slowestChanges are the seconds of the shape of changes that took the longest, 0 where the tool failed.
func slowestChanges(f figures) float64 {
	if slices.Contains(f.seconds[changes:], 0) {
		return 0
	}
	return slices.Max(f.seconds[changes:])
}

// longestOf is the longest transaction of all runs, in seconds.
func longestOf(f figures) (seconds float64) {
	for _, text := range f.longest {
		seconds = max(seconds, longestSeconds(text))
	}
	return seconds
}

func classes(class string, f figures) string {
	if f.name == ourName {
		class += " ours"
	}
	return strings.TrimSpace(class)
}

func text(b *strings.Builder, x, y int, class, content string) {
	fmt.Fprintf(b, `<text x="%d" y="%d" class="%s">%s</text>`+"\n", x, y, class, html.EscapeString(content))
}
