// Command stores measures a first load with staging in a folder and on S3, by one worker and by
// two, all in one run on the same rows.
//
// Environment: ROWS (1000000), FLAVOR (mysql, mariadb; mysql by default), TABLEHAUL_TEST_S3_URL.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/s3server"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// rounds is how often each load is measured; the middle one counts.
const rounds = 3

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer) int {
	rows := 1_000_000
	if err := scene.ReadNumber(getenv, "ROWS", 1000, &rows); err != nil {
		fmt.Fprintln(stderr, "bench-stores:", err)
		return 2
	}
	if err := measure(ctx, servers.Flavor(cmp.Or(getenv("FLAVOR"), string(servers.FlavorMySQL))), rows,
		stdout); err != nil {
		fmt.Fprintln(stderr, "bench-stores:", err)
		return 1
	}
	return 0
}

// contest is one way to stage.
type contest struct {
	name    string
	s3      bool
	workers int
	seconds []float64
}

func measure(ctx context.Context, flavor servers.Flavor, rows int, out io.Writer) (err error) {
	store, err := s3server.Start(ctx)
	if err != nil {
		return fmt.Errorf("an S3 server: %w", err)
	}
	defer func() { err = errors.Join(err, store.Stop()) }()
	s, err := scene.Up(ctx, scene.Options{Source: flavor, Target: flavor, Out: out})
	if err != nil {
		return err
	}
	defer s.Close()
	s.Say("filling the source with %s rows", scene.Number(int64(rows)))
	if err := scene.Load(ctx, s.SourceDB, rows); err != nil {
		return err
	}
	contests := []*contest{
		{name: "folder, one worker", workers: 1},
		{name: "folder, two workers", workers: 2},
		{name: "S3, one worker", s3: true, workers: 1},
		{name: "S3, two workers", s3: true, workers: 2},
	}
	for range rounds {
		for _, c := range contests {
			if err := c.load(ctx, s, store, rows); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	report, err := s.Compare(ctx)
	if err != nil {
		return err
	}
	if !report.Equal() {
		return fmt.Errorf("the sides differ: %s", report)
	}
	show(out, s.Source.Version, rows, contests)
	return nil
}

// load is one first load, into a target without tables, by workers that know of none before.
func (c *contest) load(ctx context.Context, s *scene.Scene, store *s3server.Server, rows int) error {
	url := ""
	if c.s3 {
		var err error
		if url, err = store.Place(); err != nil {
			return err
		}
	}
	s.StageAt(url, c.workers)
	if err := s.StartWorker(ctx); err != nil {
		return err
	}
	defer s.StopWorker()
	result, err := s.Sync(ctx, c.name)
	if err != nil {
		return err
	}
	if result.Inserted != int64(rows) {
		return fmt.Errorf("%d rows were inserted, not %d", result.Inserted, rows)
	}
	c.seconds = append(c.seconds, result.Seconds[workflows.PhaseTotal])
	return nil
}
