package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/integration/scene"
)

// figure is what one load has shown, or the rounds of it.
type figure struct {
	rows    int64
	seconds []float64
	// peakMiB is the most memory of the worker's, of all rounds.
	peakMiB float64
	// processor are seconds of the worker's, of all rounds together.
	processor float64
}

func (f *figure) add(g figure) {
	f.rows, f.seconds, f.peakMiB = g.rows, append(f.seconds, g.seconds...), max(f.peakMiB, g.peakMiB)
	f.processor += g.processor
}

// rate is rows a second, of the middle round.
func (f figure) rate() float64 {
	if len(f.seconds) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(f.seconds))
	return float64(f.rows) / s[len(s)/2]
}

func (f figure) row(name string, own figure) string {
	texts := make([]string, len(f.seconds))
	for i, s := range f.seconds {
		texts[i] = fmt.Sprintf("%.1f", s)
	}
	peak, processor := "", ""
	if f.peakMiB > 0 {
		peak = fmt.Sprintf("%.0f MiB", f.peakMiB)
		processor = fmt.Sprintf("%.1f", f.processor*1e6/float64(f.rows*int64(len(f.seconds))))
	}
	beside := ""
	if own.rate() > 0 {
		beside = fmt.Sprintf("%.2f", f.rate()/own.rate())
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n", name, scene.Number(f.rows), strings.Join(texts, ", "),
		scene.Number(int64(f.rate())), beside, processor, peak)
}

// bigFile is one very large file: mib are those of its text or of Parquet, onDisk those of the file.
type bigFile struct {
	kind        string
	mib, onDisk int64
	figure
}

func (f *bigFile) name() string {
	name := fmt.Sprintf("%s MiB of %s", scene.Number(f.mib), strings.TrimSuffix(f.kind, ".gz"))
	if strings.HasSuffix(f.kind, ".gz") {
		name += fmt.Sprintf(" in a gzip file of %s MiB", scene.Number(f.onDisk))
	}
	return name
}

// report is everything that was measured.
type report struct {
	settings
	machine, server       string
	dlt, pyarrow, pymysql string
	began                 time.Time
	own, parquet, jsonl   figure
	changes               figure
	tools                 []other
	big                   []bigFile
}

// goal is a figure and what it should be.
type goal struct {
	measure, want, text string
	met, unknown        bool
}

func (r *report) goals() []goal {
	ratio := func(measure string, f figure, least float64) goal {
		x := f.rate() / cmp.Or(r.own.rate(), 1)
		return goal{
			measure: measure, want: fmt.Sprintf("≥ %g", least), text: fmt.Sprintf("%.2f", x), met: x >= least,
			unknown: len(f.seconds) == 0,
		}
	}
	out := []goal{
		ratio("Parquet of others, against a first load of the same rows by our own staged files", r.parquet, 0.9),
		ratio("JSON Lines, against the same", r.jsonl, 0.5),
	}
	for _, b := range r.big {
		out = append(out, goal{
			measure: "worker's peak memory, one file: " + b.name(),
			want:    "≤ 200 MiB", text: fmt.Sprintf("%.0f MiB", b.peakMiB), met: b.peakMiB <= 200,
		})
	}
	return out
}

func (r *report) missed() (n int) {
	for _, g := range r.goals() {
		if !g.met && !g.unknown {
			n++
		}
	}
	return n
}

// head begins the tables of loads.
const head = "| What | Rows | Seconds | Rows/s | Beside the first line | Processor, µs a row | Worker's peak |\n" +
	"| --- | ---: | --- | ---: | ---: | ---: | ---: |"

func (r *report) markdown() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("# Benchmarks of files that others have staged\n\nWritten by `make bench-files`; change nothing by hand.\n")
	p("%s, in %.0f minutes, on %s; %s. Rows of about 150 bytes.\n", r.began.UTC().Format("2006-01-02 15:04 UTC"),
		time.Since(r.began).Minutes(), r.machine, r.server)
	if r.rows != fullRows || r.bigMiB != fullBig {
		p("A smaller run than `make bench-files` makes by itself: %s rows in place of %s, and large files of %s MiB "+
			"in place of %s.\n", scene.Number(int64(r.rows)), scene.Number(fullRows), scene.Number(int64(r.bigMiB)),
			scene.Number(fullBig))
	}
	p("| Measure | Goal | Found |\n| --- | --- | --- |")
	for _, g := range r.goals() {
		verdict := "met"
		switch {
		case g.unknown:
			verdict = "not measured"
		case !g.met:
			verdict = "missed"
		}
		p("| %s | %s | %s, %s |", g.measure, g.want, g.text, verdict)
	}
	p("\n## All rows into an empty table\n\n%s", head)
	b.WriteString(r.own.row("Tablehaul, from the server, by its own staged files", r.own))
	b.WriteString(r.parquet.row("Tablehaul, Parquet of others", r.own))
	b.WriteString(r.jsonl.row("Tablehaul, JSON Lines", r.own))
	for _, o := range r.tools {
		b.WriteString(o.first.row(o.name+", the same Parquet", r.own))
	}
	p("\n## Changes onto what is there\n\n%s", head)
	b.WriteString(r.changes.row("Tablehaul, Parquet of others", r.changes))
	for _, o := range r.tools {
		b.WriteString(o.changes.row(o.name+", the same Parquet", r.changes))
	}
	if len(r.big) > 0 {
		p("\n## One large file\n\n%s", strings.Replace(head, "Beside the first line", "", 1))
		for _, f := range r.big {
			b.WriteString(f.row(f.name(), figure{}))
		}
	}
	p("\n%s", r.how())
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func (r *report) how() string {
	return fmt.Sprintf(`## How it is measured

Both servers, Temporal's server, the worker and the scripts run on one machine. The servers have their defaults but for
a buffer pool of 512 MiB; for the scripts `+"`local_infile`"+` is ON. The target's table is there, empty, with the
source's keys. Seconds are those of the client that starts the workflow and gets its result, or of the whole script.
Processor time and memory are the worker's.

- The files are four of a quarter of the rows each: Parquet of pyarrow %s (snappy, row groups of 250,000 rows), JSON
  Lines of pandas. Changes are one file. After each load both sides are compared row by row.
- Our own loads are repeated %d times, in turn, and the middle one counts.
- The script reads with pyarrow and writes with PyMySQL %s: batches of 10,000 rows by `+"`executemany`"+`, which
  that driver turns into one statement of many rows; or `+"`LOAD DATA`"+` into a temporary table, and one
  `+"`INSERT … SELECT … ON DUPLICATE KEY UPDATE`"+` a file, which locks all of its rows at once.
- dlt %s merges with its destination sqlalchemy, Parquet as the loader's format.
- The large files repeat 500,000 rows of 500 keys: the target stays small, and the reader is what is measured. The
  peak is the worker's resident memory, with its defaults; nothing bounds it from outside.
`, r.pyarrow, rounds, r.pymysql, r.dlt)
}
