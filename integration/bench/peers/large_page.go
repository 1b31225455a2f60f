package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/integration/scene"
)

// largePage is the page of the whole table.
const largePage = "docs/benchmarks-large.md"

// Goals of the large table.
const (
	goalOverLoadData = 1.3 // times as long as LOAD DATA of the same rows, at most
	goalWorkerMiB    = 200
	goalStagedMiB    = 1024
	goalChanges      = 5.0 // seconds for so many changes as the next says, or fewer
	changesOfGoal    = 50_000
)

// largeMarks are around what page and README.md have in common.
var largeMarks = marks{"<!-- large: written by make bench-large -->", "<!-- /large -->"}

const largeHead = `# A large table

Written by ` + "`make bench-large`" + `: a first load and changes of one table, by Tablehaul, by the usual way, and by dlt.

`

const largeTerms = `
## The parts

| | |
|---|---|
| Date | %s |
| Machine | %s; servers and tools of a part share it |
| Servers | two of %s, with their defaults (binary log on, each commit on the disk, ` + "`local_infile`" + ` %s) but for 512 MiB of buffer pool, ` + "`max_connections=200`" + ` and no X Protocol |
| Table | ` + "`shop.orders`" + `: %s rows of about 150 bytes, a primary key and one index; then %s changes, of which a fifth are new rows |

`

const largeFoot = `
- The usual way is ` + "`SELECT`" + ` piped into ` + "`LOAD DATA LOCAL`" + ` by 1,000,000 rows a statement, for which the target allows ` + "`local_infile`" + ` meanwhile;
  for changes into a staging table, and from there by ` + "`DELETE … WHERE id IN`" + ` and ` + "`INSERT … SELECT`" + ` in one transaction.
- dlt has ` + "`write_disposition=\"replace\"`" + ` for the first load, and ` + "`merge`" + ` for the changes.
- Three other clients, each with an operation every 20 ms, use both servers: point reads on both, updates on the target. Their p99 is on the source
  and on the target. An operation's time counts from the moment when it is due. In parts of 2026-11-29 and before it counts from when the client
  began it, after the one before had ended.
- The longest transaction is on the target; of ` + "`verify`" + ` it is the longest statement on either side. Staged is what a tool keeps in files and in
  staging tables, at its peak. Processor seconds are the tool's, the source server's and the target server's; ours are the worker's and Temporal's.
- Each tool logs in with an account of its own: ours has the documented grants ([security.md](security.md)), the others may do everything.
- Binary logs are purged while the parts run.
- The date is that of the newest part. Each part runs once, maybe hours after the one before it, or on another machine. One that an interrupted call has begun is begun again.
`

const largeLink = "[docs/benchmarks-large.md](docs/benchmarks-large.md) has each part, its settings, and the goals.\n"

// page is the page of the results that there are.
func (l *large) page(results []partResult) string {
	var d strings.Builder
	var newest time.Time
	for _, r := range results {
		if r.Ended.After(newest) {
			newest = r.Ended
		}
	}
	d.WriteString(largeHead + largeMarks.around(l.readme(results)) + "\n")
	fmt.Fprintf(&d, largeTerms, newest.Format(time.DateOnly), machinesOf(results), serversOf(results),
		map[bool]string{true: "ON", false: "OFF"}[l.localInfile], scene.Number(int64(l.rows)),
		scene.Number(int64(l.changes)))
	fmt.Fprintf(&d, "%s\n\n", largeTable(results).RenderMarkdown())
	if open := titlesNotIn(results); len(open) > 0 {
		fmt.Fprintf(&d, "Not ended yet: %s.\n\n", strings.Join(open, "; "))
	}
	for _, line := range largeGoals(results) {
		fmt.Fprintf(&d, "- %s\n", line)
	}
	d.WriteString(largeFoot)
	return d.String()
}

// titlesNotIn are those of the parts without a result. A tool that failed has no more parts.
func titlesNotIn(results []partResult) (titles []string) {
	for _, p := range allParts() {
		failed := false
		for _, r := range results {
			failed = failed || p.tool.name != "" && r.Failure != "" && strings.HasPrefix(r.Part, p.tool.name+", ")
		}
		if _, done := resultOf(results, p); !done && !failed {
			titles = append(titles, p.title())
		}
	}
	return titles
}

func resultOf(results []partResult, p part) (partResult, bool) {
	for _, r := range results {
		if r.Part == p.title() {
			return r, true
		}
	}
	return partResult{}, false
}

