package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/integration/bystanders"
	"github.com/tablehaul/tablehaul/integration/procs"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/verify"
	"github.com/tablehaul/tablehaul/workflows"
)

// figures are what was measured of one pair of servers. Times are in seconds, of the client that waits.
type figures struct {
	way            way
	source, target string // versions
	load           float64
	digest, keys   []float64
	planted        []float64
	// longest is the longest statement of any comparison, on either side.
	longest float64
	peakMiB float64
	sync    syncFigures
	// sweep is what a sweep took that found so many deleted rows.
	sweep float64
	swept int64
	// idle and during are the other clients of both servers.
	idle, during bystanders.Report
}

// sweepMode is what the sweep does with the rows that it finds: it deletes them.
const sweepMode = "hard"

// tableConfig is what the table's entry says beside the defaults: the second look begins at once.
const tableConfig = ", overlap: 0s, deletes: { mode: " + sweepMode + ", grace: 0s }"

// rounds is how often a comparison is measured; the median counts.
const rounds = 3

// bench is what is up while one pair of servers is measured.
type bench struct {
	*scene.Scene
	settings
	figures
}

func measure(ctx context.Context, set settings, w way, out io.Writer) (figures, error) {
	s, err := scene.Up(ctx, scene.Options{Source: w.source, Target: w.target, Config: tableConfig, Out: out})
	if err != nil {
		return figures{}, err
	}
	defer s.Close()
	b := &bench{Scene: s, settings: set}
	b.way, b.source, b.target = w, s.Source.Version, s.Target.Version
	s.Say("filling the source with %s rows", scene.Number(int64(set.rows)))
	if err := scene.Load(ctx, s.SourceDB, set.rows); err != nil {
		return b.figures, err
	}
	if err := s.StartWorker(ctx); err != nil {
		return b.figures, err
	}
	for _, step := range []func(context.Context) error{
		b.firstLoad, b.equalSides, b.tableSync, b.amongOthers, b.plantedDifferences, b.sweepDeleted,
	} {
		if err := step(ctx); err != nil {
			return b.figures, err
		}
	}
	return b.figures, nil
}

func (b *bench) firstLoad(ctx context.Context) error {
	began := time.Now()
	r, err := b.Sync(ctx, "first load")
	if err != nil {
		return err
	}
	b.load = time.Since(began).Seconds()
	if r.RowsExtracted != int64(b.rows) {
		return fmt.Errorf("the first load read %d rows of %d", r.RowsExtracted, b.rows)
	}
	// From here on the worker's peak is that of comparisons: 5 sets it to what the process has now.
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", b.Worker.Process.Pid), []byte("5"), 0o200)
}

// compare runs the workflow that people start.
func (b *bench) compare(ctx context.Context, depth string) (api.VerifyTableResult, float64, error) {
	return b.workflow(ctx, depth, api.VerifyTableInput{Table: scene.Table, Depth: depth})
}

func (b *bench) workflow(
	ctx context.Context, what string, in api.VerifyTableInput,
) (api.VerifyTableResult, float64, error) {
	var r api.VerifyTableResult
	began := time.Now()
	run, err := b.Client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: api.VerifyTableID(workflows.TaskQueue, scene.Table), TaskQueue: workflows.TaskQueue,
	}, api.VerifyTableName, in)
	if err == nil {
		err = run.Get(ctx, &r)
	}
	if err != nil {
		return r, 0, fmt.Errorf("verify by %s: %w (the worker's log is %s)", what, err, b.LogFile())
	}
	seconds := time.Since(began).Seconds()
	b.longest = max(b.longest, r.LongestPage)
	peak, err := procs.PeakMiB(b.Worker.Process.Pid)
	b.peakMiB = max(b.peakMiB, peak)
	b.Say("verify by %s: %.2f s, %d equal, %d pending, %v", what, seconds, r.Equal, r.Pending, r.Verdicts)
	return r, seconds, err
}

func (b *bench) equalSides(ctx context.Context) error {
	for range rounds {
		for depth, to := range map[string]*[]float64{api.DepthDigest: &b.digest, api.DepthKeys: &b.keys} {
			r, seconds, err := b.compare(ctx, depth)
			if err != nil {
				return err
			}
			if r.Differs || r.Equal != int64(b.rows) {
				return fmt.Errorf("equal sides were found to differ: %+v", r)
			}
			*to = append(*to, seconds)
		}
	}
	return nil
}

