package upsert

import (
	"context"
	"slices"
	"sync"
	"time"
)

// A Gate is how many chunks of one target table this process writes at once. It begins with
// two, and lets in one more where that makes the whole faster. It lets in one less where
// transactions take too long and fewer rows cannot help, see [Pace]; and, where others use the
// server, where it answers slowly or is as fast with one less: writers that only take the
// processor from each other take it from everybody else. One Gate serves all chunks of a table; it is
// safe for concurrent use, and its zero value is ready.
type Gate struct {
	mu     sync.Mutex
	limit  int // 0 before the first chunk
	active map[*pass]bool
	queue  []waiter // who waits: by turn, then first come first served

	// What is measured now: rows of so many chunks, since began, with somebody waiting all the time.
	began  time.Time
	rows   int64
	chunks int
	// trial is 1 while one more is tried and -1 while one less is, rate what was reached before;
	// hold is for how many measurements no further trial is made.
	rate  float64
	trial int
	hold  int
	// failed counts trials of one more that failed in a row.
	failed int
	calmed time.Time // last

	// reply is how long the server takes to answer a statement that costs it nothing, lately;
	// best is the least that was seen.
	reply, best     time.Duration
	others, crowded bool
}

const (
	// firstAtOnce keeps a target busy while another chunk is on its way to it.
	firstAtOnce = 2
	// worthwhile is how much faster one more chunk at once has to make the whole.
	worthwhile = 1.15
	// chunksMeasured for each chunk at once smooth what one measurement says.
	chunksMeasured = 4
	// trialPause is how many measurements pass before a trial that failed is made again, the
	// first time; twice as many each further time, longestPause at most. The server's other
	// clients may have gone meanwhile, but they also notice every trial.
	trialPause   = 8
	longestPause = 64
	// passedOver is how long lower turns may go first.
	passedOver = 10 * time.Second
	// stuckTime is how long a chunk is written before it is taken to wait for a lock.
	stuckTime = time.Second
	// slowReply is how many times its best a server's answer may take while others wait for
	// theirs, and leastReply what counts as best at least: below it is noise.
	slowReply  = 2
	leastReply = 150 * time.Microsecond
)

// AtOnce is how many chunks may be written at once; 0 before the first.
func (g *Gate) AtOnce() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.limit
}

// pass is the right of one chunk to be written.
type pass struct{ since time.Time }

// waiter is a chunk that waits for its pass.
type waiter struct {
	turn  int
	since time.Time
	let   chan *pass
}

// enter waits until one more chunk may be written, most at once; an error is ctx's. Of those that
// wait the one with the lowest turn is next, but nobody is passed over for long. Whoever has
// entered must leave.
func (g *Gate) enter(ctx context.Context, turn, most int) (*pass, error) {
	let := make(chan *pass, 1)
	now := time.Now()
	g.mu.Lock()
	if g.limit == 0 {
		g.limit = firstAtOnce
	}
	g.limit = min(g.limit, max(1, most))
	after := slices.IndexFunc(g.queue, func(w waiter) bool { return w.turn > turn })
	if after < 0 {
		after = len(g.queue)
	}
	g.queue = slices.Insert(g.queue, after, waiter{turn, now, let})
	g.admit(now)
	g.mu.Unlock()
	look := time.NewTicker(stuckTime / 4)
	defer look.Stop()
	for {
		select {
		case p := <-let:
			return p, nil
		case now := <-look.C:
			g.mu.Lock()
			g.admit(now)
			g.mu.Unlock()
		case <-ctx.Done():
			g.mu.Lock()
			defer g.mu.Unlock()
			if i := slices.IndexFunc(g.queue, func(w waiter) bool { return w.let == let }); i >= 0 {
				g.queue = slices.Delete(g.queue, i, i+1)
			} else { // it was let in at this very moment
				delete(g.active, <-let)
				g.admit(time.Now())
			}
			return nil, ctx.Err()
		}
	}
}

