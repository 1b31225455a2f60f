package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/integration/scene"
)

// figures are what the minutes of schedules came to.
type figures struct {
	settings
	version string
	took    time.Duration
	runs    int
	failed  int
	// late are runs that were not done a minute after they began.
	late   int
	spread []float64 // seconds of the runs, sorted
	cpu    scene.CPUTimes
	differ int
	// follows and starts are the seconds of runs of all tables: see following.
	follows, starts float64
}

func (m *many) measure(ctx context.Context) (*figures, error) {
	f := &figures{settings: m.settings, version: m.Source.Version}
	before, err := m.readableCPU()
	if err != nil {
		return nil, err
	}
	m.Say("%d minutes of schedules", m.minutes)
	begun := time.Now()
	minutes, cancel := context.WithTimeout(ctx, time.Duration(m.minutes)*time.Minute)
	defer cancel()
	g, changing := errgroup.WithContext(minutes)
	g.Go(func() error { return m.change(changing) })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	f.took = time.Since(begun)
	after, err := m.readableCPU()
	if err != nil {
		return nil, err
	}
	f.cpu = after.Since(before)
	if err := m.readRuns(ctx, begun, f); err != nil {
		return nil, err
	}
	m.Say("waiting for the last changes to arrive")
	for end := time.Now().Add(3 * time.Minute); ; {
		if f.differ, err = m.same(ctx); err != nil || f.differ == 0 || time.Now().After(end) {
			return f, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// readableCPU is the processor time of all four processes so far. It fails where one is not known.
func (m *many) readableCPU() (scene.CPUTimes, error) {
	now := m.CPU()
	for _, who := range scene.Whose {
		if _, known := now[who]; !known {
			return nil, fmt.Errorf("the processor time of the %s is not known: it is no process of ours", who)
		}
	}
	return now, nil
}

// readRuns reads the runs that began within the measured minutes, from Temporal's list.
func (m *many) readRuns(ctx context.Context, begun time.Time, f *figures) error {
	end := begun.Add(f.took - time.Minute) // later ones have no minute behind them
	query := fmt.Sprintf("WorkflowType = 'SyncTable' AND StartTime >= '%s' AND StartTime < '%s'",
		begun.UTC().Format(time.RFC3339Nano), end.UTC().Format(time.RFC3339Nano))
	var token []byte
	for {
		page, err := m.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: query, PageSize: 1000, NextPageToken: token,
		})
		if err != nil {
			return fmt.Errorf("list the runs: %w", err)
		}
		for _, e := range page.GetExecutions() {
			f.runs++
			seconds := f.took.Seconds()
			if e.GetCloseTime() != nil {
				seconds = e.GetCloseTime().AsTime().Sub(e.GetStartTime().AsTime()).Seconds()
				if e.GetStatus().String() != "Completed" {
					f.failed++
				}
			}
			if seconds > time.Minute.Seconds() {
				f.late++
			}
			f.spread = append(f.spread, seconds)
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			slices.Sort(f.spread)
			return nil
		}
	}
}

// goalShare is how much of the processors all of it may take.
const goalShare = 0.7

const manyHead = `# Many tables

Written by ` + "`make bench-many`" + `; change nothing by hand.

%s, %s %s, %d cores; both servers, Temporal's and the worker share the machine. %d tables of 100 rows,
each on a schedule of a minute with a jitter of 50 s, for %d minutes; %d of them change once a minute. Servers and
logins as in [benchmarks.md](benchmarks.md).

`

func (f *figures) markdown() string {
	var b strings.Builder
	cores := float64(runtime.NumCPU())
	var all float64
	for _, s := range f.cpu {
		all += s
	}
	share := all / f.took.Seconds() / cores
	at := func(q float64) float64 {
		if len(f.spread) == 0 {
			return 0
		}
		return f.spread[min(len(f.spread)-1, int(q*float64(len(f.spread))))]
	}
	met := func(good bool) string { return map[bool]string{true: "met", false: "missed"}[good] }
	expected := f.tables * (f.minutes - 1)
	fmt.Fprintf(&b, manyHead, time.Now().UTC().Format(time.DateOnly), f.flavor, f.version, runtime.NumCPU(), f.tables,
		f.minutes, f.changing)
	b.WriteString("| Measure | Goal | Figure |\n|---|---|---|\n")
	line := func(measure, goal, figure string) { fmt.Fprintf(&b, "| %s | %s | %s |\n", measure, goal, figure) }
	times := f.follows / max(f.starts, 1e-3)
	line("before the schedules: runs of all tables that `run --all` follows, against `--no-wait`",
		fmt.Sprintf("≤ %.1f × its time", goalFollowing), fmt.Sprintf("%.2f ×: %.1f of %.1f s, %s", times, f.follows,
			f.starts, met(times <= goalFollowing)))
	line("runs that began a minute or more before the end", fmt.Sprintf("≥ %s, one a table and minute, less one",
		scene.Number(int64(expected-f.tables))),
		fmt.Sprintf("%s, %s", scene.Number(int64(f.runs)), met(f.runs >= expected-f.tables)))
	line("of them not done within a minute", "0", fmt.Sprintf("%d, %s", f.late, met(f.late == 0)))
	line("of them failed", "0", fmt.Sprintf("%d, %s", f.failed, met(f.failed == 0)))
	line("seconds of a run: median, 99 %, longest", "", fmt.Sprintf("%.2f, %.2f, %.2f", at(0.5), at(0.99), at(1)))
	line("share of all processors", "≤ 70 %", fmt.Sprintf("%.0f %%, %s", 100*share, met(share <= goalShare)))
	for _, who := range scene.Whose {
		line("processor time of the "+who+" for a run", "",
			fmt.Sprintf("%.1f ms", 1000*f.cpu[who]/f.took.Seconds()*60/float64(f.tables)))
	}
	line(
		"changing tables that differ when changes have ended",
		"0",
		fmt.Sprintf("%d, %s", f.differ, met(f.differ == 0)),
	)
	return b.String()
}
