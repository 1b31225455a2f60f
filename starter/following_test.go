package main

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/workflows"
)

// crowded is a Temporal with many runs, each of which ends when it is told to. It counts what is
// asked of it at once.
type crowded struct {
	*fakeService
	starting, waiting, looking counter
	looked                     atomic.Int64

	mu   sync.Mutex
	ends map[execution]chan struct{}
	goOn map[execution]string
}

type counter struct{ now, most atomic.Int64 }

func (c *counter) enter() func() {
	n := c.now.Add(1)
	for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
	}
	return func() { c.now.Add(-1) }
}

func (c *crowded) start(ctx context.Context, in workflows.SyncTableInput) (execution, error) {
	defer c.starting.enter()()
	e, err := c.fakeService.start(ctx, in)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ends[e], c.goOn[e] = make(chan struct{}), ""
	return e, err
}

func (c *crowded) wait(ctx context.Context, e execution) (workflows.SyncTableResult, error) {
	defer c.waiting.enter()()
	c.mu.Lock()
	end := c.ends[e]
	c.mu.Unlock()
	select {
	case <-end:
		return workflows.SyncTableResult{}, nil
	case <-ctx.Done():
		return workflows.SyncTableResult{}, ctx.Err()
	}
}

func (c *crowded) status(ctx context.Context, _ execution) (workflows.Status, error) {
	defer c.looking.enter()()
	c.looked.Add(1)
	pause(ctx, time.Millisecond) // what a worker takes to answer
	return workflows.Status{Phase: workflows.PhaseUpsert}, nil
}

func (c *crowded) running(context.Context) (map[execution]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.goOn), nil
}

// end ends runs: those that no request waits for, or all.
func (c *crowded) end(which func(n int) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for e := range c.goOn {
		if which(n) {
			delete(c.goOn, e)
			close(c.ends[e])
		}
		n++
	}
}

// Following many runs asks no more of Temporal at once than following a few, and misses no end.
func TestFollowingManyRunsIsBounded(t *testing.T) {
	const tables = 400
	c := &crowded{fakeService: &fakeService{}, ends: map[execution]chan struct{}{}, goOn: map[execution]string{}}
	a, stdout, stderr := testApp(t, nil, nil)
	a.quiet = true
	f := a.following(t.Context(), c)
	defer f.close()
	var done sync.WaitGroup
	var ended atomic.Int64
	for i := range tables {
		done.Go(func() {
			in := workflows.SyncTableInput{Table: fmt.Sprintf("shop.t%d", i)}
			out := a.runTable(t.Context(), f, in, false, quiet{stderr})
			if out.Outcome == outcomeDone {
				ended.Add(1)
			}
		})
	}
	require.Eventually(t, func() bool { return f.count() == tables && c.waiting.now.Load() == maxWaits }, 10*time.Second, time.Millisecond)
	looked := c.looked.Load()
	require.Eventually(t, func() bool { return c.looked.Load() > looked+2*tables }, 30*time.Second, time.Millisecond, "all are looked at, in turn")

	c.end(func(n int) bool { return n%2 == 0 }) // most of them without a slot
	require.Eventually(t, func() bool { return ended.Load() == tables/2 }, 30*time.Second, time.Millisecond)
	c.end(func(int) bool { return true })
	done.Wait()
	require.EqualValues(t, tables, ended.Load())
	require.LessOrEqual(t, c.starting.most.Load(), int64(maxStarts))
	require.LessOrEqual(t, c.looking.most.Load(), int64(lookers))
	require.LessOrEqual(t, c.waiting.most.Load(), int64(maxWaits+maxResults))
	require.Empty(t, stdout.String()+stderr.String())
}

// A run that a worker has begun is looked at before one that waits for a worker.
func TestRunsThatHaveBegunAreLookedAtFirst(t *testing.T) {
	a, _, _ := testApp(t, nil, nil)
	a.poll = time.Nanosecond
	f := &following{app: a, runs: map[execution]*followed{}}
	var looked []string
	add := func(name, phase string, last time.Time) {
		f.runs[execution{WorkflowID: name}] = &followed{look: func() { looked = append(looked, name) }, phase: phase, last: last}
	}
	now := time.Now()
	add("queued", "", now.Add(-time.Hour))
	add("long ago", workflows.PhaseUpsert, now.Add(-time.Minute))
	add("lately", workflows.PhasePlan, now.Add(-time.Second))
	f.lookAtNext()
	require.Equal(t, []string{"long ago"}, looked)
	delete(f.runs, execution{WorkflowID: "long ago"})
	delete(f.runs, execution{WorkflowID: "lately"})
	f.lookAtNext()
	require.Equal(t, []string{"long ago", "queued"}, looked)
}