// othersTime is how long the other clients are watched with and without a comparison, at least.
const othersTime = 10 * time.Second

// amongOthers measures the other clients of both servers while nothing runs, and while comparisons run.
func (b *bench) amongOthers(ctx context.Context) error {
	watch := func(do func() error) (bystanders.Report, error) {
		ops := append(bystanders.Orders(b.SourceDB, b.TargetDB, b.rows),
			bystanders.Scans(b.SourceDB, b.TargetDB, b.rows)...)
		group := bystanders.Start(ctx, ops, bystanders.Interval)
		for began := time.Now(); time.Since(began) < othersTime; {
			if err := do(); err != nil {
				return group.Stop(), err
			}
		}
		return group.Stop(), nil
	}
	var err error
	if b.idle, err = watch(func() error { time.Sleep(othersTime); return nil }); err != nil {
		return err
	}
	b.Say("other clients, idle: %s", b.idle)
	b.during, err = watch(func() error {
		r, _, err := b.compare(ctx, api.DepthDigest)
		if err == nil && r.Differs {
			err = fmt.Errorf("equal sides were found to differ among other clients: %+v", r)
		}
		return err
	})
	b.Say("other clients, during verify: %s", b.during)
	return err
}

// plantedOfEach is how many differences of each kind are planted.
const plantedOfEach = 25

// plantedDifferences brings the rows that other clients have changed, and plants a hundred differences.
func (b *bench) plantedDifferences(ctx context.Context) error {
	if _, err := b.Settle(ctx); err != nil {
		return err
	}
	ids := func(kind int) string {
		var out []string
		for i := range plantedOfEach {
			out = append(out, fmt.Sprint((4*i+kind)*(b.rows/(4*plantedOfEach))+b.rows/300+1))
		}
		return " WHERE id IN (" + strings.Join(out, ",") + ")"
	}
	for _, s := range []struct {
		db *sql.DB
		q  string
	}{
		{b.TargetDB, "DELETE FROM shop.orders" + ids(0)},
		{b.TargetDB, "UPDATE shop.orders SET amount = amount + 1, updated_at = updated_at" + ids(1)},
		{b.TargetDB, "UPDATE shop.orders SET updated_at = updated_at - INTERVAL 1 DAY" + ids(2)},
		{b.SourceDB, "DELETE FROM shop.orders" + ids(3)},
	} {
		if _, err := s.db.ExecContext(ctx, s.q); err != nil {
			return fmt.Errorf("plant differences: %w", err)
		}
	}
	want := map[verify.Verdict]int64{
		verify.Missing: plantedOfEach, verify.Silent: plantedOfEach, verify.Stale: plantedOfEach,
		verify.Deleted: plantedOfEach,
	}
	for range rounds {
		r, seconds, err := b.compare(ctx, api.DepthDigest)
		if err != nil {
			return err
		}
		for verdict, n := range want {
			if r.Verdicts[verdict] != n {
				return fmt.Errorf("%d planted of each kind, and found: %v", plantedOfEach, r.Verdicts)
			}
		}
		b.planted = append(b.planted, seconds)
	}
	return nil
}

// deletedShare is how many rows there are for one that is deleted.
const deletedShare = 100

// sweepDeleted deletes a hundredth of the source's rows, and lets a sweep find them.
func (b *bench) sweepDeleted(ctx context.Context) error {
	q := fmt.Sprintf("DELETE FROM shop.orders WHERE id %% %d = 2", deletedShare)
	deleted, err := b.SourceDB.ExecContext(ctx, q)
	if err != nil {
		return fmt.Errorf("delete rows: %w", err)
	}
	n, err := deleted.RowsAffected()
	if err != nil {
		return err
	}
	r, seconds, err := b.workflow(ctx, "sweep", api.VerifyTableInput{Table: scene.Table, Deletes: true})
	if err != nil {
		return err
	}
	if r.Sweep == nil || r.Sweep.Deleted < n {
		return fmt.Errorf("%d rows were deleted at the source, and the sweep has deleted: %+v", n, r.Sweep)
	}
	b.sweep, b.swept = seconds, r.Sweep.Deleted
	return nil
}

// median is the middle one.
func median(of []float64) float64 {
	if len(of) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(of))[len(of)/2]
}
