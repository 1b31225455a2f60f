// Command peers sets other tools that copy MySQL tables beside us in one run: the same table, the
// same two servers, the same other clients. Each tool comes from its PyPI package at a pinned
// version and is configured as its own documentation advises for this job. It measures a first
// load and an incremental run, and whether both sides are equal afterwards. A tool that fails is
// reported with its message, never left out.
//
// On MySQL it does so twice: with the servers as they come, and with local_infile ON, there without the ways that are
// not a tool's best. MariaDB has local_infile ON as it comes.
//
// Environment: ROWS (1000000), CHANGES (50000 of each of three shapes), FLAVOR (mysql or mariadb), LOCAL_INFILE (0 or
// 1: only with the servers as they come, or only with local_infile ON), TIMEOUT of one tool (20m), ONLY (names of
// tools or packages, with commas), SLING and INGESTR (paths of programs to use instead of the packages'), REPORT (file
// to write; docs/benchmarks-peers.md by default, and none where ROWS, CHANGES, ONLY, LOCAL_INFILE or TUNING is set),
// TUNING (settings of our table's tuning, such as "chunkRows: 5000").
//
// The document on MySQL also renews the charts and the table of README.md. With the argument draw it measures nothing,
// and renews them by the document as it is.
//
// With the argument large it is bench-large: one table of 100,000,000 rows, in parts that are kept, by us, by the usual
// way and by dlt. It takes ROWS, CHANGES, FLAVOR, LOCAL_INFILE, TIMEOUT, ONLY and REPORT as well. With its own rows and
// changes it writes docs/benchmarks-large.md and the README's part whenever a part is done, of all that are done. With
// large-clean it removes what that keeps.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func main() {
	// Some tools carry a time as their own zone's text. With one zone everywhere that is no difference.
	if err := os.Setenv("TZ", "UTC"); err != nil {
		fmt.Fprintln(os.Stderr, "bench-peers:", err)
		os.Exit(1)
	}
	if len(os.Args) == 2 && os.Args[1] == "draw" {
		if err := draw(os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "bench-peers:", err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) == 2 {
		if other := modes[os.Args[1]]; other != nil {
			scene.Main("bench-"+os.Args[1], other)
			return
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// modes are the arguments of which each is a program of its own: see [scene.Main].
var modes = map[string]func(context.Context, func(string) string, io.Writer) error{
	"large": runLarge, "large-clean": cleanLarge, "usual": runUsual,
}

// run returns 0 when every tool had its turn and our own sides are equal, even where others failed.
func run(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer) int {
	s, err := readSettings(getenv)
	if err != nil {
		fmt.Fprintln(stderr, "bench-peers:", err)
		return 2
	}
	b := &bench{settings: s, out: stdout}
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(stderr, "bench-peers:", err)
		return 1
	}
	return 0
}

type settings struct {
	rows, changes int
	flavor        servers.Flavor
	// localInfile is that of LOCAL_INFILE, which is "" where both are to be seen.
	localInfile bool
	asked       string
	timeout     time.Duration
	only        []string
	// report is the document's path, "" for none.
	report string
	// kept is the folder that keeps all data, "" for none.
	kept string
	// tuning are settings of our table's tuning, empty for the defaults.
	tuning string
	// programs replace the packages' own, by the tool's name.
	programs map[string]string
}

func readSettings(getenv func(string) string) (settings, error) {
	s := settings{
		rows: 1_000_000, changes: 50_000, flavor: servers.FlavorMySQL, timeout: 20 * time.Minute,
		programs: map[string]string{"sling": getenv("SLING"), "ingestr": getenv("INGESTR")},
	}
	for _, v := range []struct {
		name string
		out  *int
	}{{"ROWS", &s.rows}, {"CHANGES", &s.changes}} {
		if err := scene.ReadNumber(getenv, v.name, 1000, v.out); err != nil {
			return s, err
		}
	}
	if 2*s.changes > s.rows {
		return s, fmt.Errorf("CHANGES=%d of ROWS=%d: give at most half of the rows", s.changes, s.rows)
	}
	if text := getenv("TIMEOUT"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return s, fmt.Errorf("TIMEOUT=%s: give a duration such as 20m", text)
		}
		s.timeout = d
	}
	if text := getenv("FLAVOR"); text != "" {
		s.flavor = servers.Flavor(text)
	}
	s.asked = getenv("LOCAL_INFILE")
	switch text := s.asked; text {
	case "", "0":
	case "1":
		s.localInfile = true
	default:
		return s, fmt.Errorf("LOCAL_INFILE=%s: give 0 or 1", text)
	}
	s.only, s.tuning = namesOf(getenv("ONLY")), getenv("TUNING")
	if s.tuning != "" && getenv("REPORT") != "" {
		return s, errors.New("TUNING and REPORT: the page says that ours has its defaults; leave out one of them")
	}
	if s.report = getenv("REPORT"); s.report == "" &&
		s.asked+getenv("ROWS")+getenv("CHANGES")+getenv("ONLY")+s.tuning == "" {
		s.report = documentPath(s.flavor)
	}
	return s, nil
}

// namesOf reads names with commas between them. Some tools have a comma in their names.
func namesOf(text string) (names []string) {
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if n := len(names); n > 0 && isTool(names[n-1]+", "+part) {
			names[n-1] += ", " + part
		} else {
			names = append(names, part)
		}
	}
	return names
}

func isTool(name string) bool {
	return slices.ContainsFunc(tools, func(t tool) bool { return t.name == name })
}
