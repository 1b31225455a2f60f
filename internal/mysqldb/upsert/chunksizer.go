package upsert

import (
	"cmp"
	"math"
	"sync"
	"time"
)

// A ChunkSizer advises how many rows a chunk of one target table should have at most. It never cuts
// a chunk that is being written. One ChunkSizer serves all chunks of a table in a process. It is safe
// for concurrent use, and its zero value is ready.
//
// ChunkSizer and [Limiter] share one limit of a transaction's time, timeLimit, and the limiter's law, in the package's
// comment: fewer rows make a transaction shorter, as long as there can be fewer. The number of chunks at the same time
// follows the rows per second: on a slow line every transaction is long, and fewer of them at the same time would only
// make the whole slower.
type ChunkSizer struct {
	mu      sync.Mutex
	rows    int // 0 is no limit
	largest int // rows of the largest chunk so far: a limit above it is none
	// minLatency is the shortest time in which the server answered a statement that costs it nothing.
	minLatency time.Duration
}

const (
	// minRows is the lowest limit. Smaller transactions would be round trips only, and where 50 rows
	// take a second, fewer rows do not help.
	minRows = 50
	// sizeMargin leaves room for a transaction that is a little slower than the last.
	sizeMargin = 0.8
	// evenMargin is how many times the rows that fit an equal piece may have, and maxEvenPieces how many of them there
	// are at most: of more pieces, a rest is a small part. It is within sizeMargin.
	evenMargin    = 1.15
	maxEvenPieces = 8
	// emptyRoundTrips are the round trips of a transaction that do not depend on its rows.
	emptyRoundTrips = 6
)

// timeLimit is half of what a transaction may take, so that one which is twice as slow as those before it is still in
// time. On a slow line it is twice the round trips of any transaction: a shorter one would be round trips only.
func timeLimit(longest, latency time.Duration) time.Duration {
	return max(longest/2, 2*emptyRoundTrips*latency)
}

// Rows is the limit, 0 for none: about as many as fit, in equal pieces of the largest chunk. A small rest would cost as
// many round trips as a full piece.
func (z *ChunkSizer) Rows() int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.evenPiece(z.rows)
}

// evenPiece is the limit that cuts the largest chunk into equal pieces of about rows each.
func (z *ChunkSizer) evenPiece(rows int) int {
	if rows == 0 || z.largest == 0 {
		return rows
	}
	pieces := int(math.Ceil(float64(z.largest) / (evenMargin * float64(rows))))
	switch {
	case pieces <= 1:
		return 0
	case pieces > maxEvenPieces:
		return rows
	}
	return (z.largest + pieces - 1) / pieces
}

// onBegin records the size of a chunk that is about to be written.
func (z *ChunkSizer) onBegin(rows int) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.largest = max(z.largest, rows)
}

// committed is a transaction that was committed.
type committed struct {
	rows          int
	took, latency time.Duration // latency is one round trip's
	longest       time.Duration // what it may take, 0 for no limit
	minRows       int           // rows of the smallest chunk that the caller cuts
}

// onCommit learns from a transaction. It reports whether the transaction took too long with the fewest
// rows, so that only fewer chunks at the same time can help.
func (z *ChunkSizer) onCommit(c committed) (tooSlow bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.minLatency == 0 || c.latency < z.minLatency {
		z.minLatency = c.latency
	}
	limit := timeLimit(c.longest, z.minLatency)
	switch {
	case c.longest > 0 && c.took > limit:
		z.shrink(int(float64(c.rows) * sizeMargin * float64(limit) / float64(c.took)))
		return c.rows <= max(minRows, c.minRows)
	case z.rows > 0 && c.rows >= min(z.rows, cmp.Or(z.evenPiece(z.rows), z.largest)):
		// Only a transaction of the limit's size shows that more rows would fit.
		next := z.rows + z.rows/4 + 1
		if next >= z.largest {
			next = 0
		}
		if c.longest == 0 || float64(c.took)*1.25 < sizeMargin*float64(limit) && z.wouldFit(c, next, limit) {
			z.rows = next
		}
	}
	return false
}

// wouldFit reports whether a transaction with the pieces of another limit would keep the time limit. Few pieces become
// larger by more than a quarter.
func (z *ChunkSizer) wouldFit(c committed, next int, limit time.Duration) bool {
	rows := cmp.Or(z.evenPiece(next), z.largest)
	return float64(c.took)*float64(rows) <= float64(limit)*float64(c.rows)
}

// onConflict records a lock wait timeout or a deadlock of a transaction with so many rows.
func (z *ChunkSizer) onConflict(rows int) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.shrink(rows / 2)
}

func (z *ChunkSizer) shrink(to int) {
	to = max(to, minRows)
	if z.rows == 0 || to < z.rows {
		z.rows = to
	}
}
