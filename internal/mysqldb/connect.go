package mysqldb

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/tablehaul/tablehaul/internal/mysqldb/dsn"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/wire"
)

// Role is what a pool is for; it decides how its sessions are set up.
type Role int

const (
	// Source sessions read: they are READ ONLY, so that no bug of ours can change a source.
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
	// Name is what the connection is called in the configuration. Errors carry it, and
	// never the DSN.
	Name string
	// ReloadDSN is the DSN with its secrets as they are now; nil where they cannot change. It is
	// asked when a server refuses the login.
	ReloadDSN func() (string, error)
}

// DB is a pool of connections to one server, every session set up for its role.
type DB struct {
	*sql.DB
	Server Server
	Role   Role
	// Name is the connection's name in the configuration.
	Name string

	traffic *otherTraffic
	// readSlot holds something while a reader has it.
	readSlot chan struct{}

	instances *instances
	login     *login
}

const (
	defaultMaxOpen = 8
	// idleTime keeps idle connections shorter than any wait_timeout seen in practice, and than
	// the one that sessionSetup asks for.
	idleTime = 45 * time.Second
)

// Open connects, sets up the sessions of the role and reads what the server says of itself.
//
// The error of a server that refuses or cannot be reached wraps the driver's own.
func Open(ctx context.Context, text string, o Options) (*DB, error) {
	cfg, first, err := newAccount(text, o)
	if err != nil {
		return nil, fmt.Errorf("connection %q: %w", o.Name, err)
	}
	crowd := otherTrafficAt(cfg.Net + " " + cfg.Addr)
	known := &instances{}
	c := &connector{driver: first.Driver(), role: o.Role, traffic: crowd, instances: known, login: loginOf(cfg)}
	c.account.Store(first)
	if o.ReloadDSN != nil {
		c.reload = func() (*account, error) {
			text, err := o.ReloadDSN()
			if err != nil {
				return nil, err
			}
			_, next, err := newAccount(text, o)
			return next, err
		}
	}
	pool := sql.OpenDB(c)
	maxOpen := o.MaxOpen
	if maxOpen <= 0 {
		maxOpen = defaultMaxOpen
	}
	pool.SetMaxOpenConns(1) // until the server has told its limits
	pool.SetConnMaxIdleTime(idleTime)
	db := &DB{DB: pool, Role: o.Role, Name: o.Name, traffic: crowd, readSlot: make(chan struct{}, 1), instances: known, login: c.login}
	if err := db.readServer(ctx); err != nil {
		_ = pool.Close() // the first error is the one that tells
		return nil, fmt.Errorf("connection %q: connect: %w", o.Name, err)
	}
	c.login.join(pool, maxOpen, db.Server)
	_ = db.OtherTrafficActive(ctx) // the first look; the next one can tell
	return db, nil
}

// Close closes the pool.
func (d *DB) Close() error {
	d.login.leave(d.DB)
	return d.DB.Close()
}

func newAccount(text string, o Options) (*mysql.Config, *account, error) {
	cfg, err := dsn.Config(text, o.TLS, o.CAFile)
	if err != nil {
		return nil, nil, err
	}
	// The connection has timeouts of its own. What the driver sets is overwritten before each read and write.
	cfg.DialFunc = wire.Dialer(cfg.ReadTimeout)
	cfg.ReadTimeout, cfg.WriteTimeout = wire.NoReadTimeout, wire.NoReadTimeout
	inner, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, nil, dsn.Refused()
	}
	return cfg, &account{inner, secretOf(cfg)}, nil
}

func (d *DB) readServer(ctx context.Context) error {
	var comment string
	row := d.QueryRowContext(ctx, "SELECT @@version, @@version_comment, @@max_allowed_packet, @@local_infile, @@lower_case_table_names <> 0,"+
		" @@max_connections, @@max_user_connections")
	if err := row.Scan(&d.Server.Version, &comment, &d.Server.MaxAllowedPacket, &d.Server.LocalInfile, &d.Server.FoldsNames,
		&d.Server.MaxConnections, &d.Server.MaxUserConnections); err != nil {
		return err
	}
	s := &d.Server
	s.Flavor = flavorOf(s.Version + " " + comment)
	s.Major, s.Minor, s.Patch = versionNumbers(s.Version)
	oldest := [2]int{5, 7}
	if s.Flavor == FlavorMariaDB {
		oldest = [2]int{10, 3}
	}
	if !s.AtLeast(oldest[0], oldest[1], 0) {
		return fmt.Errorf("%w: %s, needed is %d.%d", mysqlerr.ErrServerTooOld, s, oldest[0], oldest[1])
	}
	return nil
}

func flavorOf(version string) Flavor {
	if strings.Contains(strings.ToLower(version), "mariadb") {
		return FlavorMariaDB
	}
	return FlavorMySQL
}

// versionNumbers reads the leading numbers of a version; what is missing is 0.
func versionNumbers(v string) (major, minor, patch int) {
	var n [3]int
	i := 0
	for _, r := range v {
		if r >= '0' && r <= '9' {
			n[i] = n[i]*10 + int(r-'0')
			continue
		}
		if i++; r != '.' || i == len(n) {
			break
		}
	}
	return n[0], n[1], n[2]
}
