// Command neighbours measures how much other clients of both servers notice: their latencies
// and lock errors when nothing runs, during a first load, during an incremental run, and beside
// it, on the same rows, during the usual way (a staging table, DELETE … IN, INSERT … SELECT, one
// transaction).
//
// Environment: ROWS (1000000), CHANGES (100000), FLAVOR (mysql, mariadb; both by default).
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/tablehaul/tablehaul/integration/servers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer) int {
	b := bench{rows: 1_000_000, changes: 100_000, idle: 10 * time.Second, out: stdout}
	for name, out := range map[string]*int{"ROWS": &b.rows, "CHANGES": &b.changes} {
		if text := getenv(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1000 {
				fmt.Fprintf(stderr, "bench-neighbours: %s=%s: give a whole number of at least 1000\n", name, text)
				return 2
			}
			*out = n
		}
	}
	flavors := []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB}
	if f := getenv("FLAVOR"); f != "" {
		flavors = []servers.Flavor{servers.Flavor(f)}
	}
	for _, f := range flavors {
		if err := b.flavor(ctx, f); err != nil {
			fmt.Fprintf(stderr, "bench-neighbours: %s: %v\n", f, err)
			return 1
		}
	}
	return 0
}
