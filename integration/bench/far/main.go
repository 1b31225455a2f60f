// Command far measures a first load and an incremental run where both servers are a round trip away from the worker,
// beside the same runs without. It brings up what it needs.
//
// Environment:
//
//	ROWS    rows of the table (1000000); a twentieth of them are changed
//	RTT     the round trip, a duration (20ms)
//	FLAVOR  mysql or mariadb; both by default
//	CHUNKS  the table's chunksInFlight, instead of the default
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tablehaul/tablehaul/integration/bench/line"
	"github.com/tablehaul/tablehaul/integration/bench/machine"
	"github.com/tablehaul/tablehaul/integration/procs"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

func main() { scene.Main("bench-far", run) }

func run(ctx context.Context, getenv func(string) string, out io.Writer) error {
	rows, rtt := 1_000_000, 20*time.Millisecond
	if err := scene.ReadNumber(getenv, "ROWS", 10_000, &rows); err != nil {
		return err
	}
	if text := getenv("RTT"); text != "" {
		var err error
		if rtt, err = time.ParseDuration(text); err != nil || rtt <= 0 {
			return fmt.Errorf("RTT=%s: give a duration such as 20ms", text)
		}
	}
	chunks := 0
	if err := scene.ReadNumber(getenv, "CHUNKS", 1, &chunks); err != nil {
		return err
	}
	config := ""
	if chunks > 0 {
		config = fmt.Sprintf(", tuning: { chunksInFlight: %d }", chunks)
	}
	return scene.EachFlavor(getenv, func(flavor servers.Flavor) error {
		return measure(ctx, flavor, rows, rtt, config, out)
	})
}

// goal is how many times as long a first load may take.
const goal = 1.3

func measure(
	ctx context.Context, flavor servers.Flavor, rows int, rtt time.Duration, config string, out io.Writer,
) error {
	if err := machine.AwaitQuiet(ctx); err != nil {
		return err
	}
	s, err := scene.Up(ctx, scene.Options{Source: flavor, Target: flavor, Config: config, Out: out})
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	source, errSource := line.Lay(ctx, s.Source.Addr(), 0)
	target, errTarget := line.Lay(ctx, s.Target.Addr(), 0)
	if err := errors.Join(errSource, errTarget); err != nil {
		return err
	}
	s.Say("filling the source with %s rows", scene.Number(int64(rows)))
	if err := scene.Load(ctx, s.SourceDB, rows); err != nil {
		return err
	}
	var seconds [2][2]float64 // near and far: first load, changes
	s.Via(source.Address(), target.Address())
	for i, delay := range []time.Duration{0, rtt / 2} {
		s.StopWorker()
		source.SetDelay(delay)
		target.SetDelay(delay)
		if err := s.StartWorker(ctx); err != nil {
			return err
		}
		if err := errors.Join(s.AwaitWorker(ctx), s.AwaitRest(ctx)); err != nil {
			return err
		}
		before, lineBefore, began := s.CPU(), ownCPU(), time.Now()
		_, _, err := s.RunWith(ctx, "first load", workflows.SyncTableInput{Table: scene.Table, Full: true})
		if err != nil {
			return err
		}
		seconds[i][0] = time.Since(began).Seconds()
		used := s.CPU().Since(before)
		s.Say("processor seconds, worker / source / target / Temporal: %s, the line: %.2f", used, ownCPU()-lineBefore)
		if err := scene.Change(ctx, s.SourceDB, rows, rows/20); err != nil {
			return err
		}
		if err := errors.Join(s.AwaitRest(ctx), s.PastMinLag(ctx)); err != nil {
			return err
		}
		before, began = s.CPU(), time.Now()
		if _, err := s.Sync(ctx, "changes"); err != nil {
			return err
		}
		seconds[i][1] = time.Since(began).Seconds()
		s.Say("processor seconds, worker / source / target / Temporal: %s", s.CPU().Since(before))
	}
	near, far := seconds[0], seconds[1]
	s.Say("%s, %s rows, %s of round trip: first load %.1f s, %.1f s without: %.2f × (goal ≤ %.1f ×)",
		s.Target.Version, scene.Number(int64(rows)), rtt, far[0], near[0], far[0]/near[0], goal)
	s.Say("%s changes: %.1f s, %.1f s without", scene.Number(int64(rows/20)), far[1], near[1])
	return nil
}

// ownCPU are the processor seconds of this process, which has the line.
func ownCPU() float64 {
	seconds, err := procs.CPUSeconds(os.Getpid())
	if err != nil {
		return 0
	}
	return seconds
}
