// Command demodlt plays the hybrid that people put together of dlt and an upsert, on real parts: dlt from PyPI reads a
// MySQL server into a folder by its own incremental, and Tablehaul loads the folder into another server. Between the
// runs rows change and are deleted, a load of dlt is aborted, and a worker is killed. At the end both sides are
// compared row by row.
//
// Environment: ROWS (200000), CHANGES (20000), FLAVOR (mysql or mariadb).
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns 0 only if both sides are equal at the end.
func run(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer) int {
	d := &demo{rows: 200_000, changes: 20_000, flavor: servers.FlavorMySQL, out: stdout}
	for _, v := range []struct {
		name string
		out  *int
		min  int
	}{{"ROWS", &d.rows, 1000}, {"CHANGES", &d.changes, 100}} {
		if err := scene.ReadNumber(getenv, v.name, v.min, v.out); err != nil {
			fmt.Fprintln(stderr, "demo-dlt:", err)
			return 2
		}
	}
	if f := getenv("FLAVOR"); f != "" {
		d.flavor = servers.Flavor(f)
	}
	if err := d.play(ctx); err != nil {
		fmt.Fprintln(stderr, "demo-dlt:", err)
		return 1
	}
	return 0
}
