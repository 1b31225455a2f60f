// Command replace measures a run of a table with `write: replace` against a first load of the same rows, and how long
// readers of the target wait at the swap. It brings up what it needs.
//
// Environment:
//
//	ROWS    rows of the table (2000000)
//	FLAVOR  mysql or mariadb; both by default
package main

import (
	"context"
	"database/sql"
	"io"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// rounds is how often each run is measured; the fastest counts.
const rounds = 2

func main() { scene.Main("bench-replace", run) }

func run(ctx context.Context, getenv func(string) string, out io.Writer) error {
	rows := 2_000_000
	if err := scene.ReadNumber(getenv, "ROWS", 10_000, &rows); err != nil {
		return err
	}
	return scene.EachFlavor(getenv, func(flavor servers.Flavor) error {
		return measure(ctx, flavor, rows, out)
	})
}

// figures are the fastest of all rounds, in seconds, and the longest wait of a reader.
type figures struct {
	load, first, again float64
	check, swap        float64
	longest            time.Duration
}

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
	var f figures
	for range rounds {
		if err := round(ctx, s, &f); err != nil {
			return err
		}
	}
	s.Say("%s, %s rows: first load %.2f s; replace without a target %.2f s: %.2f × (goal ≤ 1.1 ×); "+
		"of a target %.2f s: %.2f ×; its check %.2f s, its swap %.2f s; the longest wait of a reader %s",
		s.Target.Version,
		scene.Number(int64(rows)), f.load, f.first, f.first/f.load, f.again, f.again/f.load, f.check, f.swap,
		f.longest.Round(100*time.Microsecond))
	return nil
}

func round(ctx context.Context, s *scene.Scene, f *figures) error {
	load, err := fresh(ctx, s, "")
	if err != nil {
		return err
	}
	first, err := fresh(ctx, s, ", write: replace")
	if err != nil {
		return err
	}
	stop := watch(ctx, s.TargetDB)
	again, err := full(ctx, s)
	longest, readErr := stop()
	switch {
	case err != nil:
		return err
	case readErr != nil:
		return readErr
	}
	least(&f.load, load.Seconds["total"])
	least(&f.first, first.Seconds["total"])
	least(&f.again, again.Seconds["total"])
	least(&f.check, again.Seconds["check"])
	least(&f.swap, again.Seconds["swap"])
	f.longest = max(f.longest, longest)
	return nil
}

func least(to *float64, seconds float64) {
	if *to == 0 || seconds < *to {
		*to = seconds
	}
}

// fresh runs the table by a new worker, with nothing on the target.
func fresh(ctx context.Context, s *scene.Scene, config string) (workflows.SyncTableResult, error) {
	s.StopWorker()
	s.Configure(config)
	if err := s.StartWorker(ctx); err != nil {
		return workflows.SyncTableResult{}, err
	}
	return full(ctx, s)
}

// full runs the table from its beginning.
func full(ctx context.Context, s *scene.Scene) (result workflows.SyncTableResult, err error) {
	run, err := s.Client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: workflows.SyncTableID(workflows.TaskQueue, scene.Table), TaskQueue: workflows.TaskQueue,
	}, workflows.SyncTableName, workflows.SyncTableInput{Table: scene.Table, Full: true})
	if err == nil {
		err = run.Get(ctx, &result)
	}
	s.Say("%s: %s rows in %.2f s", result.Mode, scene.Number(result.RowsExtracted), result.Seconds["total"])
	return result, err
}

// readPause is between two reads, so that the reader takes no processor from the run.
const readPause = 2 * time.Millisecond

// watch reads the target again and again; stop returns the longest time that it took.
func watch(ctx context.Context, db *sql.DB) (stop func() (time.Duration, error)) {
	ctx, cancel := context.WithCancel(ctx)
	var longest time.Duration
	done := make(chan error, 1)
	go func() {
		var one int
		for ctx.Err() == nil {
			begun := time.Now()
			err := db.QueryRowContext(ctx, "SELECT 1 FROM "+scene.Table+" LIMIT 1").Scan(&one)
			if ctx.Err() != nil {
				break
			}
			if err != nil {
				done <- err
				return
			}
			longest = max(longest, time.Since(begun))
			time.Sleep(readPause)
		}
		done <- nil
	}()
	return func() (time.Duration, error) {
		cancel()
		return longest, <-done
	}
}
