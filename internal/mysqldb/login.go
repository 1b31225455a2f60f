package mysqldb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

const (
	// firstRefusal is how long a refused login is not tried again; the time doubles up to
	// longestRefusal. Servers lock accounts after a few wrong passwords.
	firstRefusal   = time.Minute
	longestRefusal = 5 * time.Minute
	// rereadEvery is the least time between two reads of a secret that a server has refused.
	rereadEvery = 5 * time.Second
	// loginWait is how long a connection waits for another that logs in, which takes milliseconds.
	loginWait = 2 * time.Second
	// shrinkFor is how long pools stay smaller after the server had no connection left.
	shrinkFor = 5 * time.Minute
)

// login is one account of one server, for all pools of the process. Connections log in one after
// the other, so that only one of them tries a password that has changed.
type login struct {
	logInSlot chan struct{}

	mu       sync.Mutex
	refusal  *mysqlerr.RefusedLogin // nil after a login that was accepted
	secret   string                 // the digest of the secret that was refused
	accepted string                 // the digest of the secret that was accepted
	pause    time.Duration
	reread   time.Time

	// allowed is max_user_connections, 0 for none. shrunk is a smaller limit that holds until a time.
	allowed, shrunk int
	until           time.Time
	pools           []*poolSize
	// open counts the connections that are logged in. The lock does not guard it: resize closes
	// connections under the lock.
	open atomic.Int64
}

// poolSize is a pool and the connections that its configuration and its server allow.
type poolSize struct {
	pool *sql.DB
	most int
}

// logins are the logins by network, address and user.
var logins sync.Map

func loginOf(cfg *mysql.Config) *login {
	l, _ := logins.LoadOrStore(cfg.Net+" "+cfg.Addr+" "+cfg.User, &login{logInSlot: make(chan struct{}, 1)})
	return l.(*login) //nolint:forcetypeassert // nothing else is stored
}

func secretOf(cfg *mysql.Config) string {
	sum := sha256.Sum256([]byte(cfg.Passwd))
	return hex.EncodeToString(sum[:])
}

// refusals are the numbers by which a server refuses a login, even where all else is right.
var refusals = []uint16{
	mysqlerr.ErrAccessDenied, mysqlerr.ErrAccessDeniedNoPass, mysqlerr.ErrAccountLocked, mysqlerr.ErrMariaAccountLocked,
	mysqlerr.ErrPasswordLock, mysqlerr.ErrUserBlocked,
	mysqlerr.ErrPasswordExpired, mysqlerr.ErrHostNotAllowed,
}

// refusalOf is the refusal of a secret that must not be tried now.
func (l *login) refusalOf(secret string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusal == nil || l.secret != secret || !time.Now().Before(l.refusal.Next) {
		return nil
	}
	return l.refusal
}

// record keeps what a server said of a login, and returns the error to show.
func (l *login) record(secret string, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.refusal, l.pause, l.accepted = nil, 0, secret
		l.open.Add(1)
		if l.secret == secret {
			l.secret = ""
		}
		return nil
	case !slices.Contains(refusals, mysqlerr.NumberOf(err)):
		return err
	case l.secret != secret:
		l.pause = 0
	}
	l.secret = secret
	l.pause = min(max(firstRefusal, 2*l.pause), longestRefusal)
	l.refusal = &mysqlerr.RefusedLogin{Cause: err, Next: time.Now().Add(l.pause), Pause: l.pause}
	return l.refusal
}

// isSuperseded reports whether a secret was refused, and another pool logs in with a newer one.
func (l *login) isSuperseded(secret string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.accepted != "" && l.accepted != secret && l.secret == secret
}

// mayReread reports whether the secret may be read again now, at most every rereadEvery.
func (l *login) mayReread() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.reread) < rereadEvery {
		return false
	}
	l.reread = time.Now()
	return true
}

// account is a driver's connector with the digest of its secret.
type account struct {
	driver.Connector
	secret string
}

// logIn connects with the present account, unless its secret was refused a short while ago. A secret
// that has changed meanwhile is tried at once.
func (c *connector) logIn(ctx context.Context) (driver.Conn, error) {
	now := c.account.Load()
	if c.reload != nil && c.login.isSuperseded(now.secret) {
		if next, err := c.reload(); err == nil {
			c.account.Store(next)
			now = next
		}
	}
	conn, err := c.logInAs(ctx, now)
	var refused *mysqlerr.RefusedLogin
	if !errors.As(err, &refused) || c.reload == nil || !c.login.mayReread() {
		return conn, err
	}
	next, reloadErr := c.reload()
	if reloadErr != nil {
		return nil, fmt.Errorf("%w (and its secret cannot be read again: %w)", err, reloadErr)
	}
	if next.secret == now.secret {
		return nil, err
	}
	c.account.Store(next)
	return c.logInAs(ctx, next)
}

func (c *connector) logInAs(ctx context.Context, a *account) (driver.Conn, error) {
	if err := c.login.refusalOf(a.secret); err != nil {
		return nil, err
	}
	wait := time.NewTimer(loginWait)
	defer wait.Stop()
	select {
	case c.login.logInSlot <- struct{}{}:
		defer func() { <-c.login.logInSlot }()
	case <-wait.C: // the other connection may hang
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := c.login.refusalOf(a.secret); err != nil {
		return nil, err
	}
	conn, err := a.Connect(ctx)
	if n := mysqlerr.NumberOf(err); n == mysqlerr.ErrTooManyConnections || n == mysqlerr.ErrTooManyUserConns ||
		n == mysqlerr.ErrUserLimit {
		c.login.onNoConnection()
	}
	return conn, c.login.record(a.secret, err)
}

const (
	// A login with max_user_connections of at least reservedFrom leaves reservedConns of them to others.
	reservedConns = 1
	reservedFrom  = 4
	// maxShare divides max_connections: one pool takes at most that part.
	maxShare = 2
)

// join adds a pool that shares the limits of the login.
func (l *login) join(pool *sql.DB, configured int, s Server) {
	l.mu.Lock()
	defer l.mu.Unlock()
	most := configured
	if s.MaxConnections > 0 {
		most = min(most, max(2, s.MaxConnections/maxShare))
	}
	l.allowed = max(0, s.MaxUserConnections)
	l.pools = append(l.pools, &poolSize{pool: pool, most: most})
	l.resize()
}

// leave removes a pool that is closed.
func (l *login) leave(pool *sql.DB) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pools = slices.DeleteFunc(l.pools, func(p *poolSize) bool { return p.pool == pool })
	l.resize()
}

// onNoConnection limits the pools to their present size: the server had no connection left.
// Other programs may use the login, too, so that its limit alone does not say it.
func (l *login) onNoConnection() {
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

// onClose runs once for each connection that had logged in.
func (l *login) onClose() { l.open.Add(-1) }

func (l *login) grow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !time.Now().Before(l.until) {
		l.shrunk = 0
		l.resize()
	}
}

// resize gives each pool its share. The caller holds the lock.
func (l *login) resize() {
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
