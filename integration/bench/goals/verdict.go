package main

import (
	"fmt"
)

// verdict says whether a goal is met.
type verdict string

const (
	met         verdict = "met"
	missed      verdict = "missed"
	notMeasured verdict = "not measured"
	// noGoal is a figure beside which the goal is not meant.
	noGoal verdict = "no goal with `local_infile` OFF"
)

// finding is one measure beside its goal.
type finding struct {
	measure, goal string
	figure        string
	verdict       verdict
}

func longest(runs []runFigures) (seconds float64) {
	for _, r := range runs {
		seconds = max(seconds, r.result.LongestTransaction)
	}
	return seconds
}

func each(runs []runFigures, of func(runFigures) float64) []float64 {
	out := make([]float64, len(runs))
	for i, r := range runs {
		out[i] = of(r)
	}
	return out
}

func verdictOf(good bool) verdict {
	if good {
		return met
	}
	return missed
}

// between is a figure with the spread of its rounds, where there were several.
func between(format string, mid, low, high float64) string {
	text := fmt.Sprintf(format, mid)
	if low < high {
		text += fmt.Sprintf(" (%.2f–%.2f)", low, high)
	}
	return text
}
