package mysqldb

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/dsn"
	"github.com/tablehaul/tablehaul/internal/mysqldb/login"
	"github.com/tablehaul/tablehaul/internal/mysqldb/wire"
)

// Role is what a pool is for. It decides how its sessions are set up.
type Role int

const (
	// Source sessions read: they are READ ONLY, so that no bug can change a source.
	Source Role = iota
	// Target sessions write: strict, READ COMMITTED, with short lock waits.
	Target
)

// Options are what a connection needs beside its DSN.
type Options struct {
	Role Role
	// TLS is how the connection is protected; see [dsn.TLSMode] for the meaning of "".
	TLS dsn.TLSMode
	// CAFile is a PEM file with the authorities to trust instead of the system's.
	CAFile string
	// MaxOpen bounds the connections of the pool; 0 is 8.
	MaxOpen int
	// Name is what the connection is called in the configuration. Errors carry it, and never the DSN.
	Name string
	// ReloadDSN returns the DSN with its secrets as they are now; nil where they cannot change. It is
	// called when a server refuses the login.
	ReloadDSN func() (string, error)
}

// DB is a pool of connections to one server, every session set up for its role.
type DB struct {
	*sql.DB
	Server Server
	// Name is the connection's name in the configuration.
	Name string

	traffic   *otherTraffic
	readSlot  chan struct{} // see AcquireReadSlot
	instances *instances
	login     *login.Login
}

// Querier runs statements: a pool, one of its connections, or a transaction.
type Querier interface {
	RowQuerier
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

const (
	defaultMaxOpen = 8
	// idleTime is how long the pool keeps an idle connection: shorter than the wait_timeout of
	// sessionSetup, and than any seen in practice.
	idleTime = 45 * time.Second
)

// Open connects, sets up the sessions of the role and reads what the server says of itself.
//
// The error wraps the driver's own. It never holds the DSN.
func Open(ctx context.Context, text string, o Options) (*DB, error) {
	first, err := newAccount(text, o)
	if err != nil {
		return nil, fmt.Errorf("connection %q: %w", o.Name, err)
	}
	var reload func() (*login.Account, error)
	if o.ReloadDSN != nil {
		reload = func() (*login.Account, error) {
			text, err := o.ReloadDSN()
			if err != nil {
				return nil, err
			}
			return newAccount(text, o)
		}
	}
	c := &connector{
		driver: first.Driver(), role: o.Role, traffic: otherTrafficAt(first.Address()),
		instances: &instances{}, login: login.New(first, reload),
	}
	db := &DB{
		DB: sql.OpenDB(c), Name: o.Name, traffic: c.traffic, readSlot: make(chan struct{}, 1),
		instances: c.instances, login: c.login,
	}
	db.SetMaxOpenConns(1) // until the limits of the server are known
	db.SetConnMaxIdleTime(idleTime)
	if err := db.readServer(ctx); err != nil {
		_ = db.DB.Close() // the first error says more
		return nil, fmt.Errorf("connection %q: connect: %w", o.Name, err)
	}
	c.login.Join(
		db.DB, cmp.Or(max(0, o.MaxOpen), defaultMaxOpen),
		login.Limits{Connections: db.Server.MaxConnections, UserConnections: db.Server.MaxUserConnections},
	)
	_ = db.OtherTrafficActive(ctx) // a rate needs two counts: this is the first
	return db, nil
}

// Close closes the pool.
func (d *DB) Close() error {
	d.login.Leave(d.DB)
	return d.DB.Close()
}

func newAccount(text string, o Options) (*login.Account, error) {
	cfg, err := dsn.Config(text, o.TLS, o.CAFile)
	if err != nil {
		return nil, err
	}
	// wire.Conn overwrites the driver's deadlines before each read and write.
	cfg.DialFunc = wire.Dialer(cfg.ReadTimeout)
	cfg.ReadTimeout, cfg.WriteTimeout = wire.NoReadTimeout, wire.NoReadTimeout
	account, err := login.NewAccount(cfg)
	if err != nil {
		return nil, dsn.Refused()
	}
	return account, nil
}
