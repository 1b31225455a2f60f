package main

import (
	"context"
	"sync"
	"time"

	"github.com/tablehaul/tablehaul/workflows"
)

// What following costs Temporal and the workers does not grow with the number of runs.
const (
	// lookers bounds the looks at single runs to four in each interval. A look is a question that
	// a worker answers, which it does at the cost of work on tables.
	lookers = 4
	// listedPerInterval bounds the list of runs that go on: of 200, one in four intervals.
	listedPerInterval = 50
	// maxWaits bounds the requests that stay open until a run ends. Temporal counts them together
	// with those by which workers ask for work: 1,200 for a namespace.
	maxWaits = 100
	// maxResults bounds those beside them for runs of which the list says that they have ended.
	maxResults = 20
	// maxStarts bounds the starts at once.
	maxStarts = 20
)

// following follows any number of runs: four of them are looked at in each interval, in turn,
// and one list says of all which of them have begun and which have ended.
type following struct {
	app     *app
	service service
	// starts, waits and results are the slots of maxStarts, maxWaits and maxResults.
	starts, waits, results chan struct{}

	mu   sync.Mutex
	runs map[execution]*followed
	stop context.CancelFunc
	done sync.WaitGroup
}

// followed is one run.
type followed struct {
	look func()
	last time.Time
	// looking is held by the looker that is at it, for whom busy is set.
	looking sync.Mutex
	busy    bool
	// phase is what the list says, "" for nothing; listed that it is or was in the list.
	phase  string
	listed bool
	missed int
	// ended is closed when the list says that the run has ended.
	ended chan struct{}
	over  bool
}

// following begins to follow what is given to its run method, until close.
func (a *app) following(ctx context.Context, s service) *following {
	f := &following{
		app: a, service: s, runs: map[execution]*followed{},
		starts: make(chan struct{}, maxStarts), waits: make(chan struct{}, maxWaits), results: make(chan struct{}, maxResults),
	}
	ctx, f.stop = context.WithCancel(ctx)
	for range lookers {
		f.done.Go(func() {
			for pause(ctx, a.interval()) {
				f.lookAtNext()
			}
		})
	}
	f.done.Go(func() {
		for pause(ctx, a.interval()*time.Duration(1+f.count()/listedPerInterval)) {
			if f.count() > lookers {
				f.list(ctx)
			}
		}
	})
	return f
}

func (f *following) close() {
	f.stop()
	f.done.Wait()
}

func (f *following) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.runs)
}

// start begins a run.
func (f *following) start(ctx context.Context, in workflows.SyncTableInput) (execution, error) {
	select {
	case f.starts <- struct{}{}:
		defer func() { <-f.starts }()
		return f.service.start(ctx, in)
	case <-ctx.Done():
		return execution{}, ctx.Err()
	}
}

// run returns when a run has ended, or ctx. Until then it is looked at, by one look at a time.
func (f *following) run(ctx context.Context, e execution, look func(context.Context)) (workflows.SyncTableResult, error) {
	seen, blind := context.WithCancel(ctx)
	one := &followed{look: func() { look(seen) }, ended: make(chan struct{}), last: time.Now()}
	f.mu.Lock()
	f.runs[e] = one
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.runs, e)
		f.mu.Unlock()
		blind()
		one.looking.Lock()
		defer one.looking.Unlock() // the last look is over
	}()
	return await(ctx, 0, func() (workflows.SyncTableResult, error) {
		slot, err := f.slot(ctx, one)
		if err != nil {
			return workflows.SyncTableResult{}, err
		}
		defer func() { <-slot }()
		return f.service.wait(ctx, e)
	}, nil)
}

// slot waits for the right to ask for a run's end. One that has ended has a slot before those
// that go on.
func (f *following) slot(ctx context.Context, one *followed) (chan struct{}, error) {
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

// lookAtNext looks at the run that was not looked at for the longest time, of those first that
// have begun.
func (f *following) lookAtNext() {
	f.mu.Lock()
	var next *followed
	for _, one := range f.runs {
		switch {
		case one.busy || time.Since(one.last) < f.app.interval():
		case next == nil, (one.phase != "") == (next.phase != "") && one.last.Before(next.last), one.phase != "" && next.phase == "":
			next = one
		}
	}
	if next != nil {
		next.busy = true
		next.looking.Lock()
	}
	f.mu.Unlock()
	if next == nil {
		return
	}
	next.look()
	next.looking.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	next.busy, next.last = false, time.Now()
}

// list asks which runs go on. A list may be some moments old, so that it decides nothing but when
// to ask for a run's result.
func (f *following) list(ctx context.Context) {
	running, err := f.service.running(ctx)
	if err != nil {
		return // the looks say what is wrong
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for e, one := range f.runs {
		phase, is := running[e]
		if is {
			one.phase, one.listed, one.missed = phase, true, 0
			continue
		}
		if one.missed++; !one.over && (one.listed || one.missed > 3) {
			one.over = true
			close(one.ended)
		}
	}
}
