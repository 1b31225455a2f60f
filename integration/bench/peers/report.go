package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tablehaul/tablehaul/integration/bench/machine"
	"github.com/tablehaul/tablehaul/integration/bystanders"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// What we want to be, in times as fast: than dlt at its best, and than the best of the others.
const (
	goalOverDlt    = 5.0
	goalOverOthers = 2.0
)

// show prints what was seen and, after a full run, writes the document, and the chart and the README's table by it.
func (b *bench) show(ctx context.Context, a *arena, results []result) error {
	fmt.Fprintf(b.out, "\n%s, %s rows, then %s changes\n", a.Source, scene.Number(int64(b.rows)),
		scene.Number(int64(b.changes)))
	t := resultTable(results)
	t.SetStyle(table.StyleLight)
	fmt.Fprintln(b.out, t.Render())
	for _, line := range append(goals(results), goalsOfOthers(ours(results), b.idle)...) {
		fmt.Fprintln(b.out, line)
	}
	for _, r := range results {
		if r.failure != "" {
			fmt.Fprintf(b.out, "%s failed: %s\n", r.name, r.failure)
		}
		for _, line := range r.outcome.altered {
			fmt.Fprintf(b.out, "%s altered the table: %s\n", r.name, line)
		}
	}
	if path := b.report; path != "" {
		if err := os.WriteFile(path, []byte(b.document(ctx, a, results)), 0o644); err != nil {
			return fmt.Errorf("write the document: %w", err)
		}
		fmt.Fprintln(b.out, "written:", path)
		if path == documentPath(servers.FlavorMySQL) {
			if err := draw(b.out); err != nil {
				return err
			}
		}
	}
	for _, r := range results {
		if r.command == nil && !r.counts() {
			return fmt.Errorf("ours: %s %s", r.failure, r.outcome)
		}
	}
	return nil
}

func documentPath(f servers.Flavor) string {
	if f == servers.FlavorMySQL {
		return "docs/benchmarks-peers.md"
	}
	return "docs/benchmarks-peers-" + string(f) + ".md"
}

// resultTable has a row per tool. Times beside seconds say how much longer than ours it took.
func resultTable(results []result) table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{
		"", "version", "first load", "changes", "peak memory", "processor", "longest transaction",
		"other clients' p99", "other clients' 1205 / 1213", "both sides",
	})
	for _, r := range results {
		row := table.Row{
			r.name, r.version, seconds(results, r, firstLoad), seconds(results, r, changes), memory(r),
			both(r, processor), both(r, longest), both(r, func(x *ran) string { return p99(x.fared) }),
			both(r, func(x *ran) string {
				return fmt.Sprintf("%d / %d", x.fared.Refused[1205], x.fared.Refused[1213])
			}), r.outcome.String(),
		}
		if r.failure != "" {
			row[len(row)-1] = "failed"
		}
		t.AppendRow(row)
	}
	return t
}

func seconds(results []result, r result, p phase) string {
	if r.runs[p] == nil {
		return "–"
	}
	text := fmt.Sprintf("%.1f s", r.runs[p].seconds)
	if our := ours(results); our != nil && r.command != nil && our.runs[p] != nil {
		text += fmt.Sprintf(" (%.2f×)", r.runs[p].seconds/our.runs[p].seconds)
	}
	return text
}

func memory(r result) string {
	var peak, worker int64
	for _, x := range r.runs {
		if x != nil {
			peak, worker = max(peak, x.peak), max(worker, x.workerPeak)
		}
	}
	switch {
	case peak == 0:
		return "–"
	case worker > 0:
		return fmt.Sprintf("%d MiB (worker %d)", peak>>20, worker>>20)
	}
	return fmt.Sprintf("%d MiB", peak>>20)
}

func longest(x *ran) string {
	if x.sampled && x.longest < unseen.Seconds() {
		return fmt.Sprintf("< %.1f s", unseen.Seconds())
	}
	return fmt.Sprintf("%.2f s", x.longest)
}

// processor is the processor time of the tool and of both servers.
func processor(x *ran) string {
	return fmt.Sprintf("%.1f / %.1f / %.1f s", x.cpu.tool, x.cpu.source, x.cpu.target)
}

