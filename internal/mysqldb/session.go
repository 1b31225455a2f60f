package mysqldb

import (
	"context"
	"crypto/rand"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/go-sql-driver/mysql"

	"github.com/tablehaul/tablehaul/internal/mysqldb/login"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/wire"
)

// connector opens connections, and sets up the session of each.
type connector struct {
	driver    driver.Driver
	login     *login.Login
	role      Role
	traffic   *otherTraffic
	instances *instances
	// server is known after the first connection: the setup differs by its flavor and version. It is asked again where
	// an upgrade, or another server at the address, has made the setup fail.
	server atomic.Pointer[Server]
	// lost counts the connections that timed out. A connection that was opened before the last of
	// them is not used again.
	lost atomic.Int64
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return c.driver }

// Connect implements driver.Connector. The connection it returns counts its statements.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	c.traffic.sent.Add(1) // the driver asks for max_allowed_packet
	lost := c.lost.Load()
	var w *wire.Conn
	inner, err := c.login.Connect(wire.WithSlot(ctx, &w))
	if err != nil {
		return nil, err
	}
	own, ok := inner.(driverConn)
	if !ok || w == nil {
		_ = inner.Close()
		c.login.OnClose()
		return nil, errors.New("the driver's connection cannot do all that is needed")
	}
	conn := &serverConn{driverConn: own, connector: c, wire: w, lost: lost}
	if conn.instance, err = c.setUp(ctx, conn); err != nil {
		_ = conn.Close() // the first error says more
		return nil, fmt.Errorf("set up the session: %w", err)
	}
	c.instances.connected(conn.instance)
	return conn, nil
}

// setUp makes a session that of the role, and returns the digest of its server.
func (c *connector) setUp(ctx context.Context, conn driverConn) (instance string, err error) {
	begin := func(server Server) error {
		return c.traffic.timed(func() error {
			_, err := conn.ExecContext(ctx, sessionSetup(c.role, server), nil)
			return err
		})
	}
	server := c.server.Load()
	if server != nil {
		if err = begin(*server); mysqlerr.NumberOf(err) == mysqlerr.ErrUnknownVariable {
			server = nil // it has another version by now
		}
	}
	if server == nil {
		if server, err = c.askVersion(ctx, conn); err == nil {
			err = begin(*server)
		}
	}
	if err != nil {
		return "", err
	}
	// On a busy machine one answer alone may be late, so this one is timed, too.
	err = c.traffic.timed(func() (err error) {
		instance, err = askText(ctx, conn, "SELECT "+instanceSQL(server.Flavor))
		return err
	})
	return instance, err
}

// askVersion asks the server for its flavor and version, and keeps them for the next connections.
func (c *connector) askVersion(ctx context.Context, conn driverConn) (*Server, error) {
	version, err := askText(ctx, conn, "SELECT CONCAT(@@version, ' ', @@version_comment)")
	if err != nil {
		return nil, err
	}
	server := &Server{}
	server.setVersion(version, "")
	c.server.Store(server)
	return server, nil
}

// sessionSetup is the statement that every session of a role begins with: one, since each is a round trip of every new
// connection.
//
// It runs after init_connect, so that a global autocommit=0, sql_select_limit or statement time
// limit cannot change what is read or written.
func sessionSetup(role Role, server Server) string {
	// A binary collation: no literal of ours ever equals a different text. Comparisons with
	// a column name the column's own collation.
	setup := "SET NAMES utf8mb4 COLLATE utf8mb4_bin, time_zone = '+00:00', autocommit = 1, sql_select_limit = " +
		"18446744073709551615, sql_safe_updates = 0, sql_big_selects = 1" + catalogSettings(server) +
		// A worker whose host freezes or vanishes in a transaction cannot say so: the server rolls back a session that
		// is silent for a minute. The default is eight hours, for the locks of a chunk, and for the snapshot with which
		// the list of open transactions is read. Statements of a transaction follow each other at once, and pools keep
		// no connection as long.
		", wait_timeout = 60"
	if server.Flavor == FlavorMariaDB {
		setup += ", max_statement_time = 0"
	} else {
		setup += ", max_execution_time = 0"
	}
	readOnly := "0"
	if role == Source {
		readOnly = "1"
		// No mode at all but this one: zero and impossible dates must come through as stored.
		setup += ", sql_mode = 'ALLOW_INVALID_DATES', lock_wait_timeout = 30"
	} else {
		// Strict, so that no value is bent silently; NO_AUTO_VALUE_ON_ZERO, or a literal 0 would be
		// renumbered; no NO_ZERO_DATE, because a source may hold such dates. lock_wait_timeout is
		// a year by default. Nothing here may need a privilege: max_error_count does on MySQL.
		setup += ", sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION'" +
			", innodb_lock_wait_timeout = 3, lock_wait_timeout = 30" +
			// Both checks stay on: off, they let orphans and duplicates in without an error.
			", foreign_key_checks = 1, unique_checks = 1"
	}
	isolation, access := "tx_isolation", "tx_read_only" // on MariaDB, and on MySQL before 8.0
	if server.Flavor == FlavorMySQL && server.AtLeast(8, 0, 0) {
		isolation, access = "transaction_isolation", "transaction_read_only"
	}
	return setup + ", " + isolation + " = 'READ-COMMITTED', " + access + " = " + readOnly
}

// catalogSettings make the information schema say everything: estimates that are not a day old, and primary keys that
// MySQL has made by itself.
func catalogSettings(server Server) string {
	switch {
	case server.Flavor != FlavorMySQL || !server.AtLeast(8, 0, 0):
		return ""
	case server.AtLeast(8, 0, 30):
		return ", information_schema_stats_expiry = 0, show_gipk_in_create_table_and_information_schema = ON"
	}
	return ", information_schema_stats_expiry = 0"
}

// askText runs a query of one row and one column on a bare driver connection.
func askText(ctx context.Context, conn driver.QueryerContext, query string) (text string, err error) {
	rows, err := conn.QueryContext(ctx, query, nil)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	dest := make([]driver.Value, 1)
	if err := rows.Next(dest); err != nil {
		if errors.Is(err, io.EOF) {
			return "", errors.New("no row where one must be")
		}
		return "", err
	}
	b, ok := dest[0].([]byte)
	if !ok {
		return "", errors.New("not a text")
	}
	return string(b), nil
}

// LocalFile offers a reader as a client's file, and returns its quoted name for LOAD DATA LOCAL
// INFILE. A server can ask for any reader, in reply to any statement. This name cannot be guessed,
// and means nothing before localFile and after remove.
func LocalFile(open func() io.Reader) (quoted string, remove func()) {
	name := "tablehaul-" + rand.Text()
	mysql.RegisterReaderHandler(name, open)
	return "'Reader::" + name + "'", func() { mysql.DeregisterReaderHandler(name) }
}
