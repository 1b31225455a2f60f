package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// blocks are the levels of a chart, from nothing to full.
var blocks = []rune(" ▁▂▃▄▅▆▇█")

// asciiBlocks are those for a terminal that says that it has no UTF-8.
var asciiBlocks = []rune(" ..:-=+*#")

// series is a line of the chart: a value per run, NaN where it is not known.
type series struct {
	name   string
	values []float64
	text   func(v float64) string
}

// chartsOf are the charts of runs, the oldest first.
func chartsOf(runs []owner.RunRecord) []series {
	count := func(v float64) string { return humanize.Comma(int64(v)) }
	rows, seconds := series{"rows", nil, count}, series{"seconds", nil, human.Seconds}
	gap := series{"lag", nil, func(v float64) string { return human.Seconds(math.Trunc(v)) }}
	for i, r := range runs {
		rows.values, seconds.values = append(rows.values, float64(r.Rows)), append(seconds.values, r.Seconds)
		lag := math.NaN()
		if i > 0 && r.Outcome == owner.OutcomeDone {
			lag = r.Finished.Sub(lastDone(runs[:i], r)).Seconds()
		}
		gap.values = append(gap.values, lag)
	}
	return []series{rows, seconds, gap}
}

// lastDone is when the run before r that was done has ended; r's own end where there is none. Just before r ended, the
// target was about that far behind.
func lastDone(before []owner.RunRecord, r owner.RunRecord) time.Time {
	at := r.Finished
	for _, b := range before {
		if b.Outcome == owner.OutcomeDone {
			at = b.Finished
		}
	}
	return at
}

// printPlot prints charts of the last runs: a column per run, the newest at the right.
func (a *app) printPlot(one tableStatus, runs []owner.RunRecord) {
	const margin = 40 // the name before, and the least and the greatest value behind
	width := terminalWidth(a.stdout)
	if width == 0 {
		width = 80
	}
	runs = runs[max(0, len(runs)-max(8, width-margin)):]
	fmt.Fprintf(a.stdout, "%s: the last %s, until %s ago\n", one.Table, human.Count(len(runs), "run"),
		age(runs[len(runs)-1].Finished))
	levels := blocks
	if !a.utf8() {
		levels = asciiBlocks
	}
	for _, s := range chartsOf(runs) {
		lo, hi := bounds(s.values)
		if math.IsInf(lo, 0) {
			continue // no value is known
		}
		line := fmt.Sprintf("  %-8s %s  %s – %s", s.name, chart(s.values, hi, levels), s.text(lo), s.text(hi))
		fmt.Fprintln(a.stdout, line)
	}
	if failed := marksOf(runs); strings.TrimSpace(failed) != "" {
		fmt.Fprintf(a.stdout, "  %-8s %s  ✗ failed, - cancelled\n", "", failed)
	}
}

// utf8 reports whether the terminal's locale has UTF-8; one that says nothing has.
func (a *app) utf8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(a.getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return true
}

// bounds are the least and the greatest known value.
func bounds(values []float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	return lo, hi
}

// chart draws values between 0 and hi. A value above 0 is never drawn as nothing.
func chart(values []float64, hi float64, levels []rune) string {
	var b strings.Builder
	for _, v := range values {
		level := 0
		switch {
		case math.IsNaN(v) || v <= 0 || hi <= 0:
		default:
			level = max(1, int(math.Round(v/hi*float64(len(levels)-1))))
		}
		b.WriteRune(levels[level])
	}
	return b.String()
}

// marksOf marks the runs that were not done.
func marksOf(runs []owner.RunRecord) string {
	var b strings.Builder
	for _, r := range runs {
		switch r.Outcome {
		case owner.OutcomeFailed:
			b.WriteRune('✗')
		case owner.OutcomeDone:
			b.WriteRune(' ')
		default:
			b.WriteRune('-')
		}
	}
	return b.String()
}