// leave ends what enter began; rows were committed, 0 for none.
func (g *Gate) leave(p *pass, rows, most int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	delete(g.active, p)
	if len(g.queue) == 0 || g.began.IsZero() {
		g.measure(now) // a target that waits for chunks says nothing of how many it can take
	} else {
		g.rows += int64(rows)
		g.chunks++
		if g.chunks >= chunksMeasured*g.limit {
			g.judge(float64(g.rows)/max(now.Sub(g.began).Seconds(), 1e-6), most)
			g.measure(now)
		}
	}
	g.admit(now)
}

// calm lets in one less from now on, as a chunk that entered with p took too long with the fewest
// rows. Those that were written beside it say nothing new.
func (g *Gate) calm(p *pass) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.since.Before(g.calmed) {
		return
	}
	g.calmed = time.Now()
	g.limit, g.trial, g.hold = max(1, g.limit-1), 0, trialPause
	g.began = time.Time{}
}

// felt tells how long the server took to answer a statement that costs nothing, and whether
// others use it. Where it is slow for them too, one less is let in.
func (g *Gate) felt(reply time.Duration, others bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.best == 0 || reply < g.best {
		g.best = reply
	}
	g.reply += (reply - g.reply) / 4
	g.meet(others)
	g.crowded = others && g.reply > slowReply*max(g.best, leastReply)
	if g.crowded && g.limit > 1 {
		g.limit, g.trial, g.hold = g.limit-1, 0, trialPause
		g.began = time.Time{}
	}
}

// beginBeside tells whether others use the server before anything is known of how many it can
// take: two large chunks at once, the first ones ever, would keep others waiting for longest.
func (g *Gate) beginBeside(others func() bool) {
	if g.AtOnce() > 0 {
		return
	}
	found := others() // may ask the server
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.limit == 0 {
		g.limit = firstAtOnce
		g.meet(found)
	}
}

func (g *Gate) meet(others bool) {
	if others && !g.others && g.unjudged() {
		g.limit = 1 // more has to show its worth first
		g.began = time.Time{}
	}
	g.others = others
}

// unjudged reports whether nothing is known yet of how many the server can take.
func (g *Gate) unjudged() bool { return g.limit == firstAtOnce && g.rate == 0 && g.hold == 0 }

func (g *Gate) measure(now time.Time) { g.began, g.rows, g.chunks = now, 0, 0 }

// judge ends a trial, or begins one.
func (g *Gate) judge(rate float64, most int) {
	switch {
	case g.rate == 0:
		g.rate = rate // with connections that had to be opened, and pages to be read: nothing to compare with
	case g.trial > 0 && rate < worthwhile*g.rate:
		g.limit, g.trial, g.hold = max(1, g.limit-1), 0, min(trialPause<<g.failed, longestPause)
		g.failed = min(g.failed+1, 3)
	case g.trial < 0 && worthwhile*rate < g.rate:
		g.limit, g.trial, g.hold = min(most, g.limit+1), 0, trialPause
	case g.trial < 0:
		g.trial, g.hold = 0, trialPause // what was given up is not asked for again at once
	case g.trial > 0:
		g.trial, g.failed = 0, 0
	case g.hold > 0:
		g.hold--
	case g.others && g.limit > 1:
		g.rate, g.trial = rate, -1
		g.limit--
	case g.limit < most && !g.crowded:
		g.rate, g.trial = rate, 1
		g.limit++
	}
}

// admit lets in who waits, as far as there is room. A chunk that is stuck counts for nothing:
// it waits for somebody's lock, and must not keep the others out.
func (g *Gate) admit(now time.Time) {
	room := g.limit
	for p := range g.active {
		if now.Sub(p.since) < stuckTime {
			room--
		}
	}
	for ; room > 0 && len(g.queue) > 0; room-- {
		if g.active == nil {
			g.active = map[*pass]bool{}
		}
		p := &pass{since: now}
		g.active[p] = true
		next := max(0, slices.IndexFunc(g.queue, func(w waiter) bool { return now.Sub(w.since) > passedOver }))
		g.queue[next].let <- p
		g.queue = slices.Delete(g.queue, next, next+1)
	}
}
