package login

import (
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
)

// shared is one account of one server, for all pools of the process. Connections log in one after the other, so that
// only one of them tries a password that has changed.
type shared struct {
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

// logins are all of them by network, address and user.
var logins sync.Map

func sharedOf(cfg *mysql.Config) *shared {
	l, _ := logins.LoadOrStore(cfg.Net+" "+cfg.Addr+" "+cfg.User, &shared{logInSlot: make(chan struct{}, 1)})
	return l.(*shared) //nolint:forcetypeassert // nothing else is stored
}

// refusals are the numbers by which a server refuses a login, even where all else is right.
var refusals = []uint16{
	mysqlerr.ErrAccessDenied, mysqlerr.ErrAccessDeniedNoPass, mysqlerr.ErrAccountLocked, mysqlerr.ErrMariaAccountLocked,
	mysqlerr.ErrPasswordLock, mysqlerr.ErrUserBlocked,
	mysqlerr.ErrPasswordExpired, mysqlerr.ErrHostNotAllowed,
}

// refusalOf is the refusal of a secret that must not be tried now.
func (l *shared) refusalOf(secret string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusal == nil || l.secret != secret || !time.Now().Before(l.refusal.Next) {
		return nil
	}
	return l.refusal
}

// record keeps what a server said of a login, and returns the error to show.
func (l *shared) record(secret string, err error) error {
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
func (l *shared) isSuperseded(secret string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.accepted != "" && l.accepted != secret && l.secret == secret
}

// mayReread reports whether the secret may be read again now, at most every rereadEvery.
func (l *shared) mayReread() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.reread) < rereadEvery {
		return false
	}
	l.reread = time.Now()
	return true
}
