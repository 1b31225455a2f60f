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
	"io"
	"time"

	"github.com/tablehaul/tablehaul/integration/bench/machine"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func main() { scene.Main("bench-impact", run) }

func run(ctx context.Context, getenv func(string) string, out io.Writer) error {
	b := bench{rows: 1_000_000, changes: 100_000, idle: 10 * time.Second, out: out}
	if wantsFaults() {
		b.rows = 3_000_000 // so that a load is not done before its fault is
	}
	for name, number := range map[string]*int{"ROWS": &b.rows, "CHANGES": &b.changes} {
		if err := scene.ReadNumber(getenv, name, 1000, number); err != nil {
			return err
		}
	}
	play := b.flavor
	if wantsFaults() {
		play = b.playFaults
	}
	return scene.EachFlavor(getenv, func(f servers.Flavor) error {
		if err := machine.AwaitQuiet(ctx); err != nil {
			return err
		}
		return play(ctx, f)
	})
}
