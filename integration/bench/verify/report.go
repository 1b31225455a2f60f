package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/integration/bystanders"
	"github.com/tablehaul/tablehaul/integration/scene"
)

// report is everything that was measured.
type report struct {
	settings
	machine string
	began   time.Time
	ways    []figures
}

// goal is a figure and what it should be.
type goal struct {
	measure, want string
	// of is the figure as a text, and whether it is good enough; unknown where it was not measured.
	of func(f *figures) (text string, met, unknown bool)
}

// ratio is a goal of one time against another.
func ratio(measure string, most float64, a, b func(*figures) float64) goal {
	return goal{measure, fmt.Sprintf("≤ %g ×", most), func(f *figures) (string, bool, bool) {
		x, y := a(f), b(f)
		if y == 0 {
			return "not measured", false, true
		}
		return fmt.Sprintf("%.2f × (%.2f s of %.2f s)", x/y, x, y), x/y <= most, false
	}}
}

func digestOf(f *figures) float64 { return median(f.digest) }

var goals = []goal{
	ratio("verify `digest` of equal sides, against the first load of the same rows", 0.35, digestOf,
		func(f *figures) float64 { return f.load }),
	ratio("verify `keys`, against the same", 0.1, func(f *figures) float64 { return median(f.keys) },
		func(f *figures) float64 { return f.load }),
	{"verify `digest` against `pt-table-sync --print` of the same tables", "≥ 4 × faster", func(f *figures) (string,
		bool, bool,
	) {
		if f.sync.why != "" || f.sync.seconds == 0 {
			return "not measured", false, true
		}
		x := f.sync.seconds / digestOf(f)
		return fmt.Sprintf("%.1f × faster (%.1f s)", x, f.sync.seconds), x >= 4, false
	}},
	ratio("finding 100 planted differences, against equal sides", 1.2, func(f *figures) float64 {
		return median(f.planted)
	}, digestOf),
	{"sweep of a hundredth deleted rows, against verify `keys`", "≤ its time + 3 s", func(f *figures) (string,
		bool, bool,
	) {
		keys := median(f.keys)
		text := fmt.Sprintf("%.2f s for %s rows, mode %s; keys %.2f s", f.sweep, scene.Number(f.swept), sweepMode, keys)
		return text, f.sweep <= keys+3, f.swept == 0
	}},
	{"p99 of other clients during verify, against idle", "≤ 2 ×", func(f *figures) (string, bool, bool) {
		x := float64(f.during.All.P99) / float64(max(f.idle.All.P99, 1))
		return fmt.Sprintf("%.1f × (%s, idle %s)", x, bystanders.Round(f.during.All.P99),
			bystanders.Round(f.idle.All.P99)), x <= 2, false
	}},
	{"errors 1205 and 1213 of other clients", "0", func(f *figures) (string, bool, bool) {
		return fmt.Sprint(f.during.Locked()), f.during.Locked() == 0, false
	}},
	{"longest statement on either side", "≤ 1 s", func(f *figures) (string, bool, bool) {
		return fmt.Sprintf("%.0f ms", f.longest*1000), f.longest <= 1, false
	}},
	{"worker's peak memory", "≤ 200 MiB", func(f *figures) (string, bool, bool) {
		return fmt.Sprintf("%.0f MiB", f.peakMiB), f.peakMiB <= 200, false
	}},
}

func (r *report) missed() (n int) {
	for i := range r.ways {
		for _, g := range goals {
			if _, met, unknown := g.of(&r.ways[i]); !met && !unknown {
				n++
			}
		}
	}
	return n
}

func (r *report) markdown() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("# Benchmarks of verify\n\nWritten by `make bench-verify`; change nothing by hand.\n")
	p("%s, in %.0f minutes, on %s. A table of %s rows of about 150 bytes.\n",
		r.began.UTC().Format("2006-01-02 15:04 UTC"), time.Since(r.began).Minutes(), r.machine,
		scene.Number(int64(r.rows)))
	head, rule := "| Measure | Goal |", "| --- | --- |"
	for _, f := range r.ways {
		head += fmt.Sprintf(" %s %s → %s %s |", f.way.source, f.source, f.way.target, f.target)
		rule += " --- |"
	}
	p("%s\n%s", head, rule)
	for _, g := range goals {
		line := fmt.Sprintf("| %s | %s |", g.measure, g.want)
		for i := range r.ways {
			text, met, unknown := g.of(&r.ways[i])
			switch {
			case unknown:
			case met:
				text += ", met"
			default:
				text += ", missed"
			}
			line += " " + text + " |"
		}
		p("%s", line)
	}
	p("\n## Seconds\n\n| Servers | First load | `digest` | `keys` | with 100 differences | pt-table-sync |")
	p("| --- | --- | --- | --- | --- | --- |")
	for i := range r.ways {
		f := &r.ways[i]
		table := fmt.Sprintf("%.1f", f.sync.seconds)
		if f.sync.why != "" {
			table = f.sync.why
		}
		p("| %s | %.2f | %s | %s | %s | %s |", f.way, f.load, times(f.digest), times(f.keys), times(f.planted), table)
	}
	p("\n%s", how(r))
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func times(of []float64) string {
	texts := make([]string, len(of))
	for i, s := range of {
		texts[i] = fmt.Sprintf("%.2f", s)
	}
	return strings.Join(texts, ", ")
}

func how(r *report) string {
	f := r.ways[0].sync
	sync := "pt-table-sync was not there: " + f.why
	if f.version != "" {
		sync = fmt.Sprintf("%s was run as `%s`, with its own settings: chunks of 1,000 rows, checksums by CRC32 on "+
			"the servers, and locks of each chunk's rows (`LOCK IN SHARE MODE` at the source, `FOR UPDATE` on the "+
			"target)", f.version, f.command)
	}
	return `## How it is measured

Both servers, Temporal's server and a worker run on one machine. The servers have their defaults but for a buffer pool
of 512 MiB, and the worker's logins have the grants of security.md. The table's settings are the defaults but for ` +
		"`overlap: 0s`" + `: so
the second look, which waits for the overlap, begins at once. Seconds are those of the client that starts the workflow
and gets its receipt.

- Comparisons are repeated ` + fmt.Sprint(rounds) + ` times, and the median counts.
- Planted are 25 rows each that are missing, silent, stale and deleted. All of them are found each time.
- The other clients are six, 5 ms apart: they read and write rows of the table on both servers, with
  ` + "`innodb_lock_wait_timeout=1`" + `. p99 is that of all of their operations, over at least 10 s.
- The longest statement and the worker's peak (resident) are those of all comparisons of the table.
- ` + sync + `.
`
}
