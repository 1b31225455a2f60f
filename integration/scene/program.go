package scene

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
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

// EachFlavor measures on the flavor that FLAVOR names, or on both where it is empty. Another FLAVOR is an error. An
// error of measure says on which flavor.
func EachFlavor(getenv func(string) string, measure func(servers.Flavor) error) error {
	flavors := []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB}
	if only := servers.Flavor(getenv("FLAVOR")); only != "" {
		if !slices.Contains(flavors, only) {
			return fmt.Errorf("FLAVOR=%s: it is %s or %s", only, flavors[0], flavors[1])
		}
		flavors = []servers.Flavor{only}
	}
	for _, flavor := range flavors {
		if err := measure(flavor); err != nil {
			return fmt.Errorf("%s: %w", flavor, err)
		}
	}
	return nil
}
