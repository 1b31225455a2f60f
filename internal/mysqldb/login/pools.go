package login

import (
	"database/sql"
	"slices"
	"time"
)

// Limits are how many connections a server allows: to all of its clients, and to the login. 0 is any number.
type Limits struct{ Connections, UserConnections int }

const (
	// shrinkFor is how long pools stay smaller after the server had no connection left.
	shrinkFor = 5 * time.Minute
	// A login with max_user_connections of at least reservedFrom leaves reservedConns of them to others.
	reservedConns = 1
	reservedFrom  = 4
	// maxShare divides max_connections: one pool takes at most that part.
	maxShare = 2
)

// poolSize is a pool and the connections that its configuration and its server allow.
type poolSize struct {
	pool *sql.DB
	most int
}

// join adds a pool that shares the limits of the login.
func (l *shared) join(pool *sql.DB, configured int, limits Limits) {
	l.mu.Lock()
	defer l.mu.Unlock()
	most := configured
	if limits.Connections > 0 {
		most = min(most, max(2, limits.Connections/maxShare))
	}
	l.allowed = max(0, limits.UserConnections)
	l.pools = append(l.pools, &poolSize{pool: pool, most: most})
	l.resize()
}

// leave removes a pool that is closed.
func (l *shared) leave(pool *sql.DB) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pools = slices.DeleteFunc(l.pools, func(p *poolSize) bool { return p.pool == pool })
	l.resize()
}

// onNoConnection limits the pools to their present size: the server had no connection left.
// Other programs may use the login, too, so that its limit alone does not say it.
func (l *shared) onNoConnection() {
	open := int(l.open.Load())
	if open == 0 {
		return // the first connection was refused: no size is small enough
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shrunk, l.until = open, time.Now().Add(shrinkFor)
	l.resize()
	time.AfterFunc(shrinkFor, l.grow)
}

func (l *shared) grow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !time.Now().Before(l.until) {
		l.shrunk = 0
		l.resize()
	}
}

// resize gives each pool its share. The caller holds the lock.
func (l *shared) resize() {
	if len(l.pools) == 0 {
		return
	}
	limit := l.allowed
	if limit >= reservedFrom {
		limit -= reservedConns
	}
	if l.shrunk > 0 && (limit == 0 || l.shrunk < limit) {
		limit = l.shrunk
	}
	for _, p := range l.pools {
		size := p.most
		if limit > 0 {
			size = min(size, max(1, limit/len(l.pools)))
		}
		p.pool.SetMaxOpenConns(size)
		p.pool.SetMaxIdleConns(size)
	}
}