// p99 is what 99 of 100 operations of the other clients stay below, on the source and on the target.
func p99(r bystanders.Report) string {
	return fmt.Sprintf("%.1f / %.1f ms", milliseconds(r.Source.P99), milliseconds(r.Target.P99))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// both is a figure of either run.
func both(r result, figure func(*ran) string) string {
	parts := []string{"–", "–"}
	for p, x := range r.runs {
		if x != nil {
			parts[p] = figure(x)
		}
	}
	return strings.Join(parts, ", ")
}

func ours(results []result) *result {
	for i, r := range results {
		if r.command == nil && r.counts() {
			return &results[i]
		}
	}
	return nil
}

// goals says for both runs how we stand. Only tools that did the whole job count.
func goals(results []result) (lines []string) {
	our := ours(results)
	if our == nil {
		return nil
	}
	for _, p := range []phase{firstLoad, changes} {
		for _, g := range []struct {
			than string
			goal float64
			is   func(result) bool
		}{
			{"dlt", goalOverDlt, func(r result) bool { return r.pkg == "dlt" }},
			{"the best of the others", goalOverOthers, func(r result) bool { return r.pkg != "dlt" }},
		} {
			best, name := 0.0, ""
			for _, r := range results {
				if r.command != nil && r.counts() && g.is(r) && (name == "" || r.runs[p].seconds < best) {
					best, name = r.runs[p].seconds, r.name
				}
			}
			if name == "" {
				continue
			}
			times, verdict := best/our.runs[p].seconds, "missed"
			if times >= g.goal {
				verdict = "reached"
			}
			lines = append(lines, fmt.Sprintf("%s: %.2f times as fast as %s (%s, %.1f s); goal %.0f: %s", p, times,
				g.than, name, best, g.goal, verdict))
		}
	}
	return lines
}

// goalOverIdle is how many times as long as alone the other clients may wait beside us, by their p99.
const goalOverIdle = 3.0

// goalsOfOthers compares the other clients' p99 beside us with what it is alone.
func goalsOfOthers(our *result, idle bystanders.Report) (lines []string) {
	if our == nil || idle.All.P99 == 0 {
		return nil
	}
	for _, p := range []phase{firstLoad, changes} {
		times, verdict := float64(our.runs[p].fared.All.P99)/float64(idle.All.P99), "missed"
		if times <= goalOverIdle {
			verdict = "reached"
		}
		lines = append(lines, fmt.Sprintf("%s: the other clients' p99 is %.1f times that without us; goal ≤ %.0f: %s",
			p, times, goalOverIdle, verdict))
	}
	return lines
}

// ourVersion is the commit that is checked out; empty outside a repository.
func ourVersion(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// document is the same for people who read it later.
func (b *bench) document(ctx context.Context, a *arena, results []result) string {
	var d strings.Builder
	fmt.Fprintf(&d, documentHead, time.Now().UTC().Format(time.DateOnly), machine.This(ctx).Brief(),
		a.Source.Flavor, a.Source.Version,
		map[bool]string{true: ", and `local_infile=ON`"}[b.localInfile],
		scene.Number(int64(b.rows)), scene.Number(int64(b.changes)), p99(b.idle),
		version(ctx, a.kit, a.kit.bin("python"), "--version"), a.kit.driver)
	t := resultTable(results)
	fmt.Fprintf(&d, "%s\n\n", t.RenderMarkdown())
	for _, line := range append(goals(results), goalsOfOthers(ours(results), b.idle)...) {
		fmt.Fprintf(&d, "- %s\n", line)
	}
	fmt.Fprintf(&d, "\n## How each is configured\n\n")
	for _, r := range results {
		fmt.Fprintf(&d, "- **%s** %s: %s.\n", r.name, r.version, r.config)
		if r.failure != "" {
			fmt.Fprintf(&d, "  Failed: %s\n", r.failure)
		}
		if len(r.outcome.altered) > 0 {
			fmt.Fprintf(&d, "  It altered the table: %s.\n", strings.Join(quoted(r.outcome.altered), "; "))
		}
	}
	fmt.Fprint(&d, documentFoot)
	return d.String()
}

// quoted marks definitions as code. They hold backquotes themselves, so two are the fence.
func quoted(lines []string) (marked []string) {
	for _, line := range lines {
		what, text, _ := strings.Cut(line, ": ")
		marked = append(marked, what+" `` "+text+" ``")
	}
	return marked
}
