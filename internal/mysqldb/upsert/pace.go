package upsert

import (
	"sync"
	"time"
)

// A Pace is how many rows a chunk of one target table should have at most. It is advice to
// whoever cuts chunks: a chunk that is being written stays whole. One Pace serves all chunks of a
// table in a process; it is safe for concurrent use, and its zero value is ready.
//
// Pace and [Gate] go by one limit, paceTime, and by this law:
//
//	a transaction took          rows of the next       chunks at once
//	so little that more fit     a quarter more         as many as make the whole faster
//	up to the limit             as many                as many as make the whole faster
//	more, and has rows to spare as many as fit         as many as make the whole faster
//	more, with the fewest rows  the fewest             one less
//	a lock conflict             half                   as many as make the whole faster
//
// So a transaction's time is a matter of its rows, as long as they can be fewer. Chunks at once
// are a matter of rows per second: on a slow line every transaction is long, and one at a time
// would make it longer for the whole.
type Pace struct {
	mu   sync.Mutex
	rows int // 0 is no limit
	most int // rows of the largest chunk so far: a limit above it is none
	// trip is the shortest time in which the server has answered a statement that costs it nothing.
	trip time.Duration
}

const (
	// fewestRows is the least that a limit goes down to. Smaller transactions would be all
	// round trips, and whatever holds 50 rows up for a second is not their number.
	fewestRows = 50
	// paceMargin leaves room for a transaction that is a little slower than the last.
	paceMargin = 0.8
	// emptyTrips are the round trips of a transaction that do not depend on its rows.
	emptyTrips = 6
)

// paceTime is the limit: half of what a transaction may take, so that one which is twice as slow
// as those before it does not take too long. Where the way to the server is long, it is twice the
// round trips of any transaction: less would be spent on them alone.
func paceTime(longest, trip time.Duration) time.Duration {
	return max(longest/2, 2*emptyTrips*trip)
}

// Rows is the limit, 0 for none.
func (p *Pace) Rows() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rows
}

// begin tells the size of a chunk that is about to be written.
func (p *Pace) begin(rows int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.most = max(p.most, rows)
}

// finished is a transaction that was committed.
type finished struct {
	rows       int
	took, trip time.Duration // trip is one round trip's
	longest    time.Duration // what it may take, 0 for anything
	fewest     int           // rows of the smallest chunk that can be cut
}

// committed learns from a transaction. It reports whether that took too long with the fewest
// rows, so that only fewer of them at once can help.
func (p *Pace) committed(f finished) (stuck bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trip == 0 || f.trip < p.trip {
		p.trip = f.trip
	}
	limit := paceTime(f.longest, p.trip)
	switch {
	case f.longest > 0 && f.took > limit:
		p.shrink(int(float64(f.rows) * paceMargin * float64(limit) / float64(f.took)))
		return f.rows <= max(fewestRows, f.fewest)
	case p.rows > 0 && f.rows >= p.rows && (f.longest == 0 || float64(f.took)*1.25 < paceMargin*float64(limit)):
		// Only a transaction of the limit's size says that more would be well.
		if p.rows += p.rows/4 + 1; p.rows >= p.most {
			p.rows = 0
		}
	}
	return false
}

// conflict tells that a transaction of so many rows met a lock wait timeout or a deadlock.
func (p *Pace) conflict(rows int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shrink(rows / 2)
}

func (p *Pace) shrink(to int) {
	to = max(to, fewestRows)
	if p.rows == 0 || to < p.rows {
		p.rows = to
	}
}
