package source

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

const (
	// workReadTimeout bounds one reading of open work. workJoinTimeout bounds how long a caller waits for a reading
	// that began before its call; after that, one caller starts the next. A reading takes less than a second, and up to
	// twelve seconds where other clients read the list all the time. The sum of both stays below a minute.
	workReadTimeout = 45 * time.Second
	workJoinTimeout = 12 * time.Second
)

// errWorkReadTimeout is the error of a reading that workReadTimeout ended.
var errWorkReadTimeout = mysqldb.LostConn(fmt.Errorf("no list of the source's open work within %s", workReadTimeout))

// openWorkCache shares one reading of open work between callers that ask at the same time, as
// singleflight does, with one difference: a caller never gets a reading that began before its call.
//
//	state of the newest reading           a caller that comes now
//	none, or ended                        starts the next one, and gets it
//	runs, began before the call           waits for its end, at most workJoinTimeout, then starts the next
//	runs, began after the call            gets it
//
// Tables must share, because InnoDB does not renew its list of transactions while it is read more often
// than ten times a second: tables that read it one by one would keep each other waiting.
type openWorkCache struct {
	timeout, joinTimeout time.Duration

	mu            sync.Mutex
	started       int       // readings so far
	current       *workRead // the newest reading; nil before the first
	noLocksReason string
	hasRead       bool // noLocksReason is that of the last reading without an error
	listReadAt    time.Time
}

// workRead is one reading, which one caller starts for all that share it.
type workRead struct {
	number int
	began  time.Time
	done   chan struct{} // closed when list and err are set
	list   workList
	err    error
}

func newOpenWorkCache() *openWorkCache {
	return &openWorkCache{timeout: workReadTimeout, joinTimeout: workJoinTimeout}
}

// read returns the result of a reading by f that began after this call.
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
			if c.number > before { // it began after the call, and workReadTimeout ends it
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

// start starts a reading that does not end with the caller's context, because others wait for it.
// The caller holds the lock.
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

func (l *openWorkCache) setNoLocksReason(reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noLocksReason, l.hasRead = reason, true
}

// lastNoLocksReason is workList.noLocksReason of the last reading without an error; known is false before it.
func (l *openWorkCache) lastNoLocksReason() (reason string, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.noLocksReason, l.hasRead
}
