// Command writes measures first loads and runs of changed rows with `write: append` and `write: history` against those
// of `write: upsert`. It brings up what it needs.
//
// Environment:
//
//	ROWS    rows of the table (2000000); a tenth of them changes
//	FLAVOR  mysql or mariadb; both by default
package main

import (
	"context"
	"fmt"
	"io"

	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// rounds is how often each mode is measured; the fastest counts.
const rounds = 2

func main() { scene.Main("bench-writes", run) }

func run(ctx context.Context, getenv func(string) string, out io.Writer) error {
	rows := 2_000_000
	if err := scene.ReadNumber(getenv, "ROWS", 10_000, &rows); err != nil {
		return err
	}
	return scene.EachFlavor(getenv, func(flavor servers.Flavor) error {
		return measure(ctx, flavor, rows, out)
	})
}

// figures are the fastest of all rounds, in seconds.
type figures struct{ load, changes float64 }

var modes = []string{"upsert", "append", "history"}

func measure(ctx context.Context, flavor servers.Flavor, rows int, out io.Writer) error {
	s, err := scene.Up(ctx, scene.Options{Source: flavor, Target: flavor, Out: out})
	if err != nil {
		return err
	}
	defer s.Close()
	s.Say("filling the source with %s rows", scene.Number(int64(rows)))
	if err := scene.Load(ctx, s.SourceDB, rows); err != nil {
		return err
	}
	found := make([]figures, len(modes))
	for range rounds {
		for i, mode := range modes {
			if err := round(ctx, s, mode, rows, &found[i]); err != nil {
				return fmt.Errorf("%s: %w", mode, err)
			}
		}
	}
	upsert := found[0]
	for i, f := range found {
		s.Say("%s, %s rows, write: %s: first load %.2f s (%.2f × upsert), %s changed rows %.2f s (%.2f × upsert)",
			s.Target.Version, scene.Number(int64(rows)), modes[i], f.load, f.load/upsert.load,
			scene.Number(int64(rows/10)), f.changes, f.changes/upsert.changes)
	}
	return nil
}

// round loads the table into nothing, and then what has changed since.
func round(ctx context.Context, s *scene.Scene, mode string, rows int, f *figures) error {
	s.StopWorker()
	s.Configure(", write: " + mode)
	if err := s.StartWorker(ctx); err != nil {
		return err
	}
	load, _, err := s.RunWith(ctx, mode+": load", workflows.SyncTableInput{Table: scene.Table, Full: true})
	if err != nil {
		return err
	}
	if _, err := s.Settle(ctx); err != nil {
		return err
	}
	if err := scene.Change(ctx, s.SourceDB, rows, rows/10); err != nil {
		return err
	}
	if err := s.PastMinLag(ctx); err != nil {
		return err
	}
	changes, err := s.Sync(ctx, mode+": changed rows")
	if err != nil {
		return err
	}
	least(&f.load, load.Seconds[workflows.PhaseTotal])
	least(&f.changes, changes.Seconds[workflows.PhaseTotal])
	return nil
}

func least(to *float64, seconds float64) {
	if *to == 0 || seconds < *to {
		*to = seconds
	}
}
