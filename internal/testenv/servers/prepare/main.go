// Command prepare finds, fetches and initialises the servers that the tests need,
// and prints the choice. Run before the tests, it keeps downloads out of their time.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/tablehaul/tablehaul/internal/testenv/s3server"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func main() { os.Exit(run(context.Background(), os.Stdout, os.Stderr)) }

func run(ctx context.Context, stdout, stderr io.Writer) int {
	for _, f := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		s, err := servers.Start(ctx, f, servers.Options{})
		if err != nil {
			fmt.Fprintln(stderr, err)
			return 1
		}
		fmt.Fprintln(stdout, "servers:", s)
		if err := s.Stop(); err != nil {
			fmt.Fprintln(stderr, err)
			return 1
		}
	}
	gateway, err := s3server.Build(ctx)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	fmt.Fprintln(stdout, "s3server:", gateway)
	return 0
}
