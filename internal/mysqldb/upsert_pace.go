package mysqldb

import (
	"sync"
	"time"
)

// A Pace is how many rows a chunk of one target table should have at most. It starts without
// a limit, shrinks when a transaction took too long or met a lock conflict, and grows back
// while transactions of its size are fast. It is advice to whoever cuts chunks: a chunk that
// is being written stays whole. One Pace serves all chunks of a table in a process; it is safe
// for concurrent use, and its zero value is ready.
type Pace struct {
	mu   sync.Mutex
	rows int // 0 is no limit
	most int // rows of the largest chunk so far: a limit above it is none
}

const (
	// fewestRows is the least that a limit goes down to. Smaller transactions would be all
	// round trips, and whatever holds 50 rows up for a second is not their number.
	fewestRows = 50
	// paceMargin leaves room for a transaction that is a little slower than the last.
	paceMargin = 0.8
)

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

// committed tells how long a transaction of so many rows took, where longest is what it may
// take, 0 for anything.
func (p *Pace) committed(rows int, took, longest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case longest > 0 && took > longest:
		p.shrink(min(rows/2, int(float64(rows)*paceMargin*float64(longest)/float64(took))))
	case p.rows > 0 && rows >= p.rows && (longest == 0 || took < longest/2):
		// Only a transaction of the limit's size says that more would be well.
		if p.rows += p.rows/4 + 1; p.rows >= p.most {
			p.rows = 0
		}
	}
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
