// Command files measures how files of others are loaded: Parquet and JSON Lines beside a first load of the same rows
// by our own staged files, beside dlt's own merge into MySQL and a script with pyarrow on the same files, and the
// worker's memory at one very large file. It brings up what it needs, and holds each figure against the goals.
//
// Environment:
//
//	ROWS    rows of the table (1000000)
//	BIG     size of the large files, in MiB (10240), of gzip a quarter of it as text; 0 leaves them out
//	FLAVOR  mysql or mariadb
//	ONLY    ours: without dlt and the script; big: the large files alone
//	REPORT  file to write; docs/benchmarks-files.md by default, and none where anything above is set
//	GOALS   strict: a missed goal is exit code 1
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/tablehaul/tablehaul/integration/bench/machine"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// What the goals are of.
const (
	fullRows = 1_000_000
	fullBig  = 10 << 10
)

// Values of ONLY.
const (
	onlyOurs = "ours"
	onlyBig  = "big"
)

type settings struct {
	rows, bigMiB int
	flavor       servers.Flavor
	only         string
	report       string
	strict       bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func readSettings(getenv func(string) string) (settings, error) {
	s := settings{
		rows: fullRows, bigMiB: fullBig, only: getenv("ONLY"), report: getenv("REPORT"),
		flavor: servers.Flavor(cmp.Or(getenv("FLAVOR"), string(servers.FlavorMySQL))),
		strict: getenv("GOALS") == "strict",
	}
	if err := scene.ReadNumber(getenv, "ROWS", 10_000, &s.rows); err != nil {
		return s, err
	}
	if err := scene.ReadNumber(getenv, "BIG", 0, &s.bigMiB); err != nil {
		return s, err
	}
	if !slices.Contains([]string{"", onlyOurs, onlyBig}, s.only) {
		return s, fmt.Errorf("ONLY=%s: it is %s or %s", s.only, onlyOurs, onlyBig)
	}
	full := s.rows == fullRows && s.bigMiB == fullBig && s.only == "" && s.flavor == servers.FlavorMySQL
	if s.report == "" && full {
		s.report = "docs/benchmarks-files.md"
	}
	return s, nil
}

func run(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer) int {
	set, err := readSettings(getenv)
	if err != nil {
		fmt.Fprintln(stderr, "bench-files:", err)
		return 2
	}
	r := report{settings: set, machine: machine.This(ctx).String(), began: time.Now()}
	b := &bench{settings: set, report: &r}
	if err := b.play(ctx, stdout); err != nil {
		fmt.Fprintln(stderr, "bench-files:", err)
		return 1
	}
	text := r.markdown()
	fmt.Fprintln(stdout, text)
	if set.report != "" {
		if err := os.WriteFile(set.report, []byte(text), 0o644); err != nil {
			fmt.Fprintln(stderr, "bench-files: write the report:", err)
			return 1
		}
		fmt.Fprintln(stdout, "written to", set.report)
	}
	if missed := r.missed(); set.strict && missed > 0 {
		fmt.Fprintf(stderr, "bench-files: %d goals are missed\n", missed)
		return 1
	}
	return 0
}
