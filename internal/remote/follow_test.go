package remote

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/clock"
)

// manyRuns is a Temporal with many runs, each of which ends when the test ends it. It counts the requests at the same
// time.
type manyRuns struct {
	starting, waiting, polling counter
	polled                     atomic.Int64

	mu      sync.Mutex
	ends    map[Execution]chan struct{}
	running map[Execution]string
}

type counter struct{ now, most atomic.Int64 }

func (c *counter) enter() (leave func()) {
	n := c.now.Add(1)
	for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
	}
	return func() { c.now.Add(-1) }
}

func (m *manyRuns) Start(_ context.Context, in api.SyncTableInput) (Execution, error) {
	defer m.starting.enter()()
	e := Execution{in.Table, "run-1"}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ends[e], m.running[e] = make(chan struct{}), ""
	return e, nil
}

func (m *manyRuns) Wait(ctx context.Context, e Execution) (api.SyncTableResult, error) {
	defer m.waiting.enter()()
	m.mu.Lock()
	end := m.ends[e]
	m.mu.Unlock()
	select {
	case <-end:
		return api.SyncTableResult{}, nil
	case <-ctx.Done():
		return api.SyncTableResult{}, ctx.Err()
	}
}

func (m *manyRuns) Running(context.Context) (map[Execution]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.running), nil
}

// poll takes as long as a worker's answer.
func (m *manyRuns) poll(ctx context.Context) {
	defer m.polling.enter()()
	m.polled.Add(1)
	_ = clock.Sleep(ctx, time.Millisecond)
}

// end ends the runs that which chooses.
func (m *manyRuns) end(which func(n int) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for e := range m.running {
		if which(n) {
			delete(m.running, e)
			close(m.ends[e])
		}
		n++
	}
}

// Following many runs sends no more requests at once than following a few, and misses no end.
func TestFollowingManyRunsIsBounded(t *testing.T) {
	const tables = 400
	m := &manyRuns{ends: map[Execution]chan struct{}{}, running: map[Execution]string{}}
	f := NewFollower(t.Context(), m, time.Millisecond)
	defer f.Close()
	var done sync.WaitGroup
	var ended atomic.Int64
	for i := range tables {
		done.Go(func() {
			e, err := f.Start(t.Context(), api.SyncTableInput{Table: fmt.Sprintf("shop.t%d", i)})
			if err == nil {
				_, err = f.Run(t.Context(), e, m.poll)
			}
			if err == nil {
				ended.Add(1)
			}
		})
	}
	require.Eventually(t, func() bool { return f.count() == tables && m.waiting.now.Load() == maxWaits },
		time.Minute,
		time.Millisecond)
	polled := m.polled.Load()
	require.Eventually(t, func() bool { return m.polled.Load() > polled+2*tables }, time.Minute, time.Millisecond,
		"all are polled, in turn")

	m.end(func(n int) bool { return n%2 == 0 }) // most of them without a slot
	require.Eventually(t, func() bool { return ended.Load() == tables/2 }, time.Minute, time.Millisecond)
	m.end(func(int) bool { return true })
	done.Wait()
	require.EqualValues(t, tables, ended.Load())
	require.LessOrEqual(t, m.starting.most.Load(), int64(maxStarts))
	require.LessOrEqual(t, m.polling.most.Load(), int64(maxPollers))
	require.LessOrEqual(t, m.waiting.most.Load(), int64(maxWaits+maxResults))
}

// A run that a worker has begun is polled before one that waits for a worker.
func TestRunsThatHaveBegunArePolledFirst(t *testing.T) {
	f := &Follower{interval: time.Nanosecond, runs: map[Execution]*followed{}}
	var polled []string
	add := func(name, phase string, last time.Time) {
		f.runs[Execution{WorkflowID: name}] = &followed{
			poll: func() { polled = append(polled, name) }, phase: phase,
			polled: last,
		}
	}
	now := time.Now()
	add("queued", "", now.Add(-time.Hour))
	add("long ago", api.PhaseUpsert, now.Add(-time.Minute))
	add("lately", api.PhasePlan, now.Add(-time.Second))
	f.pollNext()
	require.Equal(t, []string{"long ago"}, polled)
	delete(f.runs, Execution{WorkflowID: "long ago"})
	delete(f.runs, Execution{WorkflowID: "lately"})
	f.pollNext()
	require.Equal(t, []string{"long ago", "queued"}, polled)
}
