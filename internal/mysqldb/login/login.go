package login

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

// Account is the driver's connector of a DSN, with the digest of its secret.
type Account struct {
	driver.Connector
	config *mysql.Config
	secret string
}

// NewAccount returns the account of a configuration of the driver. The error is the driver's, which may hold a secret.
func NewAccount(cfg *mysql.Config) (*Account, error) {
	inner, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(cfg.Passwd))
	return &Account{inner, cfg, hex.EncodeToString(sum[:])}, nil
}

// Address is the network and the address of the server, as one text.
func (a *Account) Address() string { return a.config.Net + " " + a.config.Addr }

// Login is how a pool logs in.
type Login struct {
	shared *shared
	// account is how the next connection logs in; reload reads it again where it can change, else nil.
	account atomic.Pointer[Account]
	reload  func() (*Account, error)
}

// New returns the login of a pool. reload returns the account with its secret as it is now; it is nil where that cannot
// change. A server's refusal calls it, at most every five seconds.
func New(first *Account, reload func() (*Account, error)) *Login {
	l := &Login{shared: sharedOf(first.config), reload: reload}
	l.account.Store(first)
	return l
}

// Join adds a pool that shares the limits of the login. configured is the most connections that it asks for.
func (l *Login) Join(pool *sql.DB, configured int, limits Limits) {
	l.shared.join(pool, configured, limits)
}

// Leave removes a pool that is closed.
func (l *Login) Leave(pool *sql.DB) { l.shared.leave(pool) }

// OnClose runs once for each connection that had logged in.
func (l *Login) OnClose() { l.shared.open.Add(-1) }

// Connect connects with the present account, unless its secret was refused a short while ago. A secret
// that has changed meanwhile is tried at once.
func (l *Login) Connect(ctx context.Context) (driver.Conn, error) {
	now := l.account.Load()
	if l.reload != nil && l.shared.isSuperseded(now.secret) {
		if next, err := l.reload(); err == nil {
			l.account.Store(next)
			now = next
		}
	}
	conn, err := l.connectAs(ctx, now)
	var refused *mysqlerr.RefusedLogin
	if !errors.As(err, &refused) || l.reload == nil || !l.shared.mayReread() {
		return conn, err
	}
	next, reloadErr := l.reload()
	if reloadErr != nil {
		return nil, fmt.Errorf("%w (and its secret cannot be read again: %w)", err, reloadErr)
	}
	if next.secret == now.secret {
		return nil, err
	}
	l.account.Store(next)
	return l.connectAs(ctx, next)
}

func (l *Login) connectAs(ctx context.Context, a *Account) (driver.Conn, error) {
	if err := l.shared.refusalOf(a.secret); err != nil {
		return nil, err
	}
	wait := time.NewTimer(loginWait)
	defer wait.Stop()
	select {
	case l.shared.logInSlot <- struct{}{}:
		defer func() { <-l.shared.logInSlot }()
	case <-wait.C: // the other connection may hang
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := l.shared.refusalOf(a.secret); err != nil {
		return nil, err
	}
	conn, err := a.Connect(ctx)
	if n := mysqlerr.NumberOf(err); n == mysqlerr.ErrTooManyConnections || n == mysqlerr.ErrTooManyUserConns ||
		n == mysqlerr.ErrUserLimit {
		l.shared.onNoConnection()
	}
	return conn, l.shared.record(a.secret, err)
}
