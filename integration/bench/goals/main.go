// Command bench measures Tablehaul against what the servers themselves can do, each pair in one
// run on the same rows, and says which of the project's goals are met. It brings up what it needs.
//
// Environment:
//
//	ROWS      rows of the first load (2000000); everything else is a fraction or a multiple of it
//	BIG       0 leaves out the table of five times as many rows
//	FLAVOR    mysql or mariadb; both by default
//	LOCAL_INFILE  0 or 1: MySQL as it comes, or with local_infile=ON; both by default
//	ONLY      some of extract, load, changes, indexes, sizes; all by default
//	TUNING    settings of the table's tuning, such as "chunksInFlight: 1"; the defaults by default
//	REPORT    file to write; docs/benchmarks.md by default, and none where anything above is set
//	GOALS     strict: a missed goal is exit code 1
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tablehaul/tablehaul/integration/bench/machine"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer) int {
	set, err := readSettings(getenv)
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	}
	if err := machine.AwaitQuiet(ctx); err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	r := report{settings: set, machine: machine.This(ctx), begun: time.Now()}
	for _, f := range set.servers {
		figures, err := measure(ctx, set, f, stdout)
		if err != nil {
			fmt.Fprintf(stderr, "bench: %s: %v\n", f.flavor, err)
			return 1
		}
		r.servers = append(r.servers, figures)
	}
	r.took = time.Since(r.begun)
	r.print(stdout)
	if set.report != "" {
		if err := os.WriteFile(set.report, []byte(r.markdown()), 0o644); err != nil {
			fmt.Fprintln(stderr, "bench: write the report:", err)
			return 1
		}
		fmt.Fprintln(stdout, "written to", set.report)
	}
	if missed := r.missed(); set.strict && missed > 0 {
		fmt.Fprintf(stderr, "bench: %d goals are missed\n", missed)
		return 1
	}
	return 0
}

// measure measures everything on servers of one kind.
func measure(ctx context.Context, set settings, f serverSettings, out io.Writer) (*figures, error) {
	b, err := newBench(ctx, set, f, out)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if err := b.makeRows(ctx); err != nil {
		return nil, fmt.Errorf("rows: %w", err)
	}
	for _, p := range parts {
		if len(set.only) > 0 && !slices.Contains(set.only, p.name) {
			continue
		}
		if err := p.measure(b, ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return &b.figures, nil
}

// part is what can be measured alone.
type part struct {
	name    string
	measure func(*bench, context.Context) error
}

var parts = []part{
	{"extract", (*bench).extract},
	{"load", (*bench).firstLoad},
	{"changes", (*bench).changes},
	{"indexes", (*bench).indexes},
	{"sizes", (*bench).sizes},
}

func partNames() string {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.name
	}
	return strings.Join(names, ", ")
}
