package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/tablehaul/tablehaul/integration/bench/line"
	"github.com/tablehaul/tablehaul/integration/bystanders"
	"github.com/tablehaul/tablehaul/integration/procs"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

const (
	// faultTime is how long a fault lasts.
	faultTime = 8 * time.Second
	// slowDelay is the delay of a slow target, each direction of its line.
	slowDelay = 100 * time.Millisecond
	// slowCommit is how much longer a COMMIT takes on a disk that is throttled.
	slowCommit = 500 * time.Millisecond
)

// faults are a first load's, in the order of the report.
var faults = []fault{
	{name: "none", begin: nothingHappens},
	{name: "a slow target", holds: true, begin: func(_ context.Context, g *ground) (func(), error) {
		g.target.SetDelay(slowDelay)
		return func() { g.target.SetDelay(0) }, nil
	}},
	{name: "a throttled disk of the target", holds: true, begin: func(_ context.Context, g *ground) (func(), error) {
		g.target.SetCommitDelay(slowCommit)
		return func() { g.target.SetCommitDelay(0) }, nil
	}},
	{name: "both links lose everything", holds: true, lost: true, begin: breakLinks},
	{name: "a source without a processor to spare", feltByAll: true, begin: burn},
	{name: "GOMEMLIMIT=128MiB", env: []string{"GOMEMLIMIT=128MiB"}, begin: nothingHappens},
}

func breakLinks(_ context.Context, g *ground) (end func(), err error) {
	g.source.Break()
	g.target.Break()
	return func() {
		g.source.Mend()
		g.target.Mend()
	}, nil
}

func nothingHappens(context.Context, *ground) (end func(), err error) { return func() {}, nil }

// fault is what happens to a first load when a third of its rows are there.
type fault struct {
	name string
	// env are the worker's variables.
	env []string
	// holds says that transactions under way when it begins hold their locks for longer: a chunk that is being written
	// is not cut, and of a link that is lost the server knows nothing.
	holds bool
	// lost says that no row can come in meanwhile.
	lost bool
	// feltByAll says that the other clients feel the fault itself: beside it and nothing else they wait longer, too.
	feltByAll bool
	begin     func(context.Context, *ground) (end func(), err error)
}

// ground is what faults happen to.
type ground struct {
	*scene.Scene
	source, target *line.Line
}

// faulted is what was seen of a first load.
type faulted struct {
	seconds float64
	// rates are the rows a second before, during and after the fault.
	rates   [3]float64
	longest float64
	peakMiB float64
	cpu     scene.CPUTimes
	fared   bystanders.Report
	// alone is how the other clients fare beside the fault and nothing else, where they feel it.
	alone bystanders.Report
}

// playFaults measures a first load beside other clients under each fault.
func (b *bench) playFaults(ctx context.Context, f servers.Flavor) error {
	s, err := scene.Up(ctx, scene.Options{Source: f, Target: f, Out: b.out})
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g := &ground{Scene: s}
	var errSource, errTarget error
	g.source, errSource = line.Lay(ctx, s.Source.Addr(), 0)
	g.target, errTarget = line.Lay(ctx, s.Target.Addr(), 0)
	if err := errors.Join(errSource, errTarget); err != nil {
		return err
	}
	s.Via(g.source.Address(), g.target.Address())
	s.Say("filling the source table with %s rows", scene.Number(int64(b.rows)))
	if err := scene.Load(ctx, s.SourceDB, b.rows); err != nil {
		return err
	}
	var seen []faulted
	for _, f := range faults {
		x, err := b.load(ctx, g, f)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if f.feltByAll {
			if x.alone, err = g.alone(ctx, b.rows, f); err != nil {
				return fmt.Errorf("%s, alone: %w", f.name, err)
			}
		}
		seen = append(seen, x)
	}
	idle, err := b.watch(ctx, s, idle, b.nothing)
	if err != nil {
		return err
	}
	printFaults(b.out, s.Source.String(), b.rows, seen, idle.fared)
	return nil
}

