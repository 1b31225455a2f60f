// Command demo shows the main job on real servers: a first load of a large table, then an
// incremental sync of changed rows while other clients read and write both sides, then a
// comparison of every row. It brings up what is missing.
//
// Environment: ROWS (1000000), CHANGES (50000), KEEP=1 leaves everything up until Ctrl-C,
// BASELINE=1 also times LOAD DATA LOCAL of the same rows.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/tablehaul/tablehaul/integration/scene"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns 0 only if both sides are equal at the end.
func run(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer) int {
	s, err := readSettings(getenv)
	if err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return 2
	}
	d := &demo{settings: s, out: stdout}
	if err := d.play(ctx); err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return 1
	}
	return 0
}

type settings struct {
	rows, changes  int
	keep, baseline bool
}

func readSettings(getenv func(string) string) (settings, error) {
	s := settings{rows: 1_000_000, changes: 50_000}
	for _, v := range []struct {
		name string
		out  *int
		min  int
	}{{"ROWS", &s.rows, 1000}, {"CHANGES", &s.changes, 10}} {
		if err := scene.ReadNumber(getenv, v.name, v.min, v.out); err != nil {
			return s, err
		}
	}
	s.keep = getenv("KEEP") != "" && getenv("KEEP") != "0"
	s.baseline = getenv("BASELINE") != "" && getenv("BASELINE") != "0"
	return s, nil
}
