package source

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

const (
	// workReadTimeout bounds one look at open work, and workJoinTimeout how long a caller waits for one that
	// another began before: after that the look is taken for dead, and one caller begins the next.
	// A look takes less than a second, and up to twelve where others read the list all the time.
	// Both together stay below a minute.
	workReadTimeout = 45 * time.Second
	workJoinTimeout = 12 * time.Second
)

// errWorkReadTimeout is a look that workReadTimeout has ended: its connection is taken for dead.
var errWorkReadTimeout = mysqldb.LostConn(fmt.Errorf("no look at the source's open work within %s", workReadTimeout))

// lookout lets everyone who asks for open work at the same time share one look at it.
//
// It is more than thrift: InnoDB's list of transactions does not get fresh while it is read
// more often than ten times a second, so many tables that each look for themselves would keep
// one another waiting.
type openWorkCache struct {
	timeout, joinTimeout time.Duration

	mu            sync.Mutex
	started       int       // looks so far
	current       *workRead // the last one that began; nil before the first
	noLocksReason string
	hasRead       bool // without is that of the last look which went well
	listReadAt    time.Time
}

// look is one look at open work, begun by one caller for all who come before its end.
type workRead struct {
	number int
	began  time.Time
	done   chan struct{} // closed when found and err are set
	list   workList
	err    error
}

func newOpenWorkCache() *openWorkCache {
	return &openWorkCache{timeout: workReadTimeout, joinTimeout: workJoinTimeout}
}

// look returns the result of a look that began after this call.
func (l *openWorkCache) read(ctx context.Context, f func(context.Context) (workList, error)) (workList, error) {
	l.mu.Lock()
	before := l.started
	l.mu.Unlock()
	for {
		l.mu.Lock()
		c := l.current
		if c == nil || c.number <= before && (c.isDone() || time.Since(c.began) > l.joinTimeout) {
			c = l.start(ctx, f)
		}
		l.mu.Unlock()
		overdue := time.NewTimer(l.joinTimeout - time.Since(c.began))
		select {
		case <-ctx.Done():
			overdue.Stop()
			return workList{}, ctx.Err()
		case <-overdue.C:
			if c.number > before { // its own, or one that is as young: it has workReadTimeout
				select {
				case <-ctx.Done():
					return workList{}, ctx.Err()
				case <-c.done:
				}
			}
		case <-c.done:
			overdue.Stop()
		}
		if c.number > before && c.isDone() {
			return c.list, c.err
		}
	}
}

// begin begins a look that does not end with the caller's context: others wait for it. The
// caller holds the lock.
func (l *openWorkCache) start(ctx context.Context, f func(context.Context) (workList, error)) *workRead {
	l.started++
	c := &workRead{number: l.started, began: time.Now(), done: make(chan struct{})}
	l.current = c
	go func() {
		inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.timeout)
		defer cancel()
		defer close(c.done)
		c.list, c.err = f(inner)
		if c.err != nil && inner.Err() != nil {
			c.err = errWorkReadTimeout
		}
		if c.err == nil {
			l.setNoLocksReason(c.list.noLocksReason)
		}
	}()
	return c
}

func (c *workRead) isDone() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// lastListRead is when this pool last read the list of transactions.
func (l *openWorkCache) lastListRead() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.listReadAt
}

func (l *openWorkCache) setListRead() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listReadAt = time.Now()
}

func (l *openWorkCache) setNoLocksReason(without string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noLocksReason, l.hasRead = without, true
}

// lastNoLocksReason is sighting.without of the last look that went well, where there was one.
func (l *openWorkCache) lastNoLocksReason() (without string, looked bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.noLocksReason, l.hasRead
}
