package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/tablehaul/tablehaul/integration/procs"
	"github.com/tablehaul/tablehaul/integration/scene"
)

// sample is what one thing took, several times over, for the same rows.
type sample struct {
	rows    int64
	seconds []float64
	cpu     scene.CPUTimes // what the last time took, nil where it was not noted
	// purge is what the target's processor had to do after the last time, in seconds: see notePurge.
	purge float64
}

func (s *sample) add(rows int64, d time.Duration) {
	s.rows = rows
	s.seconds = append(s.seconds, d.Seconds())
}

func (s *sample) measured() bool { return len(s.seconds) > 0 }

// median is the middle one, the mean of two where their number is even.
func (s *sample) median() float64 { return median(s.seconds) }

func median(of []float64) float64 {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(of))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// rate is rows per second.
func (s *sample) rate() float64 {
	if m := s.median(); m > 0 {
		return float64(s.rows) / m
	}
	return 0
}

// spread is the shortest and the longest, as "1.20–1.31 s".
func (s *sample) spread() string {
	switch {
	case len(s.seconds) == 0:
		return "not measured"
	case len(s.seconds) == 1:
		return fmt.Sprintf("%.2f s, once", s.seconds[0])
	}
	return fmt.Sprintf("%.2f–%.2f s, %d times", slices.Min(s.seconds), slices.Max(s.seconds), len(s.seconds))
}

// ratio is how many times as long a takes as b. low and high are over the rounds, in each of
// which both were measured next to each other; where one was measured more often, over all pairs.
func ratio(a, b *sample) (mid, low, high float64) {
	mid = a.median() / b.median()
	low, high = mid, mid
	for i := range a.seconds {
		for j := range b.seconds {
			if i == j || len(a.seconds) != len(b.seconds) {
				r := a.seconds[i] / b.seconds[j]
				low, high = min(low, r), max(high, r)
			}
		}
	}
	return mid, low, high
}

// contestant is one side of a comparison. Its prepare is not timed, nor is its after, which may be nil too.
type contestant struct {
	sample  *sample
	prepare func(context.Context) error
	do      func(context.Context) (rows int64, err error)
	after   func(context.Context) error
}

// rounds lets all contestants do their work several times, the first of a round last in the
// next: a machine that gets slower or faster meanwhile is no side's advantage. before, which may
// be nil, comes before each round.
func rounds(ctx context.Context, n int, before func(context.Context) error, all ...contestant) error {
	for round := range n {
		if before != nil {
			if err := before(ctx); err != nil {
				return err
			}
		}
		for i := range all {
			if err := all[(round+i)%len(all)].once(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c contestant) once(ctx context.Context) error {
	if c.prepare != nil {
		if err := c.prepare(ctx); err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
	}
	start := time.Now()
	rows, err := c.do(ctx)
	if err != nil {
		return err
	}
	c.sample.add(rows, time.Since(start))
	if c.after == nil {
		return nil
	}
	return c.after(ctx)
}

// notePurge notes what a target still has to do when a run has ended: it removes the old versions of rows. Those of one
// large transaction it cannot remove before its end, those of small ones it removes meanwhile.
func (b *bench) notePurge(to *sample) func(context.Context) error {
	return func(ctx context.Context) error {
		before := b.CPU()
		if err := scene.AwaitPurge(ctx, b.TargetDB); err != nil {
			return err
		}
		to.purge = b.CPU().Since(before)[scene.Whose[2]]
		return nil
	}
}

// noteCPU lets do note what it takes of the processors, with this process and the programs that it starts in place of
// the worker: they are the client of what we are compared with.
func (b *bench) noteCPU(to *sample, do func(context.Context) (int64, error)) func(context.Context) (int64, error) {
	return func(ctx context.Context) (int64, error) {
		before := b.cpuWithUs()
		rows, err := do(ctx)
		to.cpu = b.cpuWithUs().Since(before)
		return rows, err
	}
}

// cpuWithUs is the processor time so far, with that of this process and of the programs that it has waited for as the
// worker's.
func (b *bench) cpuWithUs() scene.CPUTimes {
	t := b.CPU()
	seconds, err := procs.CPUSeconds(os.Getpid())
	var children syscall.Rusage
	if err == nil {
		err = syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children)
	}
	if err == nil {
		ended := time.Duration(children.Utime.Nano() + children.Stime.Nano())
		t[scene.Whose[0]] = seconds + ended.Seconds()
	}
	return t
}
