package mysqldb

import (
	"context"
	"sync"
	"time"
)

// lookout lets everyone who asks for open work at the same time share one look at it.
//
// It is more than thrift: InnoDB's list of transactions does not get fresh while it is read
// more often than ten times a second, so many tables that each look for themselves would keep
// one another waiting.
type lookout struct {
	// turn holds one token; whoever takes it may look.
	turn chan struct{}

	mu sync.Mutex
	// begun counts the looks; latest is the number of the last good one, and found its result.
	begun, latest int
	found         []work
	read          time.Time // the list of transactions, last
}

func newLookout() *lookout {
	l := &lookout{turn: make(chan struct{}, 1)}
	l.turn <- struct{}{}
	return l
}

// look returns the result of a look that began after this call.
func (l *lookout) look(ctx context.Context, f func(context.Context) ([]work, error)) ([]work, error) {
	l.mu.Lock()
	before := l.begun
	l.mu.Unlock()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.turn:
	}
	defer func() { l.turn <- struct{}{} }()
	l.mu.Lock()
	if l.latest > before {
		defer l.mu.Unlock()
		return l.found, nil
	}
	l.begun++
	number := l.begun
	l.mu.Unlock()
	found, err := f(ctx)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latest, l.found = number, found
	return found, nil
}

// lastRead is when this pool last read the list of transactions.
func (l *lookout) lastRead() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.read
}

func (l *lookout) hasRead() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read = time.Now()
}
