// Command impact measures how much other clients of both servers notice: their latencies
// and lock errors when nothing runs, during a first load, during an incremental run, and beside
// it, on the same rows, during the usual way (a staging table, DELETE … IN, INSERT … SELECT, one
// transaction).
//
// With the argument faults it measures first loads of which each has a fault: a slow target, links that lose
// everything, a source without a processor to spare, a worker with little memory. Rows a second before, during and
// after stand beside what the other clients notice.
//
// Environment: ROWS (1000000; 3000000 with faults), CHANGES (100000), FLAVOR (mysql, mariadb; both by default).
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer) int {
	b := bench{rows: 1_000_000, changes: 100_000, idle: 10 * time.Second, out: stdout}
	if wantsFaults() {
		b.rows = 3_000_000 // so that a load is not done before its fault is
	}
	for name, out := range map[string]*int{"ROWS": &b.rows, "CHANGES": &b.changes} {
		if err := scene.ReadNumber(getenv, name, 1000, out); err != nil {
			fmt.Fprintln(stderr, "bench-impact:", err)
			return 2
		}
	}
	play := b.flavor
	if wantsFaults() {
		play = b.playFaults
	}
	err := scene.EachFlavor(getenv, func(f servers.Flavor) error { return play(ctx, f) })
	if err != nil {
		fmt.Fprintln(stderr, "bench-impact:", err)
		return 1
	}
	return 0
}
