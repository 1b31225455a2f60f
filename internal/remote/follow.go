package remote

import (
	"context"
	"sync"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/clock"
)

// The load of following on Temporal and on the workers does not grow with the number of runs.
const (
	// maxPollers bounds the polls of single runs to four in each interval. A worker answers a poll, and does less work
	// on tables for it.
	maxPollers = 4
	// runsPerList bounds the list of running runs: with 200 runs it is asked for once in four intervals.
	runsPerList = 50
	// maxWaits bounds the requests that stay open until a run ends. Temporal counts them together with the polls of
	// workers: 1,200 for a namespace.
	maxWaits = 100
	// maxResults bounds further such requests, for runs that have ended according to the list.
	maxResults = 20
	// maxStarts bounds the starts at the same time.
	maxStarts = 20
	// maxMissed is how many lists may lack a run that no list has had before it counts as ended.
	maxMissed = 3
)

// Runs is what a Follower asks of Temporal. Client has these methods.
type Runs interface {
	Start(ctx context.Context, in api.SyncTableInput) (Execution, error)
	Wait(ctx context.Context, e Execution) (api.SyncTableResult, error)
	Running(ctx context.Context) (map[Execution]string, error)
}

// Follower follows any number of runs. It polls four runs in each interval, in turn, and one list says which of the
// runs have begun and which have ended.
type Follower struct {
	service  Runs
	interval time.Duration
	// starts, waits and results have the slots of maxStarts, maxWaits and maxResults.
	starts, waits, results chan struct{}

	mu   sync.Mutex
	runs map[Execution]*followed
	stop context.CancelFunc
	done sync.WaitGroup
}

// followed is one run.
type followed struct {
	poll   func()
	polled time.Time
	// polling is locked, and busy set, while one poller polls the run.
	polling sync.Mutex
	busy    bool
	// phase is the phase in the list, or "". listed says that the list has had the run.
	phase  string
	listed bool
	missed int
	// ended is closed, and over set, when the list says that the run has ended.
	ended chan struct{}
	over  bool
}

// NewFollower returns a Follower that polls at the interval until Close or until ctx ends.
func NewFollower(ctx context.Context, service Runs, interval time.Duration) *Follower {
	f := &Follower{
		service: service, interval: interval, runs: map[Execution]*followed{},
		starts: make(chan struct{}, maxStarts), waits: make(chan struct{}, maxWaits),
		results: make(chan struct{}, maxResults),
	}
	ctx, f.stop = context.WithCancel(ctx)
	for range maxPollers {
		f.done.Go(func() {
			for clock.Sleep(ctx, interval) == nil {
				f.pollNext()
			}
		})
	}
	f.done.Go(func() {
		for clock.Sleep(ctx, interval*time.Duration(1+f.count()/runsPerList)) == nil {
			if f.count() > maxPollers {
				f.list(ctx)
			}
		}
	})
	return f
}

// Close ends all polls. It does not end the calls of Run.
func (f *Follower) Close() {
	f.stop()
	f.done.Wait()
}

func (f *Follower) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.runs)
}

// Start begins a run.
func (f *Follower) Start(ctx context.Context, in api.SyncTableInput) (Execution, error) {
	select {
	case f.starts <- struct{}{}:
		defer func() { <-f.starts }()
		return f.service.Start(ctx, in)
	case <-ctx.Done():
		return Execution{}, ctx.Err()
	}
}

// Run returns when the run or ctx has ended. Until then it calls poll now and then, one call at a time. After it
// returns, poll does not run.
func (f *Follower) Run(ctx context.Context, e Execution, poll func(context.Context)) (api.SyncTableResult, error) {
	pollCtx, cancel := context.WithCancel(ctx)
	one := &followed{poll: func() { poll(pollCtx) }, ended: make(chan struct{}), polled: time.Now()}
	f.mu.Lock()
	f.runs[e] = one
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.runs, e)
		f.mu.Unlock()
		cancel()
		one.polling.Lock() // waits for the last poll
		defer one.polling.Unlock()
	}()
	slot, err := f.slot(ctx, one)
	if err != nil {
		return api.SyncTableResult{}, err
	}
	defer func() { <-slot }()
	return f.service.Wait(ctx, e)
}

// slot waits for the right to ask for a run's end. A run that has ended gets a slot before those that go on.
func (f *Follower) slot(ctx context.Context, one *followed) (chan struct{}, error) {
	select {
	case f.waits <- struct{}{}:
		return f.waits, nil
	case <-one.ended:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case f.waits <- struct{}{}:
		return f.waits, nil
	case f.results <- struct{}{}:
		return f.results, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// pollNext polls the run that was not polled for the longest time. Runs that have begun come first.
func (f *Follower) pollNext() {
	f.mu.Lock()
	var next *followed
	for _, one := range f.runs {
		if one.busy || time.Since(one.polled) < f.interval {
			continue
		}
		begun, nextBegun := one.phase != "", next != nil && next.phase != ""
		if next == nil || begun && !nextBegun || begun == nextBegun && one.polled.Before(next.polled) {
			next = one
		}
	}
	if next != nil {
		next.busy = true
		next.polling.Lock()
	}
	f.mu.Unlock()
	if next == nil {
		return
	}
	next.poll()
	next.polling.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	next.busy, next.polled = false, time.Now()
}

// list asks which runs go on. The list may be some moments old, so it only decides when to ask for a run's result.
func (f *Follower) list(ctx context.Context) {
	running, err := f.service.Running(ctx)
	if err != nil {
		return // a poll of a run reports the same problem
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for e, one := range f.runs {
		phase, ok := running[e]
		if ok {
			one.phase, one.listed, one.missed = phase, true, 0
			continue
		}
		if one.missed++; !one.over && (one.listed || one.missed > maxMissed) {
			one.over = true
			close(one.ended)
		}
	}
}
