package mysqldb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"sync"

	"github.com/go-sql-driver/mysql"
	"github.com/tablehaul/tablehaul/internal/mysqldb/wire"
)

// driverConn is all that database/sql asks of a connection, and the driver's has.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// serverConn counts each statement that it sends. Where its peer times out, the pool closes the
// other connections of that time as well: they are as dead.
type serverConn struct {
	driverConn
	connector *connector
	wire      *wire.Conn
	// lost is the connector's count when this connection was opened.
	lost int64
	// instance is the digest of the server that it leads to; see Instance.
	instance string
	once     sync.Once // for its end
}

// Close implements driver.Conn.
func (c *serverConn) Close() error {
	c.once.Do(c.connector.login.onClose)
	return c.driverConn.Close()
}

// BeginTx implements driver.ConnBeginTx.
func (c *serverConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.beforeStatements(ctx, 2) // its end, too
	tx, err := c.driverConn.BeginTx(ctx, opts)
	return tx, c.wrapLost(err)
}

// ExecContext implements driver.ExecerContext.
func (c *serverConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.beforeStatements(ctx, 1)
	res, err := c.driverConn.ExecContext(ctx, query, args)
	return res, c.wrapLost(err)
}

// QueryContext implements driver.QueryerContext.
func (c *serverConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.beforeStatements(ctx, 1)
	rows, err := c.driverConn.QueryContext(ctx, query, args)
	return rows, c.wrapLost(err)
}

// ResetSession implements driver.SessionResetter: it is asked before a connection is used again.
// It ends one to a server that is not the pool's any more.
func (c *serverConn) ResetSession(ctx context.Context) error {
	if c.isLost() {
		return driver.ErrBadConn
	}
	if err := c.connector.instances.checked(c.instance); err != nil {
		return err
	}
	return c.driverConn.ResetSession(ctx)
}

// IsValid implements driver.Validator: it is asked when a connection is given back.
func (c *serverConn) IsValid() bool { return !c.isLost() && c.driverConn.IsValid() }

func (c *serverConn) isLost() bool {
	c.markLost()
	return c.lost != c.connector.lost.Load()
}

func (c *serverConn) beforeStatements(ctx context.Context, statements int64) {
	c.connector.traffic.sent.Add(statements)
	c.wire.StartStatement(ctx)
}

// wrapLost says of a connection that was given up why it was.
func (c *serverConn) wrapLost(err error) error {
	if err == nil || !c.markLost() {
		return err
	}
	limit := c.wire.ReadTimeout()
	return fmt.Errorf("no answer for %s, the connection is given up: %w", limit, mysql.ErrInvalidConn)
}

// LostConn makes an error one of a lost connection: what the statement did is unknown.
func LostConn(err error) error { return fmt.Errorf("%w: %w", err, mysql.ErrInvalidConn) }

// markLost reports whether the peer went silent, and counts that once.
func (c *serverConn) markLost() bool {
	if !c.wire.TimedOut() {
		return false
	}
	c.connector.lost.CompareAndSwap(c.lost, c.lost+1)
	return true
}