// insertedRows are the servers' counters of rows that came in. MariaDB lacks the first; MySQL's second counts those of
// temporary tables, too.
var insertedRows = map[servers.Flavor]string{
	servers.FlavorMySQL: "Innodb_rows_inserted", servers.FlavorMariaDB: "Handler_write",
}

// load is a first load by a new worker, with a fault.
func (b *bench) load(ctx context.Context, g *ground, f fault) (x faulted, err error) {
	g.StopWorker()
	g.SetEnv(f.env...)
	if err := g.StartWorker(ctx); err != nil {
		return x, err
	}
	if err := errors.Join(g.AwaitWorker(ctx), g.AwaitRest(ctx)); err != nil {
		return x, err
	}
	others := g.otherClients(ctx, b.rows)
	inserted := func() int64 { return status(ctx, g.TargetDB, insertedRows[g.Target.Flavor]) }
	cpu, before, began := g.CPU(), inserted(), time.Now()
	g.Say("a first load with the fault: %s", f.name)
	run, err := g.Start(ctx, workflows.SyncTableInput{Table: scene.Table, Full: true})
	if err != nil {
		return x, err
	}
	var r workflows.SyncTableResult
	done := make(chan error, 1)
	go func() { done <- run.Get(ctx, &r) }()
	tooShort := func(err error) (faulted, error) {
		return x, errors.Join(err, fmt.Errorf("the load ended before %s of the fault: give more ROWS", faultTime))
	}
	rate := func(rows int64, since time.Time) float64 {
		return float64(rows) / max(time.Since(since).Seconds(), 1e-3)
	}
	for inserted()-before < int64(b.rows)/3 {
		select {
		case err := <-done:
			return tooShort(err)
		case <-time.After(sampleEvery):
		}
	}
	then, at := inserted(), time.Now()
	x.rates[0] = rate(then-before, began)
	end, err := f.begin(ctx, g)
	if err != nil {
		return x, err
	}
	select {
	case err = <-done:
		end()
		return tooShort(err)
	case <-time.After(faultTime):
	}
	now := inserted()
	x.rates[1] = rate(now-then, at)
	end()
	at = time.Now()
	if err := <-done; err != nil {
		return x, err
	}
	x.rates[2] = rate(inserted()-now, at)
	x.cpu, x.seconds, x.longest = g.CPU().Since(cpu), time.Since(began).Seconds(), r.LongestTransaction
	x.fared = others.Stop()
	x.peakMiB, err = procs.PeakMiB(g.Worker.Process.Pid)
	return x, err
}

func (g *ground) otherClients(ctx context.Context, rows int) *bystanders.Group {
	return bystanders.Start(ctx, append(bystanders.Orders(g.SourceDB, g.TargetDB, rows),
		bystanders.Scans(g.SourceDB, g.TargetDB, rows)...), bystanders.Interval)
}

// alone is how the other clients fare beside a fault, while nothing is loaded.
func (g *ground) alone(ctx context.Context, rows int, f fault) (bystanders.Report, error) {
	g.Say("the other clients alone, with the fault: %s", f.name)
	end, err := f.begin(ctx, g)
	if err != nil {
		return bystanders.Report{}, err
	}
	defer end()
	others := g.otherClients(ctx, rows)
	select {
	case <-ctx.Done():
	case <-time.After(faultTime):
	}
	return others.Stop(), ctx.Err()
}

// burn keeps every processor of the source busy.
func burn(ctx context.Context, g *ground) (end func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	for range runtime.NumCPU() {
		go func() {
			defer func() { done <- struct{}{} }()
			for ctx.Err() == nil { // statements of about a tenth of a second, so that it ends with ctx
				_, _ = g.SourceDB.ExecContext(context.WithoutCancel(ctx), "DO BENCHMARK(200000, SHA2('x', 512))")
			}
		}()
	}
	return func() {
		cancel()
		for range runtime.NumCPU() {
			<-done
		}
	}, nil
}

// wantsFaults says that the program measures faults.
func wantsFaults() bool { return len(os.Args) == 2 && os.Args[1] == "faults" }
