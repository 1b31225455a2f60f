package main

import (
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/notify"
)

// digestLines is how many tables of each kind a digest's text names.
const digestLines = 10

// digestText is a digest for people: a few lines, what is wrong first.
func digestText(d notify.Digest) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("Tablehaul: %d of %s fresh.", d.Fresh, human.Count(d.Tables, "table"))
	if !d.Worker {
		line("No worker runs: nothing is synced, and the tables' states are not known.")
	}
	if d.Config != "" {
		line("Configuration: %s.", d.Config)
	}
	list := func(name string, all []notify.DigestLine) {
		if len(all) == 0 {
			return
		}
		line("%s: %s", name, human.Count(len(all), "table"))
		for _, one := range all[:min(digestLines, len(all))] {
			line("  %s", strings.TrimSpace(one.Table+" "+one.Text+" "+one.Link))
		}
		if more := len(all) - digestLines; more > 0 {
			line("  and %d more: tablehaul status --problems", more)
		}
	}
	list("Stale", d.Stale)
	list("Failed", d.Failed)
	list("Waiting", d.Waiting)
	list("Never loaded", d.NeverLoaded)
	list("Differ from their targets", d.Differing)
	list("Rows in quarantine", d.Quarantined)
	about := ""
	if d.AtLeast {
		about = "at least "
	}
	line("Since %s: %s%s, %s read.", d.Since.Format("2006-01-02 15:04Z"), about, human.Count(d.Runs, "run"),
		human.Count(d.Rows, "row"))
	for i, one := range d.Slowest {
		if i == 0 {
			line("Slowest:")
		}
		line("  %s", strings.TrimSpace(fmt.Sprintf("%s took %s for %s %s", one.Table, human.Seconds(one.Seconds),
			human.Count(one.Count, "row"), one.Link)))
	}
	if d.Link != "" {
		line("Runs: %s", d.Link)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
