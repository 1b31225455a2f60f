package report

import (
	"fmt"
	"math"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/tablehaul/tablehaul/internal/human"
)

// Bar is a rectangle of a chart, in the chart's own units. Tip is what a pointer over it shows.
type Bar struct {
	X, Y, W, H float64
	Class, Tip string
}

// Lag is the bar beside a table's lag: how much of staleAfter has gone.
type Lag struct {
	Text string
	// Width is 0–100; negative draws no bar.
	Width float64
	Class string
	Tip   string
}

const (
	// lagWarn is the share of staleAfter from which a lag is drawn as a warning.
	lagWarn = 0.8
	// fullBar is the width of a bar whose table is stale.
	fullBar = 100
)

func lagOf(t Table) Lag {
	if t.Lag == nil {
		return Lag{Width: -1}
	}
	out := Lag{Text: human.Duration(t.Lag.Truncate(time.Second)), Width: -1}
	if t.StaleAfter == nil || *t.StaleAfter <= 0 {
		return out
	}
	share := t.Lag.Seconds() / t.StaleAfter.Seconds()
	out.Width, out.Class, out.Tip = round(math.Min(1, share)*fullBar), levelGood, "stale after "+
		human.Duration(*t.StaleAfter)
	switch {
	case share > 1:
		out.Class = levelBad
	case share > lagWarn:
		out.Class = levelWarn
	}
	return out
}

const (
	// sparkRuns is how many runs the small chart of a table has, of sparkWidth × sparkHeight.
	sparkRuns   = 24
	sparkWidth  = 96.0
	sparkHeight = 20.0
)

// spark draws the rows of the last runs.
func spark(t Table) []Bar {
	return bars(t.Runs[max(0, len(t.Runs)-sparkRuns):], sparkRuns, sparkWidth, sparkHeight, rowsOf)
}

// measure is what a chart shows of a run.
type measure struct {
	name  string
	value func(Run) float64
	text  func(float64) string
}

var (
	rowsOf = measure{
		"rows", func(r Run) float64 { return float64(r.Rows) },
		func(v float64) string { return humanize.Comma(int64(v)) },
	}
	secondsOf = measure{"seconds", func(r Run) float64 { return r.Took.Seconds() }, human.Seconds}
)

// minBar is the height of a run without rows: it has happened.
const minBar = 1.0

// bars draws a measure of runs side by side, in as many places as there are, from the right.
func bars(runs []Run, places int, width, height float64, m measure) []Bar {
	top := 0.0
	for _, r := range runs {
		top = math.Max(top, m.value(r))
	}
	step := width / float64(places)
	out := make([]Bar, 0, len(runs))
	for i, r := range runs {
		h := minBar
		if top > 0 {
			h = math.Max(minBar, m.value(r)/top*height)
		}
		class := "run"
		if r.Outcome == OutcomeFailed {
			class, h = levelBad, math.Max(h, height/4)
		} else if r.Outcome != OutcomeDone {
			class = levelWarn
		}
		tip := fmt.Sprintf("%s: %s, %s in %s", utc(r.Finished), r.Outcome, human.Count(r.Rows, "row"),
			human.Duration(r.Took))
		out = append(out, Bar{
			X: round(float64(places-len(runs)+i) * step), Y: round(height - h), W: round(step * 0.8), H: round(h),
			Class: class, Tip: tip,
		})
	}
	return out
}

// Panel is one measure of a table's runs, with the largest value as its scale.
type Panel struct {
	Name, Top string
	Bars      []Bar
}

// Chart is two panels of a table's runs above one another, each of Width × Height units.
type Chart struct {
	Width, Height float64
	First, Last   string
	Panels        []Panel
}

const (
	chartWidth  = 1130.0
	chartHeight = 52.0
	chartPlaces = 50
)

// chartOf draws rows and seconds of the runs that are recorded; nil for fewer than two.
func chartOf(t Table) *Chart {
	if len(t.Runs) < 2 {
		return nil
	}
	runs := t.Runs[max(0, len(t.Runs)-chartPlaces):]
	out := &Chart{Width: chartWidth, Height: chartHeight, First: utc(runs[0].Finished)}
	out.Last = utc(runs[len(runs)-1].Finished)
	for _, m := range []measure{rowsOf, secondsOf} {
		top := 0.0
		for _, r := range runs {
			top = math.Max(top, m.value(r))
		}
		out.Panels = append(out.Panels, Panel{
			Name: m.name, Top: m.text(top),
			Bars: bars(runs, max(len(runs), chartPlaces/2), chartWidth, chartHeight, m),
		})
	}
	return out
}

// round keeps the file small: tenths are finer than a screen shows.
func round(v float64) float64 { return math.Round(v*10) / 10 }
