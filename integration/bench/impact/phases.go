package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tablehaul/tablehaul/integration/bench/usualway"
	"github.com/tablehaul/tablehaul/integration/bystanders"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// The phases, in their order. Idle needs a target table.
const (
	firstLoad   = "first load"
	idle        = "idle"
	incremental = "incremental"
	usualWay    = "the usual way"
)

// processorHeader is the header of a column of CPUTimes. The servers' have the work for other clients, too.
const processorHeader = "processor, worker / source / target / Temporal"

type bench struct {
	rows, changes int
	idle          time.Duration
	out           io.Writer
}

// phase is what was seen while something ran.
type phase struct {
	name    string
	seconds float64
	fared   bystanders.Report
	load    load
	cpu     scene.CPUTimes
	// longest is the longest transaction of the run, in seconds; 0 where none ran.
	longest float64
}

// flavor plays all phases on two servers of one kind and prints what was seen.
func (b *bench) flavor(ctx context.Context, f servers.Flavor) error {
	s, err := scene.Up(ctx, scene.Options{Source: f, Target: f, Out: b.out})
	if err != nil {
		return err
	}
	defer s.Close()
	s.Say("filling the source table with %s rows", scene.Number(int64(b.rows)))
	if err := scene.Fill(ctx, s.SourceDB, b.rows); err != nil {
		return err
	}
	if err := s.StartWorker(ctx); err != nil {
		return err
	}
	var phases []phase
	for _, step := range []struct {
		name string
		do   func(context.Context, *scene.Scene) (longest float64, err error)
	}{
		{firstLoad, b.firstLoad},
		{idle, b.nothing},
		{incremental, b.incremental},
		{usualWay, b.usualWay},
	} {
		p, err := b.watch(ctx, s, step.name, step.do)
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		phases = append(phases, p)
	}
	b.print(s, phases)
	return nil
}

// watch runs do among other clients and keeps an eye on the servers' load.
func (b *bench) watch(ctx context.Context, s *scene.Scene, name string,
	do func(context.Context, *scene.Scene) (float64, error),
) (phase, error) {
	if name == incremental || name == usualWay { // rows to move, made before the clock starts
		if err := scene.Change(ctx, s.SourceDB, b.rows, b.changes); err != nil {
			return phase{}, err
		}
		if err := s.PastMinLag(ctx); err != nil {
			return phase{}, err
		}
	}
	if err := s.AwaitRest(ctx); err != nil {
		return phase{}, err
	}
	watching := watchLoad(ctx, s)
	others := bystanders.Start(ctx, append(bystanders.Orders(s.SourceDB, s.TargetDB, b.rows),
		bystanders.Scans(s.SourceDB, s.TargetDB, b.rows)...), bystanders.Interval)
	s.Say("%s, among other clients", name)
	before, start := s.CPU(), time.Now()
	longest, err := do(ctx, s)
	p := phase{name: name, seconds: time.Since(start).Seconds(), cpu: s.CPU().Since(before), longest: longest}
	p.fared = others.Stop()
	p.load = watching()
	return p, err
}

func (b *bench) firstLoad(ctx context.Context, s *scene.Scene) (float64, error) {
	r, err := s.Sync(ctx, "first load")
	return r.LongestTransaction, err
}

func (b *bench) incremental(ctx context.Context, s *scene.Scene) (float64, error) {
	r, err := s.Sync(ctx, "incremental")
	return r.LongestTransaction, err
}

func (b *bench) nothing(ctx context.Context, _ *scene.Scene) (float64, error) {
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(b.idle):
		return 0, nil
	}
}

// usualWay merges the rows that changed in the last hour, as many as the incremental run had.
func (b *bench) usualWay(ctx context.Context, s *scene.Scene) (float64, error) {
	t, err := usualway.Merge{
		Source: s.SourceDB, Target: s.TargetDB, Into: scene.Table, Staging: "shop.staging",
		Query: fmt.Sprintf("SELECT * FROM shop.orders WHERE updated_at > NOW(6) - INTERVAL 1 HOUR ORDER BY "+
			"updated_at DESC LIMIT %d", b.changes),
	}.Do(ctx)
	return t.Transaction.Seconds(), err
}

func (b *bench) print(s *scene.Scene, phases []phase) {
	fmt.Fprintf(b.out, "\n%s, %s rows, %s changed, other clients with innodb_lock_wait_timeout=1\n", s.Source,
		scene.Number(int64(b.rows)), scene.Number(int64(b.changes)))
	t := table.NewWriter()
	t.SetOutputMirror(b.out)
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{
		"", "seconds", "longest transaction", "other clients", "p50", "p99", "longest", "1205",
		"1213", "lock waits", "history list", "above idle for", "threads running", processorHeader,
	})
	quiet := phaseNamed(phases, idle)
	for _, p := range phases {
		t.AppendRow(table.Row{
			p.name, fmt.Sprintf("%.1f", p.seconds), fmt.Sprintf("%.2f s", p.longest), p.fared.All.Operations,
			bystanders.Round(p.fared.All.P50), bystanders.Round(p.fared.All.P99), bystanders.Round(p.fared.All.Max),
			p.fared.Refused[1205], p.fared.Refused[1213], p.load.lockWaits,
			p.load.longestHistory(), fmt.Sprintf("%.1f s", p.load.historyAbove(quiet.load.longestHistory()).Seconds()),
			p.load.threads, p.cpu,
		})
	}
	t.Render()
	for _, g := range check(phases) {
		fmt.Fprintf(b.out, "  %-6s %s\n", g.verdict(), g.text)
	}
	fmt.Fprintln(b.out)
	for _, p := range phases {
		for _, name := range operations {
			st := p.fared.Per[name]
			fmt.Fprintf(b.out, "  %-14s %-18s p50 %-8s p99 %-8s longest %s\n", p.name, name, bystanders.Round(st.P50),
				bystanders.Round(st.P99), bystanders.Round(st.Max))
		}
	}
}
