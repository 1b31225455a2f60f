package main

import (
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/integration/bystanders"
)

// What the other clients of a run may notice at most. The usual way is measured, and not judged.
const (
	goalSlower      = 3.0 // times the idle p99
	goalTransaction = 1.0 // seconds
	goalHistory     = 5 * time.Second
)

// operations are the other clients' kinds of work, in the order of the report.
var operations = []string{
	"source point read", "source update", "source range scan", "target point read",
	"target update", "target range scan",
}

// goal is one goal and whether a run met it.
type goal struct {
	text string
	met  bool
}

func (g goal) verdict() string {
	if g.met {
		return "met"
	}
	return "MISSED"
}

func phaseNamed(phases []phase, name string) phase {
	for _, p := range phases {
		if p.name == name {
			return p
		}
	}
	return phase{}
}

// check holds our own phases against the goals.
func check(phases []phase) []goal {
	var out []goal
	quiet := phaseNamed(phases, idle)
	for _, name := range []string{firstLoad, incremental} {
		p := phaseNamed(phases, name)
		locked := p.fared.Locked()
		out = append(out, goal{
			fmt.Sprintf("%s: errors 1205 and 1213 of other clients: %d (goal 0)", name, locked),
			locked == 0,
		})
		slower := float64(p.fared.All.P99) / float64(max(quiet.fared.All.P99, 1))
		out = append(out, goal{
			fmt.Sprintf("%s: other clients' p99 %s, %.1f × idle's %s (goal %.0f ×)",
				name, bystanders.Round(p.fared.All.P99), slower, bystanders.Round(quiet.fared.All.P99), goalSlower),
			slower <= goalSlower,
		})
		out = append(out, goal{fmt.Sprintf("%s: longest transaction %.2f s (goal %.0f s)", name, p.longest,
			goalTransaction), p.longest <= goalTransaction})
		above := p.load.historyAbove(quiet.load.longestHistory())
		out = append(out, goal{fmt.Sprintf("%s: the source's history list was above its idle length for %.1f s at a "+
			"time (goal %.0f s)",
			name, above.Seconds(), goalHistory.Seconds()), above <= goalHistory})
	}
	return out
}
