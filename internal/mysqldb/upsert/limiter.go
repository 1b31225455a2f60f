package upsert

import (
	"context"
	"slices"
	"sync"
	"time"
)

// A Limiter bounds how many chunks of one target table this process writes at the same time.
// The bound follows what is measured; the package's comment has the law. One Limiter serves all
// chunks of a table. It is safe for concurrent use, and its zero value is ready.
type Limiter struct {
	mu    sync.Mutex
	climb hillClimb
	slots map[*slot]bool
	queue []waiter // by order, then by arrival

	window window // the running measurement
	// lastSlow is when a slow transaction last lowered the limit.
	lastSlow time.Time
	// latency is the moving average of START TRANSACTION's latency, minLatency the lowest ever.
	latency, minLatency time.Duration
}

const (
	// chunksPerSlot is how many chunks of each slot one measurement takes. More chunks smooth it.
	chunksPerSlot = 4
	// maxSkipTime is how long chunks of a lower order may go first.
	maxSkipTime = 10 * time.Second
	// stuckTime is how long a transaction runs until its slot no longer counts. It probably waits for
	// a lock, and must not keep other chunks out.
	stuckTime = time.Second
	// slowLatency is how many times the lowest latency counts as slow. Below minLatencyFloor, differences are noise.
	slowLatency     = 2
	minLatencyFloor = 150 * time.Microsecond
)

// slot is the right of one chunk to be written.
type slot struct{ since time.Time }

// waiter is a chunk that waits for its slot.
type waiter struct {
	order int
	since time.Time
	ready chan *slot
}

// window is one measurement of rows per second. It counts only while chunks wait: a target that
// waits for chunks shows nothing of how many it can take.
type window struct {
	began  time.Time // zero until the next release
	rows   int64
	chunks int
}

// Limit is how many chunks may be written at the same time; 0 before the first one.
func (l *Limiter) Limit() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.climb.limit
}

// HasWaiters reports whether chunks wait to be written, so that more of them would not be written sooner.
func (l *Limiter) HasWaiters() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue) > 0
}

// acquire waits until one more chunk may be written, at most maxSlots at the same time. The only
// error is ctx's. Of the waiting chunks, the one with the lowest order is next, unless another has
// waited for maxSkipTime. The caller releases the slot.
func (l *Limiter) acquire(ctx context.Context, order, maxSlots int) (*slot, error) {
	now := time.Now()
	w := waiter{order: order, since: now, ready: make(chan *slot, 1)}
	l.mu.Lock()
	l.climb.start(maxSlots)
	at := slices.IndexFunc(l.queue, func(other waiter) bool { return other.order > order })
	if at < 0 {
		at = len(l.queue)
	}
	l.queue = slices.Insert(l.queue, at, w)
	l.wakeWaiters(now)
	l.mu.Unlock()
	ticker := time.NewTicker(stuckTime / 4) // for slots that no longer count
	defer ticker.Stop()
	for {
		select {
		case s := <-w.ready:
			return s, nil
		case now := <-ticker.C:
			l.mu.Lock()
			l.wakeWaiters(now)
			l.mu.Unlock()
		case <-ctx.Done():
			l.leaveQueue(w)
			return nil, ctx.Err()
		}
	}
}

// leaveQueue removes a waiter whose context has ended.
func (l *Limiter) leaveQueue(w waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.IndexFunc(l.queue, func(other waiter) bool { return other.ready == w.ready }); i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
		return
	}
	delete(l.slots, <-w.ready) // it got its slot in the same moment
	l.wakeWaiters(time.Now())
}

// release gives a slot back after a transaction that committed rows, 0 for none.
func (l *Limiter) release(s *slot, rows, maxSlots int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	delete(l.slots, s)
	l.measure(now, rows, maxSlots)
	l.wakeWaiters(now)
}

// measure adds a transaction to the window, and adjusts the limit at the window's end.
func (l *Limiter) measure(now time.Time, rows, maxSlots int) {
	if len(l.queue) == 0 || l.window.began.IsZero() {
		l.window = window{began: now}
		return
	}
	l.window.rows += int64(rows)
	l.window.chunks++
	if l.window.chunks < chunksPerSlot*l.climb.limit {
		return
	}
	l.climb.adjust(float64(l.window.rows)/max(now.Sub(l.window.began).Seconds(), 1e-6), maxSlots)
	l.window = window{began: now}
}

// wakeWaiters gives slots to waiting chunks, as far as the limit allows.
func (l *Limiter) wakeWaiters(now time.Time) {
	free := l.climb.limit
	for s := range l.slots {
		if now.Sub(s.since) < stuckTime {
			free--
		}
	}
	if l.slots == nil {
		l.slots = map[*slot]bool{}
	}
	for ; free > 0 && len(l.queue) > 0; free-- {
		s := &slot{since: now}
		l.slots[s] = true
		next := max(0, slices.IndexFunc(l.queue, func(w waiter) bool { return now.Sub(w.since) > maxSkipTime }))
		l.queue[next].ready <- s
		l.queue = slices.Delete(l.queue, next, next+1)
	}
}

// onSlowTransaction lowers the limit after a transaction that took too long with the fewest rows.
// Transactions that began before the last change say nothing of the new limit.
func (l *Limiter) onSlowTransaction(s *slot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.since.Before(l.lastSlow) {
		return
	}
	l.lastSlow, l.window = time.Now(), window{}
	l.climb.onSlowTransaction()
}

// onFirstChunk asks for other traffic before the first chunk. Two large transactions at the start
// would keep the other clients waiting for longest. On a server that is far away most of a transaction's time is its
// way, so that the first chunks fill all slots.
func (l *Limiter) onFirstChunk(maxSlots int, isFar bool, otherTraffic func() bool) {
	if l.Limit() > 0 {
		return
	}
	active := otherTraffic() // may query the server
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.climb.limit == 0 {
		if isFar && !active {
			l.climb.limit = max(1, maxSlots)
		}
		l.climb.start(maxSlots)
		l.climb.onOtherTraffic(active)
	}
}

// onOtherTraffic records whether other clients use the server.
func (l *Limiter) onOtherTraffic(active bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.climb.onOtherTraffic(active) {
		l.window = window{}
	}
}

// onLatency records how long the server took to answer a statement that costs it nothing.
func (l *Limiter) onLatency(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.minLatency == 0 || d < l.minLatency {
		l.minLatency = d
	}
	l.latency += (d - l.latency) / 4
	if l.climb.onLatency(l.latency > slowLatency*max(l.minLatency, minLatencyFloor)) {
		l.window = window{}
	}
}
