package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tablehaul/tablehaul/integration/bench/machine"
	"github.com/tablehaul/tablehaul/integration/scene"
)

// Goals of the large table.
const (
	goalOverLoadData = 1.3 // times as long as LOAD DATA of the same rows, at most
	goalWorkerMiB    = 200
	goalStagedMiB    = 1024
	goalChanges      = 5.0 // seconds for so many changes as the next says, or fewer
	changesOfGoal    = 50_000
)

const largeHead = `# A large table

Written by ` + "`make bench-large`" + `: a first load and changes of one table, by Tablehaul, by the usual way, and by dlt.

| | |
|---|---|
| Date | %s |
| Machine | %s; servers and tools share it |
| Servers | two of %s, with their defaults but for 512 MiB of buffer pool each%s |
| Table | ` + "`shop.orders`" + `: %s rows of about 150 bytes, a primary key and one index; then %s changes, of which a fifth are new rows |

`

const largeFoot = `
- The usual way is ` + "`SELECT`" + ` piped into ` + "`LOAD DATA LOCAL`" + ` by 1,000,000 rows a statement, for which the target allows ` + "`local_infile`" + ` meanwhile;
  for changes into a staging table, and from there by ` + "`DELETE … WHERE id IN`" + ` and ` + "`INSERT … SELECT`" + ` in one transaction.
- dlt has ` + "`write_disposition=\"replace\"`" + ` for the first load, and ` + "`merge`" + ` for the changes.
- Three other clients, each with an operation every 20 ms, use both servers: point reads on both, updates on the target. Their p99 is on the source
  and on the target.
- The longest transaction is on the target; of ` + "`verify`" + ` it is the longest statement on either side. Staged is what a tool keeps in files and in
  staging tables, at its peak. Processor seconds are the tool's, the source server's and the target server's.
- Binary logs are purged while the parts run.
`

// show prints the results that there are, and writes the document.
func (l *large) show(ctx context.Context) error {
	var results []partResult
	for _, p := range l.all() {
		r, done, err := l.kind(p)
		if err != nil {
			return err
		}
		if done {
			results = append(results, r)
		}
	}
	t := largeTable(results)
	t.SetStyle(table.StyleLight)
	fmt.Fprintf(l.out, "\n%s\n", t.Render())
	lines := largeGoals(results)
	for _, line := range lines {
		fmt.Fprintln(l.out, line)
	}
	say(l.out, "kept: %s (make bench-large-clean removes it)", l.kept)
	if l.report == "" {
		return nil
	}
	var d strings.Builder
	fmt.Fprintf(&d, largeHead, time.Now().UTC().Format(time.DateOnly), machine.This(ctx).Brief(), serversOf(results),
		map[bool]string{true: ", and `local_infile=ON`"}[l.localInfile], scene.Number(int64(l.rows)),
		scene.Number(int64(l.changes)))
	fmt.Fprintf(&d, "%s\n\n", t.RenderMarkdown())
	for _, line := range lines {
		fmt.Fprintf(&d, "- %s\n", line)
	}
	d.WriteString(largeFoot)
	if err := os.WriteFile(l.report, []byte(d.String()), 0o644); err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	say(l.out, "written: %s", l.report)
	return nil
}

func serversOf(results []partResult) string {
	if len(results) == 0 {
		return "an unknown version"
	}
	name, _, _ := strings.Cut(results[len(results)-1].Servers, " from ")
	return name
}

func largeTable(results []partResult) table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{
		"", "version", "rows", "time", "rows/s", "longest transaction", "other clients' p99", "their 1205 and 1213",
		"peak memory", "staged", "processor", "both sides",
	})
	for _, r := range results {
		row := table.Row{r.Part, r.Version, scene.Number(r.Rows), duration(r.Seconds), scene.Number(r.rate())}
		switch {
		case r.Failure != "":
			row = append(row, "", "", "", "", "", "", "failed: "+r.Failure)
		case r.P99 == [2]float64{}:
			row = append(row, "", "", "", "", "", "", "")
		default:
			memory := fmt.Sprintf("%d MiB", r.PeakMiB)
			if r.WorkerMiB > 0 {
				memory += fmt.Sprintf(" (worker %d)", r.WorkerMiB)
			}
			row = append(row, longest(&ran{longest: r.Longest, sampled: r.Sampled}),
				fmt.Sprintf("%.1f / %.1f ms", r.P99[0], r.P99[1]), r.Locked, memory, fmt.Sprintf("%d MiB", r.StagedMiB),
				fmt.Sprintf("%.0f / %.0f / %.0f s", r.Processor[0], r.Processor[1], r.Processor[2]), r.Sides)
		}
		t.AppendRow(row)
	}
	return t
}

// duration is seconds up to two minutes, and minutes above.
func duration(seconds float64) string {
	if seconds < 120 {
		return fmt.Sprintf("%.1f s", seconds)
	}
	return fmt.Sprintf("%.1f min", seconds/60)
}

// largeGoals are the goals of which there are figures.
func largeGoals(results []partResult) (lines []string) {
	find := func(t tool, what partKind) (partResult, bool) {
		for _, r := range results {
			if r.Part == (part{t, what}).title() && r.Failure == "" {
				return r, true
			}
		}
		return partResult{}, false
	}
	verdict := func(met bool, format string, args ...any) {
		lines = append(lines, fmt.Sprintf(format, args...)+map[bool]string{true: ": met", false: ": missed"}[met])
	}
	us := largeTools()[0]
	load, loaded := find(us, partLoad)
	if usual, ok := find(usualTool, partLoad); ok && loaded {
		times := load.Seconds / usual.Seconds
		verdict(times <= goalOverLoadData, "first load: %.2f × LOAD DATA of the same rows; the goal is ≤ %.1f ×", times,
			goalOverLoadData)
	}
	then, changed := find(us, partChanges)
	if changed {
		atMost := goalChanges * max(1, float64(then.Rows)/changesOfGoal)
		verdict(then.Seconds <= atMost, "%s changes: %.1f s; the goal is ≤ %.1f s", scene.Number(then.Rows),
			then.Seconds, atMost)
	}
	if loaded && changed {
		worker, staged := max(load.WorkerMiB, then.WorkerMiB), max(load.StagedMiB, then.StagedMiB)
		verdict(worker <= goalWorkerMiB, "worker: %d MiB; the goal is ≤ %d", worker, goalWorkerMiB)
		verdict(staged <= goalStagedMiB, "staging: %d MiB; the goal is ≤ %d", staged, goalStagedMiB)
	}
	return lines
}
