package source

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

const (
	// lookLimit bounds one look at open work, and lookPatience how long a caller waits for one that
	// another began before: after that the look is taken for dead, and one caller begins the next.
	// A look takes less than a second, and up to twelve where others read the list all the time.
	// Both together stay below a minute.
	lookLimit    = 45 * time.Second
	lookPatience = 12 * time.Second
)

// errLookTooLong is a look that lookLimit has ended: its connection is taken for dead.
var errLookTooLong = mysqldb.LostConn(fmt.Errorf("no look at the source's open work within %s", lookLimit))

// lookout lets everyone who asks for open work at the same time share one look at it.
//
// It is more than thrift: InnoDB's list of transactions does not get fresh while it is read
// more often than ten times a second, so many tables that each look for themselves would keep
// one another waiting.
type lookout struct {
	limit, patience time.Duration

	mu      sync.Mutex
	begun   int   // looks so far
	current *look // the last one that began; nil before the first
	without string
	looked  bool // without is that of the last look which went well
	read    time.Time
}

// look is one look at open work, begun by one caller for all who come before its end.
type look struct {
	number int
	began  time.Time
	done   chan struct{} // closed when found and err are set
	found  sighting
	err    error
}

// lookouts are the lookouts by pool (*DB).
var lookouts sync.Map

// lookoutOf is the one lookout of a pool.
func lookoutOf(d *mysqldb.DB) *lookout {
	l, ok := lookouts.Load(d)
	if !ok {
		l, _ = lookouts.LoadOrStore(d, &lookout{limit: lookLimit, patience: lookPatience})
	}
	return l.(*lookout) //nolint:forcetypeassert // nothing else is stored
}

// look returns the result of a look that began after this call.
func (l *lookout) look(ctx context.Context, f func(context.Context) (sighting, error)) (sighting, error) {
	l.mu.Lock()
	before := l.begun
	l.mu.Unlock()
	for {
		l.mu.Lock()
		c := l.current
		if c == nil || c.number <= before && (c.isDone() || time.Since(c.began) > l.patience) {
			c = l.begin(ctx, f)
		}
		l.mu.Unlock()
		overdue := time.NewTimer(l.patience - time.Since(c.began))
		select {
		case <-ctx.Done():
			overdue.Stop()
			return sighting{}, ctx.Err()
		case <-overdue.C:
			if c.number > before { // its own, or one that is as young: it has lookLimit
				select {
				case <-ctx.Done():
					return sighting{}, ctx.Err()
				case <-c.done:
				}
			}
		case <-c.done:
			overdue.Stop()
		}
		if c.number > before && c.isDone() {
			return c.found, c.err
		}
	}
}

// begin begins a look that does not end with the caller's context: others wait for it. The
// caller holds the lock.
func (l *lookout) begin(ctx context.Context, f func(context.Context) (sighting, error)) *look {
	l.begun++
	c := &look{number: l.begun, began: time.Now(), done: make(chan struct{})}
	l.current = c
	go func() {
		inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.limit)
		defer cancel()
		defer close(c.done)
		c.found, c.err = f(inner)
		if c.err != nil && inner.Err() != nil {
			c.err = errLookTooLong
		}
		if c.err == nil {
			l.hasLooked(c.found.without)
		}
	}()
	return c
}

func (c *look) isDone() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
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

func (l *lookout) hasLooked(without string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.without, l.looked = without, true
}

// lastWithout is sighting.without of the last look that went well, where there was one.
func (l *lookout) lastWithout() (without string, looked bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.without, l.looked
}
