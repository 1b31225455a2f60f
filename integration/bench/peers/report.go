package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tablehaul/tablehaul/integration/bench/machine"
	"github.com/tablehaul/tablehaul/integration/bystanders"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// show prints what was seen and, after a full run, writes the document, and the charts and the README's table by it.
func (b *bench) show(ctx context.Context, a *arena, passes []pass) error {
	for _, p := range passes {
		fmt.Fprintf(b.out, "\n%s, %s rows, then %s changes, %s\n", a.Source, scene.Number(int64(b.rows)),
			scene.Number(int64(b.changes)), p)
		t := resultTable(p.results)
		t.SetStyle(table.StyleLight)
		fmt.Fprintln(b.out, t.Render())
		for _, line := range p.goals() {
			fmt.Fprintln(b.out, line)
		}
		for _, r := range p.results {
			if r.failure != "" {
				fmt.Fprintf(b.out, "%s failed: %s\n", r.name, r.failure)
			}
			for _, line := range r.outcome.altered {
				fmt.Fprintf(b.out, "%s altered the table: %s\n", r.name, line)
			}
		}
	}
	if path := b.report; path != "" {
		if err := os.WriteFile(path, []byte(b.document(ctx, a, passes)), 0o644); err != nil {
			return fmt.Errorf("write the document: %w", err)
		}
		fmt.Fprintln(b.out, "written:", path)
		if path == documentPath(servers.FlavorMySQL) {
			if err := draw(b.out); err != nil {
				return err
			}
		}
	}
	for _, p := range passes {
		for _, r := range p.results {
			if r.command == nil && !r.counts() {
				return fmt.Errorf("ours, %s: %s %s", p, r.failure, r.outcome)
			}
		}
	}
	return nil
}

// String says what of the servers is not as they come.
func (p pass) String() string {
	if p.localInfile {
		return "with local_infile ON"
	}
	return "servers as they come"
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
		"", "version", firstLoad, changes, scattered, newest, "peak memory", "processor", "longest transaction",
		"other clients' p99", "other clients' 1205 / 1213", "both sides",
	})
	for _, r := range results {
		row := table.Row{
			r.name, r.version, seconds(results, r, firstLoad), seconds(results, r, changes),
			seconds(results, r, scattered), seconds(results, r, newest), memory(r),
			each(r, processor), each(r, longest), each(r, func(x *ran) string { return p99(x.fared) }),
			each(r, func(x *ran) string {
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

// processor is the processor time of the tool, ours as worker + Temporal server, and of both servers.
func processor(x *ran) string {
	tool := fmt.Sprintf("%.1f", x.cpu.tool)
	if x.workerPeak > 0 {
		tool = fmt.Sprintf("%.1f + %.1f", x.cpu.tool-x.cpu.temporal, x.cpu.temporal)
	}
	return fmt.Sprintf("%s / %.1f / %.1f s", tool, x.cpu.source, x.cpu.target)
}

// p99 is what 99 of 100 operations of the other clients stay below, on the source and on the target.
func p99(r bystanders.Report) string {
	return fmt.Sprintf("%.1f / %.1f ms", milliseconds(r.Source.P99), milliseconds(r.Target.P99))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// each is a figure of each run.
func each(r result, figure func(*ran) string) string {
	parts := make([]string, len(r.runs))
	for p, x := range r.runs {
		parts[p] = "–"
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

// document is the same for people who read it later.
func (b *bench) document(ctx context.Context, a *arena, passes []pass) string {
	var d strings.Builder
	fmt.Fprintf(&d, documentHead, time.Now().UTC().Format(time.DateOnly), machine.This(ctx).Brief(),
		a.Source.Flavor, a.Source.Version, a.serverSettings(ctx),
		scene.Number(int64(b.rows)), scene.Number(int64(b.changes)), p99(passes[0].idle),
		milliseconds(passes[0].idle.All.P99),
		version(ctx, a.kit, a.kit.bin("python"), "--version"), a.kit.driver)
	if b.flavor == servers.FlavorMySQL {
		fmt.Fprint(&d, documentChart)
	}
	for i, p := range passes {
		if i > 0 {
			fmt.Fprintf(&d, infileHead, p99(p.idle), milliseconds(p.idle.All.P99))
		}
		t := resultTable(p.results)
		fmt.Fprintf(&d, "%s\n\n", t.RenderMarkdown())
		for _, line := range p.goals() {
			fmt.Fprintf(&d, "- %s\n", line)
		}
		for _, r := range p.results {
			if r.failure != "" {
				fmt.Fprintf(&d, "- **%s** failed: %s\n", r.name, r.failure)
			}
		}
	}
	fmt.Fprintf(&d, "\n## How each is configured\n\n")
	for _, r := range passes[0].results {
		fmt.Fprintf(&d, "- **%s** %s: %s.\n", r.name, r.version, r.config)
		if len(r.outcome.altered) > 0 {
			fmt.Fprintf(&d, "  It altered the table: %s.\n", strings.Join(quoted(r.outcome.altered), "; "))
		}
	}
	fmt.Fprint(&d, documentFoot)
	return d.String()
}

// serverSettings are those of the target that decide what a commit costs.
func (a *arena) serverSettings(ctx context.Context) string {
	var settings []string
	for _, name := range []string{"log_bin", "sync_binlog", "innodb_flush_log_at_trx_commit"} {
		var value string
		if err := a.TargetDB.QueryRowContext(ctx, "SELECT @@GLOBAL."+name).Scan(&value); err != nil {
			value = "unknown"
		}
		settings = append(settings, "`"+name+"="+value+"`")
	}
	return strings.Join(settings, ", ")
}

// quoted marks definitions as code. They hold backquotes themselves, so two are the fence.
func quoted(lines []string) (marked []string) {
	for _, line := range lines {
		what, text, _ := strings.Cut(line, ": ")
		marked = append(marked, what+" `` "+text+" ``")
	}
	return marked
}