// readme is what page and README.md have in common: a row for each tool.
func (l *large) readme(results []partResult) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| Tool | First load, %s rows | %s changes | Longest transaction | "+
		"Other clients' p99 on the target | Peak memory | Staged |\n|---|---|---|---|---|---|---|\n",
		scene.Number(int64(l.rows)), scene.Number(int64(l.changes)))
	for _, t := range largeTools() {
		name := t.title
		if t.name == ourName {
			name = "**" + name + "**"
		}
		load, _ := resultOf(results, part{t, partLoad})
		then, _ := resultOf(results, part{t, partChanges})
		failed := load.Failure != "" || then.Failure != ""
		both := func(figure func(partResult) string) string {
			return load.figure("–", figure) + ", " + then.figure("–", figure)
		}
		most := func(of func(partResult) int64) string {
			if n := max(of(load), of(then)); n > 0 {
				return scene.Number(n) + " MiB"
			}
			return "–"
		}
		peak := most(func(r partResult) int64 { return r.PeakMiB })
		if n := max(load.WorkerMiB, then.WorkerMiB); n > 0 {
			peak += fmt.Sprintf(", the worker %d", n)
		}
		none := map[bool]string{true: "failed", false: "not ended yet"}[failed]
		if load.NotWithin > 0 {
			none = "not run"
		}
		seconds := func(r partResult) string {
			if r.NotWithin > 0 {
				return "more than " + duration(r.NotWithin)
			}
			return r.figure(none, func(r partResult) string { return duration(r.Seconds) })
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", name, seconds(load), seconds(then),
			both(partResult.longestText),
			both(func(r partResult) string { return latencyText(r.P99[1]) }),
			peak, most(func(r partResult) int64 { return r.StagedMiB }))
	}
	b.WriteString("\n")
	ours, _ := resultOf(results, part{largeTools()[0], partLoad})
	for _, t := range largeTools()[1:] {
		if r, done := resultOf(results, part{t, partLoad}); done && ours.Machine != "" && r.Machine != ours.Machine {
			fmt.Fprintf(&b, "The machine of %s: %s;\nours: %s. Their times do not compare.\n", t.title,
				r.Machine, ours.Machine)
		}
	}
	return b.String()
}

// figure is one of a part that ended well, and none otherwise.
func (r partResult) figure(none string, of func(partResult) string) string {
	if r.Failure != "" || r.Seconds == 0 {
		return none
	}
	return of(r)
}

// longest is the longest transaction of the part, in the words of the peers' table.
func (r partResult) longestText() string {
	return longest(&ran{longest: r.Longest, sampled: r.Sampled})
}

// largeGoals are the goals, with the figures that there are.
func largeGoals(results []partResult) (lines []string) {
	find := func(t tool, what partKind) (partResult, bool) {
		r, done := resultOf(results, part{t, what})
		return r, done && r.Failure == ""
	}
	verdict := func(measured, met bool, goal, figure string) {
		switch {
		case !measured:
			figure = "not measured yet"
		case met:
			figure += ": met"
		default:
			figure += ": missed"
		}
		lines = append(lines, goal+": "+figure)
	}
	us := largeTools()[0]
	load, loaded := find(us, partLoad)
	usual, usually := find(usualTool, partLoad)
	then, changed := find(us, partChanges)
	times := load.Seconds / max(usual.Seconds, 1e-3)
	verdict(loaded && usually && load.Machine == usual.Machine, times <= goalOverLoadData,
		fmt.Sprintf("first load ≤ %.1f × LOAD DATA of the same rows", goalOverLoadData), fmt.Sprintf("%.2f ×", times))
	atMost := goalChanges * max(1, float64(then.Rows)/changesOfGoal)
	verdict(changed, then.Seconds <= atMost,
		fmt.Sprintf("%s changes ≤ %.1f s", scene.Number(max(then.Rows, changesOfGoal)), atMost),
		fmt.Sprintf("%.1f s for %s", then.Seconds, scene.Number(then.Rows)))
	worker, staged := max(load.WorkerMiB, then.WorkerMiB), max(load.StagedMiB, then.StagedMiB)
	verdict(loaded && changed, worker <= goalWorkerMiB, fmt.Sprintf("worker ≤ %d MiB", goalWorkerMiB),
		fmt.Sprintf("%d MiB", worker))
	verdict(loaded && changed, staged <= goalStagedMiB, fmt.Sprintf("staging ≤ %d MiB", goalStagedMiB),
		fmt.Sprintf("%d MiB", staged))
	return lines
}
