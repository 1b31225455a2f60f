// Command verify measures `tablehaul verify` of large tables: against the first load of the same rows, against
// pt-table-sync --print, with planted differences, and beside other clients of both servers. It brings up what it
// needs, and holds each figure against the project's goals.
//
// Environment:
//
//	ROWS    rows of the table (2000000)
//	WAYS    some of mysql-mysql, mariadb-mariadb, mysql-mariadb, mariadb-mysql; all by default
//	REPORT  file to write; docs/benchmarks-verify.md by default, and none where anything above is set
//	GOALS   strict: a missed goal is exit code 1
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
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// fullRows are those of the goals.
const fullRows = 2_000_000

// way is a pair of servers.
type way struct{ source, target servers.Flavor }

func (w way) String() string { return fmt.Sprintf("%s-%s", w.source, w.target) }

var allWays = []way{
	{servers.FlavorMySQL, servers.FlavorMySQL},
	{servers.FlavorMariaDB, servers.FlavorMariaDB},
	{servers.FlavorMySQL, servers.FlavorMariaDB},
	{servers.FlavorMariaDB, servers.FlavorMySQL},
}

// settings are how much is measured.
type settings struct {
	rows   int
	ways   []way
	report string
	strict bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func readSettings(getenv func(string) string) (settings, error) {
	s := settings{rows: fullRows, ways: allWays, strict: getenv("GOALS") == "strict", report: getenv("REPORT")}
	if err := scene.ReadNumber(getenv, "ROWS", 10_000, &s.rows); err != nil {
		return s, err
	}
	if text := getenv("WAYS"); text != "" {
		s.ways = nil
		for name := range strings.SplitSeq(text, ",") {
			i := slices.IndexFunc(allWays, func(w way) bool { return w.String() == name })
			if i < 0 {
				return s, fmt.Errorf("WAYS=%s: %q is none of %v", text, name, allWays)
			}
			s.ways = append(s.ways, allWays[i])
		}
	}
	if s.report == "" && s.rows == fullRows && len(s.ways) == len(allWays) {
		s.report = "docs/benchmarks-verify.md"
	}
	return s, nil
}

func run(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer) int {
	set, err := readSettings(getenv)
	if err != nil {
		fmt.Fprintln(stderr, "bench-verify:", err)
		return 2
	}
	r := report{settings: set, machine: machine.This(ctx).String(), began: time.Now()}
	for _, w := range set.ways {
		f, err := measure(ctx, set, w, stdout)
		if err != nil {
			fmt.Fprintf(stderr, "bench-verify: %s: %v\n", w, err)
			return 1
		}
		r.ways = append(r.ways, f)
	}
	text := r.markdown()
	fmt.Fprintln(stdout, text)
	if set.report != "" {
		if err := os.WriteFile(set.report, []byte(text), 0o644); err != nil {
			fmt.Fprintln(stderr, "bench-verify: write the report:", err)
			return 1
		}
		fmt.Fprintln(stdout, "written to", set.report)
	}
	if missed := r.missed(); set.strict && missed > 0 {
		fmt.Fprintf(stderr, "bench-verify: %d goals are missed\n", missed)
		return 1
	}
	return 0
}
