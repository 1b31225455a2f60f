package scene

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Main runs a program of benchmarks until it ends or a signal ends it. After an error, which it prints behind name, the
// exit code is 1.
func Main(name string, run func(ctx context.Context, getenv func(string) string, out io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Getenv, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}

// EachFlavor measures on the flavor that FLAVOR names, or on both. An error says on which.
func EachFlavor(getenv func(string) string, measure func(servers.Flavor) error) error {
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		if only := getenv("FLAVOR"); only != "" && only != string(flavor) {
			continue
		}
		if err := measure(flavor); err != nil {
			return fmt.Errorf("%s: %w", flavor, err)
		}
	}
	return nil
}
